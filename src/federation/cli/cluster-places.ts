// Where a command finds a cluster: at the brokers of its settings, or at those that `cluster up` started on this machine; and
// which replicas speak there. It connects, listens for a moment, and asks nothing.

import { type Environment, fromCaller } from '../../config/environment.ts';
import { connectBroker, type NatsConnection, type NatsOptions, pause } from '../../io/nats.ts';
import { CodedError } from '../../lib/errors.ts';
import { realPath } from '../../lib/real-path.ts';
import { natsOptions } from '../broker/broker-choice.ts';
import { readSettings } from '../config/settings.ts';
import { CLUSTER_SUBJECTS, type Place } from '../domain/cluster.ts';
import { decodePlace } from '../domain/place.ts';
import { CLUSTER_FOLDER, loadPasswords, openClusterFolder, readRunning } from './cluster-files.ts';

/** A cluster as a command reaches it. */
export interface ReachedCluster {
  readonly nats: NatsOptions;
  readonly partitions: number;
  /** Days for which its replicas keep rows; 0 for ever. */
  readonly retentionDays: number;
}

/** Every replica speaks once a second. */
const LISTEN_MS = 3_500;
const CONNECT_MS = 10_000;

/**
 * The cluster of this environment's settings, if `CLUSTER` is set and `dir` is not given; else the one that `cluster up` runs in
 * `dir`. Errors: `settings_invalid`, `no_answer` if neither is there.
 */
export function clusterOf(env: Environment, dir: string | undefined): ReachedCluster {
  const { cluster, nats, retentionDays } = readSettings(env).settings;
  if (cluster !== null && dir === undefined)
    return { nats: natsOptions(nats, null), partitions: cluster.partitions, retentionDays };
  const root = folderOf(env, dir);
  const running = readRunning(root);
  if (running === null) {
    throw new CodedError(
      'no_answer',
      `CLUSTER is not set, and no cluster was started in ${root}: give this command the settings of a replica, or run cluster up.`,
    );
  }
  const { aggregator: password } = loadPasswords(openClusterFolder(root));
  const options = { urls: running.brokers.map(({ url }) => url), user: 'aggregator', password };
  const none = { token: null, credsFile: null, caFile: null, certFile: null, keyFile: null };
  return { nats: natsOptions({ ...options, ...none }, null), partitions: 1, retentionDays };
}

/** The folder of `cluster up` that an option names. */
export function folderOf(env: Environment, dir: string | undefined): string {
  return realPath(dir === undefined ? CLUSTER_FOLDER : fromCaller(env, dir));
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

/** The replicas that speak within a moment. Two that both spoke three times are all that are expected. */
export async function hearPlaces(connection: NatsConnection): Promise<readonly Place[]> {
  const heard = new Map<string, { readonly place: Place; readonly times: number }>();
  const isEnough = new AbortController();
  const subscription = connection.subscribe(CLUSTER_SUBJECTS.positions, {
    callback(error, message) {
      const place = error === null ? decodePlace(message.data) : null;
      if (place === null) return;
      heard.set(place.process, { place, times: (heard.get(place.process)?.times ?? 0) + 1 });
      if (heard.size > 1 && [...heard.values()].every(({ times }) => times > 2)) isEnough.abort();
    },
  });
  await pause(LISTEN_MS, isEnough.signal);
  subscription.unsubscribe();
  return [...heard.values()]
    .map(({ place }) => place)
    .toSorted((one, other) => (one.replica < other.replica ? -1 : 1));
}
