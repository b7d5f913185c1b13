// The source of a replica in a cluster: reads the log of its partition, and the commands of operators, over a kept
// connection. It judges no message, and knows nothing of the writer except its position.

import type { Unreadable } from '../domain/accounting.ts';
import type { Source } from '../domain/cluster.ts';
import type { GivenCommand } from './control-input.ts';
import { KeptInput, type KeptInputOptions, type KeptInputParts } from './kept-input.ts';
import { LogReading } from './log-reading.ts';
import type { LogPosition, LogReadingOptions, LogReadingParts } from './log-reading-parts.ts';

/** Settings of the source. */
export type LogInputOptions = KeptInputOptions & LogReadingOptions;

/** Callbacks of a {@link LogInput}. */
export interface LogInputParts extends KeptInputParts, LogReadingParts {}

/** The source of a replica in a cluster. */
export class LogInput extends KeptInput<LogReading> {
  constructor(options: LogInputOptions, position: LogPosition, parts: LogInputParts) {
    super(options, new LogReading(options, position, parts), parts);
  }

  get unreadable(): Unreadable {
    return this.reading.unreadable;
  }

  /** The ingest thread skipped a round of this source, because what follows `upto` is missing. */
  hole(source: Source, upto: number): void {
    this.reading.hole(source, upto);
  }

  /** The stream of commands has lost these entries, oldest first. */
  missingCommands(entries: readonly GivenCommand[]): void {
    this.reading.restoreCommands(entries);
  }
}
