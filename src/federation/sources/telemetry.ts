// The source of a single process: reads the messages of nodes, from a stream or from plain NATS, over a kept connection.
// It does not look into messages, keeps none, and knows nothing of the writer except its position.

import type { Position } from './attachment.ts';
import { KeptInput, type KeptInputOptions, type KeptInputParts } from './kept-input.ts';
import { Reading, type ReadingOptions, type ReadingParts } from './reading.ts';

/** Settings of the source. */
export type TelemetryOptions = KeptInputOptions & ReadingOptions;

/** Callbacks of a {@link Telemetry}. */
export interface TelemetryParts extends KeptInputParts, ReadingParts {}

/** The source of a single process. */
export class Telemetry extends KeptInput<Reading> {
  constructor(options: TelemetryOptions, position: Position, parts: TelemetryParts) {
    super(options, new Reading(options, position, parts), parts);
  }
}
