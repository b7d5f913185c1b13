// Small records in a stream that keeps the last message of each subject: read one, and write one by compare-and-set. Only
// this file speaks to JetStream for records.

import type { NatsConnection } from './nats.ts';

/** One record as it stands. */
export interface StoredRecord {
  /** Its sequence in the stream: it identifies this version of the record. */
  readonly seq: number;
  readonly text: string;
  /** When the broker stored it, ms since the epoch. */
  readonly atMs: number;
}

/** Somebody else wrote the record, or the stream, since it was read. */
export class RecordConflict extends Error {}

/** The records of one stream. Methods reject if the broker does not answer within `timeoutMs`. */
export interface RecordStream {
  /** The record at this subject; null if there is none. */
  read(subject: string): Promise<StoredRecord | null>;
  /**
   * Writes the record and returns its sequence. `expectedSeq`: the sequence of the version that it replaces, 0 if there
   * must be none, null to replace whatever stands there. Throws {@link RecordConflict}.
   */
  write(subject: string, text: string, expectedSeq: number | null): Promise<number>;
}

/** The records of a stream over a connection. */
export type OpenRecords = (connection: NatsConnection, stream: string, timeoutMs: number) => RecordStream;
