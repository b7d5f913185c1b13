// Reads the messages of a small stream by their sequences, and appends to it. The stream's leader answers each request:
// a consumer could run on a server whose copy of the stream is behind. It repeats nothing and keeps nothing.

import type { NatsConnection } from './nats.ts';
import { appender, managerWithin } from './stream-access.ts';
import { findLedStream, type JetStreamManager } from './streams.ts';

/** One message of the stream. */
export interface StreamEntry {
  readonly seq: number;
  /** When the broker stored it, ms since the epoch. */
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** What a stream holds, as its leader says. */
export interface StreamExtent {
  /** The stream's creation time as the broker writes it. */
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Number of messages. */
  readonly count: number;
}

/** The messages of one stream. Its methods reject if the broker refuses, or does not answer in time. */
export interface StreamEntries {
  /** What the stream holds; null if there is no such stream. */
  extent(): Promise<StreamExtent | null>;
  /** The messages from one sequence to another, both included, in order and without those that were deleted. */
  read(fromSeq: number, toSeq: number): Promise<readonly StreamEntry[]>;
  /** Resolves when the broker has stored the message. */
  append(subject: string, bytes: Uint8Array): Promise<void>;
}

/** Requests for messages under way at the same time. */
const READS_UNDER_WAY_MAX = 64;

/** Opens a stream that need not exist. */
export function openEntries(connection: NatsConnection, stream: string, timeoutMs: number): StreamEntries {
  const append = appender(connection, timeoutMs);
  let opened: Promise<JetStreamManager> | null = null;
  const manager = () => (opened ??= managerWithin(connection, timeoutMs));
  const readOne = async (seq: number): Promise<readonly StreamEntry[]> => {
    const message = await (await manager()).streams.getMessage(stream, { seq });
    return message === null ? [] : [{ seq: message.seq, atMs: message.time.getTime(), bytes: message.data }];
  };
  return {
    async extent() {
      const info = await findLedStream(await manager(), stream);
      if (info === null) return null;
      const { first_seq: firstSeq, last_seq: lastSeq, messages: count } = info.state;
      return { created: info.created, firstSeq, lastSeq, count };
    },
    async read(fromSeq, toSeq) {
      const entries: StreamEntry[] = [];
      for (let from = fromSeq; from <= toSeq; from += READS_UNDER_WAY_MAX) {
        const count = Math.min(READS_UNDER_WAY_MAX, toSeq - from + 1);
        const read = await Promise.all(Array.from({ length: count }, (_, index) => readOne(from + index)));
        entries.push(...read.flat());
      }
      return entries;
    },
    append: (subject, bytes) => append(stream, subject, bytes),
  };
}
