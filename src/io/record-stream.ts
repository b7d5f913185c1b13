// Small records in a stream that keeps the last message of each subject: read one, and write one by compare-and-set. Only
// this file speaks to JetStream for records. It repeats nothing: a request that fails is the caller's to make again.

import { jetstream, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from './nats.ts';
import { managerWithin } from './stream-access.ts';

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

/**
 * The broker's error codes for a message whose expected sequence is not the last one. It sends the second while a message
 * before it is still on its way to the other servers.
 */
const WRONG_LAST_SEQUENCE = new Set([10_071, 10_164]);

/** True if the broker refused a message because its expected sequence is not the last one. */
export function isWrongLastSequence(error: unknown): boolean {
  return error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code);
}

/**
 * Opens the records. It reads by the stream's leader: any other server of the cluster could give an old version, so the
 * stream must not allow direct gets.
 */
export const openRecords: OpenRecords = (connection, stream, timeoutMs) => {
  const client = jetstream(connection, { timeout: timeoutMs, checkAPI: false });
  let manager: Promise<JetStreamManager> | null = null;
  return {
    async read(subject) {
      manager ??= managerWithin(connection, timeoutMs);
      const message = await (await manager).streams.getMessage(stream, { last_by_subj: subject });
      if (message === null) return null;
      return { seq: message.seq, text: message.string(), atMs: message.time.getTime() };
    },
    async write(subject, text, expectedSeq) {
      const expect = {
        streamName: stream,
        ...(expectedSeq === null ? {} : { lastSubjectSequence: expectedSeq }),
      };
      try {
        return (await client.publish(subject, text, { timeout: timeoutMs, expect })).seq;
      } catch (error) {
        if (!isWrongLastSequence(error)) throw error;
        throw new RecordConflict(`The record ${subject} is no longer the one that was read.`, {
          cause: error,
        });
      }
    },
  };
};
