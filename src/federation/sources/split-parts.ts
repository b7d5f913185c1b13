// What a splitter needs of the world, as interfaces: an input stream, the logs, its record and the clock. The program
// gives it a broker (input-stream.ts), a simulation gives it streams in memory.

import type { Clock } from '../../lib/clock.ts';
import type { Timers } from '../../lib/timers.ts';
import type { RecordStream } from '../../io/record-stream.ts';
import type { Source, SourcePosition } from '../domain/cluster.ts';
import type { StreamFacts } from '../domain/stream-facts.ts';
import type { EncodedRound, InputMessage } from './round-draft.ts';

/** How far one replica has applied one source. */
export type UptoOfSource = Pick<SourcePosition, keyof Source | 'first' | 'upto'>;

/** What the broker says about an input stream. */
export interface InputFacts extends StreamFacts {
  /** Number of messages deleted between the first and the last. */
  readonly deleted: number;
  /** The broker's clock when it answered, ms since the epoch; null if it does not say (nats-server 2.9). */
  readonly brokerMs: number | null;
}

/** A message as it was read. */
export interface ReadMessage extends InputMessage {
  /** Number of messages in the stream after this one. */
  readonly pending: number;
  /** When it was read, on the monotonic clock. */
  readonly heardMs: number;
}

/** Hears what an input stream holds. */
export interface InputSink {
  message(message: ReadMessage): void;
  /** The stream held nothing further at some moment after `askedMs`, on the monotonic clock. */
  ended(askedMs: number): void;
  /** Reading broke off. Called once, and nothing after it. */
  broken(reason: string): void;
}

/** An input stream that is being read. */
export interface OpenInput {
  /** Number of messages that waited when reading began. */
  readonly waiting: number;
  /** Requests no further messages; those already requested still arrive. */
  pause(): void;
  resume(): void;
  /** Ends reading, and has the broker delete the consumer. */
  stop(): void;
}

/** An input stream. Its methods reject if the broker does not answer in time. */
export interface InputStream {
  facts(): Promise<InputFacts>;
  /** When the broker stored the message with this sequence, ms since the epoch; null if the stream does not hold it. */
  storedAtMs(seq: number): Promise<number | null>;
  /** Reads from this sequence on. */
  read(fromSeq: number, sink: InputSink): Promise<OpenInput>;
}

/** What a {@link Splitter} needs of its owner. */
export interface SplitterParts {
  readonly stream: InputStream;
  /** Appends a round to the log of its partition. Rejects if the log has not acknowledged it within 2 s. */
  append(round: EncodedRound): Promise<void>;
  /** The stream of records. */
  readonly records: RecordStream;
  /**
   * How far the replicas of all partitions have applied this stream: asked when there is no checkpoint. Empty if no
   * replica knows the stream.
   */
  positions(): Promise<readonly UptoOfSource[]>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A number from 0 to below 1. */
  random(): number;
  log(level: 'info' | 'warn', sentence: string): void;
}
