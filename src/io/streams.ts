// What the program asks of JetStream besides messages: which streams there are, ours made or mended, when a message
// was stored.

import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from 'nats';
import { type Refusal, refusalOf } from './refusals.ts';
import {
  type Config,
  type Difference,
  differences,
  type Field,
  type WantedStream,
  wantedConfig,
  wantOf,
} from './stream-settings.ts';

export type { JetStreamManager, StreamInfo };

const REQUEST_TIMEOUT_MS = 5000;
/** The broker removes a consumer that only counts after this long. */
const COUNT_CONSUMER_MS = 5000;
/** What is asked first, to learn whether there is a JetStream for us. */
export const JETSTREAM_QUESTION = '$JS.API.INFO';
/** The broker's error code for JetStream switched off as a whole. */
const NOT_ENABLED_HERE = 10_076;

/** Our user may not ask whether there is a JetStream, or may not hear the answer. */
export interface Unasked {
  readonly type: 'unasked';
  readonly refusal: Refusal;
  /** The broker to which we are connected says at the login that it has a JetStream; our account may have none. */
  readonly isAtBroker: boolean;
}

/**
 * The manager; `none` if this broker or account has no JetStream. Throws if the broker does not answer. It is asked even
 * where its login names no JetStream: another broker of its cluster may answer.
 */
export async function openJetStream(
  connection: NatsConnection,
): Promise<JetStreamManager | 'none' | Unasked> {
  const manager = await jetstreamManager(connection, { timeout: REQUEST_TIMEOUT_MS, checkAPI: false });
  try {
    await manager.getAccountInfo();
    return manager;
  } catch (error) {
    const refusal = denialOf(error);
    if (refusal !== null)
      return { type: 'unasked', refusal, isAtBroker: connection.info?.jetstream === true };
    if (saysThereIsNone(error)) return 'none';
    throw error;
  }
}

function saysThereIsNone(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.code === NOT_ENABLED_HERE;
  if (!(error instanceof Error)) return false;
  // The package does not export the class.
  return error.name === 'JetStreamNotEnabled';
}

function denialOf(error: unknown): Refusal | null {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const refusal = cause instanceof Error ? refusalOf(cause) : null;
  return refusal?.subject === null ? null : refusal;
}

export async function listStreams(manager: JetStreamManager): Promise<readonly StreamInfo[]> {
  const streams: StreamInfo[] = [];
  for await (const stream of manager.streams.list()) streams.push(stream);
  return streams;
}

/** Our stream as it is, and what of it is not as wanted because the broker refuses. */
export interface KeptStream {
  readonly info: StreamInfo;
  readonly refused: readonly RefusedDifference[];
}

export interface RefusedDifference extends Difference {
  /** In the broker's words; null if it did not refuse and changed nothing either. */
  readonly reason: string | null;
}

/** The broker's error codes for a stream that is too large for the account or the server. */
const NO_ROOM = new Set([10_002, 10_023, 10_028, 10_047, 10_122]);
/** A stream smaller than this holds some thousand messages: none is better, for it is noticed. */
const STREAM_BYTES_MIN = 1_048_576;
/** Properties depend on one another: one that was refused may be taken after another was changed. */
const ROUNDS = 2;

/**
 * Makes the stream, as large as the broker takes it, or changes what differs from the settings. Throws the broker's error if
 * there is no stream then, or if the broker does not answer.
 */
export async function keepStream(
  manager: JetStreamManager,
  wanted: WantedStream,
  existing: StreamInfo | null,
): Promise<KeptStream> {
  const config = wantedConfig(wanted);
  const reasons = new Map<Field, string>();
  /** False if the broker refuses; `fields` says on account of what. */
  const attempt = async (fields: readonly Field[], change: () => Promise<StreamInfo>) => {
    try {
      info = await change();
      return true;
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) throw error;
      for (const field of fields) reasons.set(field, error.message);
      return false;
    }
  };
  let info = existing ?? (await makeStream(manager, wanted.name, config, reasons));
  const missing = () => differences(info.config, config);
  const update = (fields: readonly Field[]) =>
    attempt(fields, () =>
      manager.streams.update(
        wanted.name,
        Object.fromEntries(fields.map((field) => [field, wantOf(config, field)])),
      ),
    );
  if (existing !== null && missing().length > 0) {
    // All at once, else one by one: what can be changed is changed.
    let isDone = await update(missing().map(({ field }) => field));
    for (let round = 0; round < ROUNDS && !isDone && missing().length > 0; round++) {
      isDone = true;
      for (const { field } of missing()) isDone = (await update([field])) && isDone;
    }
  }
  return {
    info,
    refused: missing().map((found) => ({ ...found, reason: reasons.get(found.field) ?? null })),
  };
}

/** Half the size is asked for after each refusal for want of room. */
async function makeStream(
  manager: JetStreamManager,
  name: string,
  config: Config,
  reasons: Map<Field, string>,
): Promise<StreamInfo> {
  for (let maxBytes = config.max_bytes; ; maxBytes = Math.floor(maxBytes / 2)) {
    try {
      return await manager.streams.add({ name, ...config, max_bytes: maxBytes });
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || !NO_ROOM.has(error.code)) throw error;
      if (maxBytes / 2 < STREAM_BYTES_MIN) throw error;
      reasons.set('max_bytes', error.message);
    }
  }
}

/** What our account may store, in a sentence; null if the broker sets it no limit, or does not say. */
export async function describeStorageLimit(manager: JetStreamManager): Promise<string | null> {
  const { limits, tiers, storage } = await manager.getAccountInfo();
  const { max_storage: bytes, storage_max_stream_bytes: ofStream } = tiers?.R1?.limits ?? limits;
  if (ofStream > 0) return `a stream of our account may have ${ofStream} bytes`;
  return bytes < 0 ? null : `our account may store ${bytes} bytes, ${storage} of them are in use`;
}

/** How many messages the broker counts in the stream from `fromSeq` on, without those that were deleted among them. */
export async function countFrom(manager: JetStreamManager, stream: string, fromSeq: number): Promise<number> {
  const info = await manager.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: fromSeq,
    mem_storage: true,
    inactive_threshold: nanos(COUNT_CONSUMER_MS),
  });
  // The broker removes it by itself, only later.
  void manager.consumers.delete(stream, info.name).catch(() => false);
  return info.num_pending;
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
export function isRefusal(error: unknown): error is JetStreamApiError {
  return error instanceof JetStreamApiError;
}
