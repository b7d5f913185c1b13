// Which replicas of a cluster speak at its brokers, for commands. It connects, listens for a moment, and asks nothing.

import type { Environment } from '../../config/environment.ts';
import { connectBroker, type NatsConnection, type NatsOptions, pause } from '../../io/nats.ts';
import { CodedError } from '../../lib/errors.ts';
import { isObject } from '../../lib/is-object.ts';
import { natsOptions } from '../broker/broker-choice.ts';
import { readSettings } from '../config/settings.ts';
import { CLUSTER_SUBJECTS } from '../domain/cluster.ts';

/** What a command needs of what a replica says of itself. */
export interface HeardPlace {
  readonly partition: number;
  readonly replica: string;
  readonly process: string;
  /** `host:port`. */
  readonly http: string;
  readonly isReady: boolean;
  readonly progress: number;
}

/** Every replica speaks once a second. */
const LISTEN_MS = 2_500;
const CONNECT_MS = 10_000;

/** The brokers of this environment's settings. Errors: `settings_invalid`, `usage` if CLUSTER is not set. */
export function clusterBrokers(env: Environment): NatsOptions {
  const { cluster, nats } = readSettings(env).settings;
  if (cluster !== null) return natsOptions(nats, null);
  throw new CodedError(
    'usage',
    'CLUSTER is not set: give this command the settings of a replica. --help lists the options.',
  );
}

/** Connects for one command. Errors: `no_answer`. */
export async function withBrokers<T>(
  options: NatsOptions,
  use: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  let reason = 'no answer';
  const connection = await connectBroker(
    'truebit-aggregator-command',
    options,
    {
      onConnected: () => undefined,
      onDisconnected: () => undefined,
      onUnreachable: (why) => {
        reason = why;
      },
      onRefused: () => undefined,
    },
    AbortSignal.timeout(CONNECT_MS),
  );
  if (connection === null) {
    throw new CodedError(
      'no_answer',
      `No broker answers at ${options.servers.join(', ')} (${reason}): check NATS_URL and its login.`,
    );
  }
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** The replicas that speak within a moment, by the random ids of their processes. */
export async function hearPlaces(connection: NatsConnection): Promise<readonly HeardPlace[]> {
  const heard = new Map<string, HeardPlace>();
  const subscription = connection.subscribe(CLUSTER_SUBJECTS.positions, {
    callback(error, message) {
      const place = error === null ? placeOf(message.data) : null;
      if (place !== null) heard.set(place.process, place);
    },
  });
  await pause(LISTEN_MS, new AbortController().signal);
  subscription.unsubscribe();
  return [...heard.values()];
}

function placeOf(bytes: Uint8Array): HeardPlace | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { partition, replica, process, http, isReady, position } = value;
  const progress = isObject(position) ? position['progress'] : 0;
  if (typeof partition !== 'number' || typeof replica !== 'string' || typeof process !== 'string')
    return null;
  if (typeof http !== 'string' || typeof progress !== 'number') return null;
  return { partition, replica, process, http, isReady: isReady === true, progress };
}
