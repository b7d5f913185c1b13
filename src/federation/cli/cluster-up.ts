// `aggregator cluster up`: the command, and the order in which three nats-servers, a splitter and two replicas start and
// stop on this machine. It keeps all files, so the next start goes on where this one stopped.

import { command } from '../../cli/command.ts';
import { option } from '../../cli/command-line.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { newestBinary } from '../../io/embedded-broker/find-binary.ts';
import type { Binary } from '../../io/embedded-broker/store-version.ts';
import { formatVersion } from '../../io/embedded-broker/version.ts';
import { createLog, type Log } from '../../io/log.ts';
import { CodedError } from '../../lib/errors.ts';
import { type Part, SideBySide, startAt } from '../../lib/part.ts';
import { lockBrokerFolder } from '../../store/lock.ts';
import { servesCluster, tooOldSentence } from '../broker/broker-version.ts';
import { readSome } from '../config/settings.ts';
import type { ClusterChild } from './cluster-child.ts';
import { CLUSTER_FOLDER, openClusterFolder, type RunningCluster, writeRunning } from './cluster-files.ts';
import { endLeftOvers } from './cluster-left-overs.ts';
import { folderOf } from './cluster-places.ts';
import { type ClusterPlan, planCluster } from './cluster-plan.ts';
import { waitUntilReady } from './cluster-ready.ts';

/** Time for an orderly stop, in ms: replicas and the splitter commit and end, and then the brokers. */
const STOP_MS = 12_000;

/** The command `cluster up`. */
export const upCommand = command({
  about:
    'Starts three nats-servers, a splitter and two replicas on this machine, for a trial: one command, Ctrl-C stops all in order. Brokers take the ports 4231 to 4233, HTTP 8180 and 8181, or the next free ones; all addresses are printed. Files stay in the folder, and the next start goes on with them. A process that ends is started again. Settings of the environment count for the replicas, except for those of brokers, files and addresses.',
  options: { dir: option('DIR', `where all files are kept; default ${CLUSTER_FOLDER}`) },
  exit: '0 stopped in order; 1 it cannot start or go on, and says why; 2 usage.',
  async run({ values }, env) {
    const root = folderOf(env, values.dir);
    const {
      LOG_LEVEL: level,
      NATS_SERVER_BIN,
      CLUSTER_UNSAFE_BROKER,
    } = readSome(env, ['LOG_LEVEL', 'NATS_SERVER_BIN', 'CLUSTER_UNSAFE_BROKER']);
    const log = createLog({ level, format: 'text' });
    const binary = await newestBinary({
      override: NATS_SERVER_BIN ?? undefined,
      searchPath: env['PATH'] ?? '',
    });
    requireBroker(binary, CLUSTER_UNSAFE_BROKER, log);
    return untilSignal({
      log,
      ready: 'cluster: ready; stop with Ctrl-C',
      stopping: 'the replicas and the splitter first, then the brokers; all files stay',
      stopMs: STOP_MS,
      make: (fatal) => new LocalCluster({ root, binary: binary.path, env, log, fatal }),
    });
  },
});

/** Errors: `broker_start_failed` for a nats-server that is too old, unless the operator accepts it. */
function requireBroker({ path, version }: Binary, acceptsOld: boolean, log: Log): void {
  const shown = formatVersion(version);
  if (servesCluster(shown)) return;
  const sentence = tooOldSentence(path, shown);
  if (!acceptsOld)
    throw new CodedError('broker_start_failed', `${sentence} Another one can be named with NATS_SERVER_BIN.`);
  log.warn(`cluster: ${sentence} It is set.`);
}

interface LocalClusterOptions {
  readonly root: string;
  readonly binary: string;
  readonly env: Environment;
  readonly log: Log;
  readonly fatal: (error: CodedError) => void;
}

/** All processes, started in order. */
class LocalCluster implements Part {
  readonly #options: LocalClusterOptions;
  readonly #started = new AsyncDisposableStack();
  readonly #stopping = new AbortController();
  #children: readonly ClusterChild[] = [];

  constructor(options: LocalClusterOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { root, binary, env, log, fatal } = this.#options;
    const paths = openClusterFolder(root);
    const lock = lockFolder(root);
    this.#started.defer(() => lock.release());
    await endLeftOvers(root, log);
    const plan = await planCluster({
      paths,
      binary,
      env,
      log,
      fatal,
      started: () => writeRunning(paths, runningOf(plan)),
    });
    this.#children = [...plan.brokers, plan.splitter, ...plan.replicas].map(({ child }) => child);
    const brokers = this.#started.use(new SideBySide());
    await Promise.all(plan.brokers.map(({ child }) => startAt(brokers, child)));
    const programs = this.#started.use(new SideBySide());
    await Promise.all([plan.splitter, ...plan.replicas].map(({ child }) => startAt(programs, child)));
    const addresses = plan.replicas.map(({ http }) => http);
    await waitUntilReady(addresses, this.#stopping.signal);
    for (const line of addressLines(plan)) log.info(`cluster: ${line}`);
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#started.disposeAsync();
  }

  kill(): void {
    for (const child of this.#children) child.kill();
  }
}

/** Errors: `broker_folder_in_use`. */
function lockFolder(root: string): { release(): void } {
  try {
    return lockBrokerFolder(root);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'broker_folder_in_use') throw error;
    const sentence = `A cluster runs in ${root} already: stop it with Ctrl-C in its terminal, or name another folder with --dir.`;
    throw new CodedError('broker_folder_in_use', sentence, { cause: error });
  }
}

function runningOf({ brokers, splitter, replicas }: ClusterPlan): RunningCluster {
  const processOf = ({ name, pid }: ClusterChild) => ({ name, pid });
  return {
    brokers: brokers.map(({ child, url, webSocket }) => ({ ...processOf(child), url, webSocket })),
    splitter: { ...processOf(splitter.child), http: splitter.http },
    replicas: replicas.map(({ child, http, database }) => ({ ...processOf(child), http, database })),
  };
}

function addressLines({ brokers, splitter, replicas, passwordsFile }: ClusterPlan): readonly string[] {
  return [
    ...brokers.map(({ child, url, webSocket }) => `${child.name}: ${url}, for browsers ${webSocket}`),
    `${splitter.child.name}: ${splitter.http}`,
    ...replicas.map(({ child, http, database }) => `${child.name}: ${http}, database ${database}`),
    `monitors need no login; the passwords of the brokers are in ${passwordsFile}`,
  ];
}
