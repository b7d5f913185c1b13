// What the program asks of JetStream besides messages: which streams there are, ours made or mended, when a message
// was stored.

import {
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection, PermissionViolationError } from 'nats';

export type { JetStreamManager, StreamInfo };

/** The stream we want; times in ms, sizes in bytes. */
export interface WantedStream {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly duplicateWindowMs: number;
  /**
   * Whether the broker tells publishers that a message is stored. It does so at any subject that the publisher names, with
   * the broker's own rights: `{"stream":…,"seq":…}` at `$JS.API.STREAM.PURGE.…` empties the stream.
   */
  readonly acknowledges: boolean;
}

const REQUEST_TIMEOUT_MS = 5000;
/** The broker's error code for JetStream switched off as a whole. */
const NOT_ENABLED_HERE = 10_076;

/** The manager, or null if this broker or account has no JetStream. Throws if it does not answer: that says neither. */
export async function openJetStream(connection: NatsConnection): Promise<JetStreamManager | null> {
  const manager = await jetstreamManager(connection, { timeout: REQUEST_TIMEOUT_MS, checkAPI: false });
  try {
    await manager.getAccountInfo();
    return manager;
  } catch (error) {
    if (saysThereIsNone(error)) return null;
    throw error;
  }
}

function saysThereIsNone(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.code === NOT_ENABLED_HERE;
  if (!(error instanceof Error)) return false;
  // The package does not export the class of the first.
  return error.name === 'JetStreamNotEnabled' || error.cause instanceof PermissionViolationError;
}

export async function listStreams(manager: JetStreamManager): Promise<readonly StreamInfo[]> {
  const streams: StreamInfo[] = [];
  for await (const stream of manager.streams.list()) streams.push(stream);
  return streams;
}

/** Makes the stream, or changes what differs from the settings. Throws the broker's error. */
export async function keepStream(
  manager: JetStreamManager,
  wanted: WantedStream,
  existing: StreamInfo | null,
): Promise<StreamInfo> {
  const config = {
    subjects: [...wanted.subjects],
    max_age: nanos(wanted.maxAgeMs),
    max_bytes: wanted.maxBytes,
    duplicate_window: nanos(wanted.duplicateWindowMs),
    discard: DiscardPolicy.Old,
    max_msg_size: -1,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    no_ack: !wanted.acknowledges,
  };
  if (existing === null) {
    return manager.streams.add({
      name: wanted.name,
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      ...config,
    });
  }
  const current = existing.config;
  const isAsWanted =
    current.max_age === config.max_age &&
    current.max_bytes === config.max_bytes &&
    current.duplicate_window === config.duplicate_window &&
    current.discard === config.discard &&
    current.max_msg_size === config.max_msg_size &&
    current.max_msgs === config.max_msgs &&
    current.max_msgs_per_subject === config.max_msgs_per_subject &&
    (current.no_ack ?? false) === config.no_ack &&
    current.subjects.join(' ') === config.subjects.join(' ');
  return isAsWanted ? existing : manager.streams.update(wanted.name, config);
}

/** When the broker stored the message with this sequence, in ms; null if it does not hold it. Throws if it does not answer. */
export async function storedAtMs(
  manager: JetStreamManager,
  stream: string,
  seq: number,
): Promise<number | null> {
  const message = await manager.streams.getMessage(stream, { seq });
  return message === null ? null : message.time.getTime();
}

/** True if the broker understood and said no; false if it did not answer. */
export function isRefusal(error: unknown): boolean {
  return error instanceof JetStreamApiError;
}
