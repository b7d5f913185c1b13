// Requests to JetStream that give up early: about a stream, and appending a message to one. It repeats nothing, because a
// repeated message would come after later ones.

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from './nats.ts';
import type { JetStreamManager, StreamInfo } from './streams.ts';

/** A manager whose requests reject if the broker does not answer within `timeoutMs`. */
export function managerWithin(connection: NatsConnection, timeoutMs: number): Promise<JetStreamManager> {
  return jetstreamManager(connection, { timeout: timeoutMs, checkAPI: false });
}

/** The broker's clock when it sent this answer, ms since the epoch; null if it does not say (nats-server 2.9). */
export function answeredAtMs(info: StreamInfo): number | null {
  const text: unknown = Reflect.get(info, 'ts');
  const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Appends messages to streams over one connection. */
export type AppendToStream = (stream: string, subject: string, bytes: Uint8Array) => Promise<void>;

/**
 * Appends in the order of the calls. An append rejects if the stream did not acknowledge it within `timeoutMs`, or if
 * another stream took the message.
 */
export function appender(connection: NatsConnection, timeoutMs: number): AppendToStream {
  const client = jetstream(connection, { timeout: timeoutMs, checkAPI: false });
  return async (stream, subject, bytes) => {
    await client.publish(subject, bytes, { timeout: timeoutMs, expect: { streamName: stream } });
  };
}
