// What the reading of a log needs: its settings, its position, and those that take what it reads. Types only.

import type { Clock } from '../../lib/clock.ts';
import type { StreamFacts } from '../domain/stream-facts.ts';
import type { GivenCommand } from './control-input.ts';
import type { LogEntry } from './log-rounds.ts';
import type { StreamInputOptions } from './stream-input.ts';

/** The position in the log, which the writer stores together with the effects of the rounds, and its commands. */
export interface LogPosition {
  /** Resolves with the next sequence of the log to read. */
  attachLog(log: StreamFacts): Promise<number>;
  /** Hands over commands; `isAll`: these are all that their stream holds. */
  commands(entries: readonly GivenCommand[], isAll: boolean): void;
}

/** Settings of reading a log. */
export interface LogReadingOptions extends StreamInputOptions {
  readonly partition: number;
  /** The input streams of the cluster; null: every stream whose name begins with `TRUEBIT_INGEST_`. */
  readonly inputStreams: readonly string[] | null;
  readonly catchingUpAgeMs: number;
  readonly stallAfterMs: number;
  /** Time without a new round after which reading begins again. */
  readonly silentAfterMs: number;
  readonly controlPollMs: number;
}

/** Callbacks of a the reading. */
export interface LogReadingParts {
  /** Called for each round, before its entries, with the time of its arrival on the monotonic clock. */
  round(heardMs: number): void;
  entry(entry: LogEntry): void;
  /** Called when no round will come for a moment. */
  resting(): void;
  /** Called when reading starts again from the position. */
  restart(): void;
  log(level: 'info' | 'warn' | 'error', sentence: string): void;
  clock: Clock;
}
