// A stream to which several processes append, of which one at a time succeeds: each message names the sequence after which
// it must stand, and the broker refuses it anywhere else. It also reads single messages. It repeats nothing: a request
// that fails is the caller's to make again.

import { jetstream, type StoredMsg } from '@nats-io/jetstream';
import type { MsgHdrs, NatsConnection } from './nats.ts';
import { isWrongLastSequence } from './record-stream.ts';
import { managerWithin } from './stream-access.ts';
import { findLedStream, type JetStreamManager } from './streams.ts';

/** Where a stream begins and ends. An empty stream has `firstSeq` = `lastSeq` + 1. */
export interface StreamEnds {
  readonly firstSeq: number;
  /** Sequence of the last message that the stream ever took; 0 if it took none. */
  readonly lastSeq: number;
  /** When the stream was made, as the broker says it: a stream that was made anew has another time. */
  readonly created: string;
}

/** One message of the stream. */
export interface FencedMessage {
  readonly seq: number;
  readonly subject: string;
  readonly payload: string;
  /** When the broker stored it, ms since the epoch. */
  readonly atMs: number;
  /** The value of one of its headers; empty if it has none of this name. */
  header(name: string): string;
}

/** The broker refused a message: another message stands at its place, so another process appends too. */
export class FenceRefusal extends Error {}

/** The stream over one connection. Methods reject if the broker does not answer in time. */
export interface FencedStream {
  /** Null if there is no such stream. */
  ends(): Promise<StreamEnds | null>;
  /** Null if the stream does not hold this sequence. */
  message(seq: number): Promise<FencedMessage | null>;
  /** The last message at this subject; null if there is none. */
  lastOf(subject: string): Promise<FencedMessage | null>;
  /**
   * Appends a message right after the sequence `lastSeq`, 0 if it must be the first of the stream. Resolves when the
   * broker has stored it. Throws {@link FenceRefusal}; after any other error it is unknown whether the message is stored.
   */
  append(subject: string, payload: Uint8Array, headers: MsgHdrs, lastSeq: number): Promise<void>;
}

/** A stream over a connection. */
export type OpenFencedStream = (
  connection: NatsConnection,
  stream: string,
  timeoutMs: number,
) => FencedStream;

/**
 * Opens the stream. It reads by the stream's leader: another server of the cluster could give an old message, so the
 * stream must not allow direct gets.
 */
export const openFencedStream: OpenFencedStream = (connection, stream, timeoutMs) => {
  const client = jetstream(connection, { timeout: timeoutMs, checkAPI: false });
  let opened: Promise<JetStreamManager> | null = null;
  const manager = () => (opened ??= managerWithin(connection, timeoutMs));
  return {
    async ends() {
      const info = await findLedStream(await manager(), stream);
      if (info === null) return null;
      return { firstSeq: info.state.first_seq, lastSeq: info.state.last_seq, created: info.created };
    },
    message: async (seq) => plain(await (await manager()).streams.getMessage(stream, { seq })),
    lastOf: async (subject) =>
      plain(await (await manager()).streams.getMessage(stream, { last_by_subj: subject })),
    async append(subject, payload, headers, lastSeq) {
      // Old brokers take an expected sequence of 0 for none, but not an expected sequence of the subject.
      const expect = {
        streamName: stream,
        lastSequence: lastSeq,
        ...(lastSeq === 0 ? { lastSubjectSequence: 0 } : {}),
      };
      try {
        const { seq } = await client.publish(subject, payload, { headers, expect, timeout: timeoutMs });
        if (seq !== lastSeq + 1)
          throw new FenceRefusal(`The message stands at ${seq}, not after ${lastSeq}.`);
      } catch (error) {
        if (!isWrongLastSequence(error)) throw error;
        throw new FenceRefusal(`The sequence ${lastSeq} is not the last one of ${stream}.`, { cause: error });
      }
    },
  };
};

function plain(message: StoredMsg | null): FencedMessage | null {
  return message === null
    ? null
    : {
        seq: message.seq,
        subject: message.subject,
        payload: message.string(),
        atMs: message.time.getTime(),
        header: (name) => message.header.get(name),
      };
}
