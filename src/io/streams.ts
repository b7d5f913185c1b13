// The program's requests to JetStream other than messages: listing streams, making and changing its own, and the time
// at which a message was stored.

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
  placementOf,
  type WantedStream,
  wantedConfig,
  wantOf,
} from './stream-settings.ts';

export type { JetStreamManager, StreamInfo };

const REQUEST_TIMEOUT_MS = 5000;
/** The broker removes a consumer that was made only for counting after this time. */
const COUNT_CONSUMER_MS = 5000;
/** Subject of the first request, which finds out whether JetStream is available. */
export const JETSTREAM_QUESTION = '$JS.API.INFO';
/** The broker's error code for JetStream that is switched off as a whole. */
const NOT_ENABLED_HERE = 10_076;

/** The program's user may not ask for JetStream, or may not receive the answer. */
export interface Unasked {
  readonly type: 'unasked';
  readonly refusal: Refusal;
  /** True if the connected broker announces JetStream at the login; the account may still have none. */
  readonly isAtBroker: boolean;
}

/**
 * Returns the manager; `none` if this broker or account has no JetStream. Throws if the broker does not answer. It asks
 * even if the login announces no JetStream, because another broker of the cluster may answer.
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
  // The package does not export this error class.
  return error.name === 'JetStreamNotEnabled';
}

function denialOf(error: unknown): Refusal | null {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const refusal = cause instanceof Error ? refusalOf(cause) : null;
  return refusal?.subject === null ? null : refusal;
}

/** The broker's error code for a stream that it does not have. */
const NO_STREAM = 10_059;

/** The stream with this name; null if there is none. Throws if the broker does not answer. */
export async function findStream(manager: JetStreamManager, name: string): Promise<StreamInfo | null> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_STREAM) return null;
    throw error;
  }
}

/**
 * The stream as its leader describes it; null if there is none. Throws if it has no leader: a server that is cut off from
 * the others (seen with nats-server 2.15.3) then describes its own copy, which may be behind.
 */
export async function findLedStream(manager: JetStreamManager, name: string): Promise<StreamInfo | null> {
  const info = await findStream(manager, name);
  if (info?.cluster !== undefined && (info.cluster.leader ?? '') === '')
    throw new Error('no server leads the stream at the moment');
  return info;
}

/** Lists all streams of the account. */
export async function listStreams(manager: JetStreamManager): Promise<readonly StreamInfo[]> {
  const streams: StreamInfo[] = [];
  for await (const stream of manager.streams.list()) streams.push(stream);
  return streams;
}

/**
 * The names of the account's streams that begin like this, in no order. Streams whose servers are away are among them;
 * {@link listStreams} waits for such servers until it fails.
 */
export async function streamNames(manager: JetStreamManager, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of manager.streams.names()) if (name.startsWith(prefix)) names.push(name);
  return names;
}

/** The program's stream as it is, and the differences that the broker refuses to change. */
export interface KeptStream {
  readonly info: StreamInfo;
  readonly refused: readonly RefusedDifference[];
}

/** A difference that remains after an attempt to change it. */
export interface RefusedDifference extends Difference {
  /** The broker's message; null if it did not refuse and did not change the property either. */
  readonly reason: string | null;
}

/** The broker's error codes for a stream that is too large for the account or the server. */
const NO_ROOM = new Set([10_002, 10_023, 10_028, 10_047, 10_122]);
/**
 * A smaller stream would hold only some thousand messages. Then no stream is better, because an operator notices it.
 */
const STREAM_BYTES_MIN = 1_048_576;
/**
 * Number of attempts. Properties depend on one another, so the broker may accept a refused one after another has
 * changed.
 */
const ROUNDS = 2;

/**
 * Makes the stream, as large as the broker accepts it, or changes the properties that differ from the settings. Throws
 * the broker's error if no stream exists afterwards, or if the broker does not answer.
 */
export async function keepStream(
  manager: JetStreamManager,
  wanted: WantedStream,
  existing: StreamInfo | null,
): Promise<KeptStream> {
  const config = wantedConfig(wanted);
  const reasons = new Map<Field, string>();
  /** Returns false if the broker refuses; then the error is recorded for each of `fields`. */
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
  let info = existing ?? (await makeStream(manager, wanted, config, reasons));
  const missing = () => differences(info.config, config);
  const update = (fields: readonly Field[]) =>
    attempt(fields, () =>
      manager.streams.update(
        wanted.name,
        Object.fromEntries(fields.map((field) => [field, wantOf(config, field)])),
      ),
    );
  if (existing !== null && missing().length > 0) {
    // Tries all changes at once, then one by one, so that every possible change is made.
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

/** The broker's error codes for more replicas than it has servers: it stands alone, or too few have room or answer. */
const NO_SERVERS = new Set([10_005, 10_074]);

/**
 * Makes the stream. After each refusal for lack of space it halves the size; where the servers are too few for the
 * replicas it makes the stream on one.
 */
async function makeStream(
  manager: JetStreamManager,
  wanted: WantedStream,
  config: Config,
  reasons: Map<Field, string>,
): Promise<StreamInfo> {
  const { name } = wanted;
  let replicas = wanted.replicas;
  for (let maxBytes = config.max_bytes; ; ) {
    const count = replicas === undefined ? {} : { num_replicas: replicas };
    try {
      return await manager.streams.add({
        name,
        ...config,
        ...placementOf(wanted),
        max_bytes: maxBytes,
        ...count,
      });
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) throw error;
      if (NO_SERVERS.has(error.code) && replicas !== undefined && replicas > 1) {
        replicas = 1;
        reasons.set('num_replicas', error.message);
      } else {
        if (!NO_ROOM.has(error.code) || maxBytes / 2 < STREAM_BYTES_MIN) throw error;
        maxBytes = Math.floor(maxBytes / 2);
        reasons.set('max_bytes', error.message);
      }
    }
  }
}

/** The storage limit of the program's account as a sentence; null if the broker sets none or does not name it. */
export async function describeStorageLimit(manager: JetStreamManager): Promise<string | null> {
  const { limits, tiers, storage } = await manager.getAccountInfo();
  const { max_storage: bytes, storage_max_stream_bytes: ofStream } = tiers?.R1?.limits ?? limits;
  if (ofStream > 0) return `a stream of this account may have ${ofStream} bytes`;
  return bytes < 0 ? null : `this account may store ${bytes} bytes, ${storage} of them are in use`;
}

/** Number of messages that the broker counts in the stream from `fromSeq` on, without deleted ones. */
export async function countFrom(manager: JetStreamManager, stream: string, fromSeq: number): Promise<number> {
  const info = await manager.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: fromSeq,
    mem_storage: true,
    inactive_threshold: nanos(COUNT_CONSUMER_MS),
  });
  // Without this the broker would remove the consumer only later.
  void manager.consumers.delete(stream, info.name).catch(() => false);
  return info.num_pending;
}

/**
 * Time at which the broker stored the message with this sequence, in ms; null if the stream does not hold it. Throws if
 * the broker does not answer.
 */
export async function storedAtMs(
  manager: JetStreamManager,
  stream: string,
  seq: number,
): Promise<number | null> {
  const message = await manager.streams.getMessage(stream, { seq });
  return message === null ? null : message.time.getTime();
}

/** True if the broker answered with a refusal; false if it did not answer. */
export function isRefusal(error: unknown): error is JetStreamApiError {
  return error instanceof JetStreamApiError;
}
