// Which processes `cluster up` starts, with which ports, files and settings. It writes the configurations of the brokers,
// and starts nothing.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../config/environment.ts';
import { noteStoreVersion, requireReadableStore } from '../../io/embedded-broker/store-version.ts';
import { readVersion } from '../../io/embedded-broker/version.ts';
import { freePortFrom } from '../../io/free-port.ts';
import { OWNER_ONLY } from '../../lib/durable.ts';
import { SETTINGS } from '../config/settings.ts';
import { clusterBrokerText } from './cluster-broker.ts';
import { ClusterChild, type ClusterChildOptions } from './cluster-child.ts';
import {
  BROKERS,
  type ClusterPasswords,
  type ClusterPaths,
  loadPasswords,
  REPLICAS,
} from './cluster-files.ts';

const HOST = '127.0.0.1';
/** Ports from which on a free one is looked for. Routes are for the brokers among themselves. */
const FIRST_BROKER_PORT = 4231;
const FIRST_ROUTE_PORT = 4241;
const FIRST_WEBSOCKET_PORT = 4251;
const FIRST_HTTP_PORT = 8180;

/** The name of every cluster that `cluster up` makes. */
export const LOCAL_CLUSTER_NAME = 'local';
/** A person who watches does not wait half a minute for the next statistics. */
const PUBLISH_INTERVAL_MS = 5_000;

/** The processes, in the order in which they start. */
export interface ClusterPlan {
  readonly brokers: readonly {
    readonly child: ClusterChild;
    readonly url: string;
    readonly webSocket: string;
  }[];
  readonly splitter: { readonly child: ClusterChild; readonly http: string };
  readonly replicas: readonly {
    readonly child: ClusterChild;
    readonly http: string;
    readonly database: string;
  }[];
  readonly passwordsFile: string;
}

/** What a plan is made from. */
export interface PlanOptions extends Pick<ClusterChildOptions, 'log' | 'fatal' | 'started'> {
  readonly paths: ClusterPaths;
  /** The path of nats-server. */
  readonly binary: string;
  /** The environment of the person; see {@link settingsOf}. */
  readonly env: Environment;
}

/** Chooses ports and writes the files. Errors: `port_in_use`, `broker_start_failed`, those of the system. */
export async function planCluster(options: PlanOptions): Promise<ClusterPlan> {
  const { paths, env } = options;
  const passwords = loadPasswords(paths);
  const brokers = await planBrokers(options, passwords);
  const httpPorts = await freePorts(FIRST_HTTP_PORT, REPLICAS + 1);
  const [splitterPort = 0] = httpPorts.slice(REPLICAS);
  const common = {
    ...settingsOf(env),
    CLUSTER: LOCAL_CLUSTER_NAME,
    NATS_URL: brokers.map(({ url }) => url).join(','),
    NATS_USER: 'aggregator',
    NATS_PASSWORD: passwords.aggregator,
    HTTP_HOST: HOST,
  };
  const aggregator = (name: string, port: number, own: Readonly<Record<string, string>>) => {
    const folder = paths.folderOf(name);
    const database = join(folder, 'aggregator.db');
    const settings = { ...common, REPLICA: name, DB_PATH: database, HTTP_PORT: String(port), ...own };
    const child = new ClusterChild({
      ...options,
      name,
      program: null,
      words: wordsOf(folder),
      env: settings,
    });
    return { child, http: `http://${HOST}:${port}`, database };
  };
  return {
    brokers,
    splitter: aggregator('splitter', splitterPort, { SPLIT: 'only' }),
    replicas: httpPorts
      .slice(0, REPLICAS)
      .map((port, index) => aggregator(`replica-${index + 1}`, port, { SPLIT: 'auto' })),
    passwordsFile: paths.passwords,
  };
}

async function planBrokers(
  options: PlanOptions,
  passwords: ClusterPasswords,
): Promise<ClusterPlan['brokers']> {
  const { paths, binary, env } = options;
  const version = await readVersion(binary);
  const server = { path: binary, version };
  const storeOf = (index: number) => join(paths.folderOf(`broker-${index + 1}`), 'jetstream');
  for (let index = 0; index < BROKERS; index++) requireReadableStore(storeOf(index), server);
  const ports = await freePorts(FIRST_BROKER_PORT, BROKERS);
  const routePorts = await freePorts(FIRST_ROUTE_PORT, BROKERS);
  const webSocketPorts = await freePorts(FIRST_WEBSOCKET_PORT, BROKERS);
  return ports.map((port, index) => {
    const name = `broker-${index + 1}`;
    const folder = paths.folderOf(name);
    const file = join(folder, 'nats.conf');
    const webSocketPort = webSocketPorts[index] ?? 0;
    const text = clusterBrokerText({
      number: index + 1,
      version,
      host: HOST,
      port,
      routePorts,
      websocket: { port: webSocketPort, tls: null },
      pidFile: join(folder, 'nats.pid'),
      storeFolder: storeOf(index),
      aggregatorPassword: passwords.aggregator,
      monitorPassword: passwords.monitor,
      systemPassword: passwords.system,
      routePassword: passwords.route,
    });
    writeFileSync(file, text, { mode: OWNER_ONLY });
    noteStoreVersion(storeOf(index), server);
    const child = new ClusterChild({
      ...options,
      name,
      program: binary,
      shows: isNews,
      words: ['-c', file],
      env: { PATH: env['PATH'] ?? '' },
    });
    return { child, url: `nats://${HOST}:${port}`, webSocket: `ws://${HOST}:${webSocketPort}` };
  });
}

async function freePorts(first: number, count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let next = first; ports.length < count; next = (ports.at(-1) ?? next) + 1)
    ports.push(await freePortFrom(HOST, next));
  return ports;
}

/**
 * The command line of a replica. The folder of reports is named only so that a process which outlives `cluster up` can be
 * recognised (cluster-left-overs.ts).
 */
function wordsOf(folder: string): readonly string[] {
  const [, main = ''] = process.argv;
  return [`--report-directory=${folder}`, '--max-semi-space-size=8', main, 'serve'];
}

/**
 * Consequences of the plan; of servers that start side by side, so that the first attempts find nobody; of every stop; and of a `kill -9`,
 * after which a server reads its files again.
 */
const EXPECTED =
  /Plaintext passwords|Websocket not configured with TLS|Metalayer blocking snapshot|connect to route \(attempt 1\)|Waiting for routing|Filestore \[.*(state outdated|prior state file)/;

/**
 * Of what a nats-server says: warnings and errors that nobody expects, and the few events that a person
 * who tries a cluster looks for.
 */
function isNews(line: string): boolean {
  if (line.includes('[INF]')) return /Server is ready|new metadata leader/.test(line);
  return !EXPECTED.test(line);
}

/** Settings that a plan chooses itself. */
const OWN =
  /^(NATS_|EMBEDDED_NATS|CLUSTER$|PARTITION|REPLICA$|SPLIT$|INPUT_STREAMS$|INGEST_MODE$|DB_PATH$|HTTP_HOST$|HTTP_PORT$)/;

/** The environment of a replica: what Node needs, and the person's settings, except for those that the plan chooses. */
function settingsOf(env: Environment): Readonly<Record<string, string>> {
  const { PATH = '', HOME = '' } = env;
  const kept = [...SETTINGS.map(({ name }) => name).filter((name) => !OWN.test(name)), 'NODE_COMPILE_CACHE'];
  const given = kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return {
    PATH,
    HOME,
    LOG_FORMAT: 'text',
    PUBLISH_INTERVAL: String(PUBLISH_INTERVAL_MS),
    ...Object.fromEntries(given),
  };
}
