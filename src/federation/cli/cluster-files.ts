// The folder of a cluster on one machine, as `cluster up` lays it out: passwords, configurations of the brokers, databases,
// and the addresses of what runs. It starts nothing.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OWNER_ONLY, writeDurably } from '../../lib/durable.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';
import { isObject } from '../../lib/is-object.ts';

/** Where `cluster up` keeps everything, unless `--dir` names another folder. */
export const CLUSTER_FOLDER = 'data/cluster';
/** The number of brokers. */
export const BROKERS = 3;
/** The number of replicas. */
export const REPLICAS = 2;

/** The passwords of the brokers. Letters, digits, `-` and `_` only, so that an URL can contain them. */
export interface ClusterPasswords {
  readonly aggregator: string;
  readonly monitor: string;
  readonly system: string;
  readonly route: string;
}

/** A process of the running cluster; `pid` is null while it is being started again. */
interface RunningProcess {
  readonly name: string;
  readonly pid: number | null;
}

/** What runs, for other commands and for people who kill parts of it. */
export interface RunningCluster {
  readonly brokers: readonly (RunningProcess & { readonly url: string; readonly webSocket: string })[];
  readonly splitter: RunningProcess & { readonly http: string };
  readonly replicas: readonly (RunningProcess & { readonly http: string; readonly database: string })[];
}

/** The paths in the folder of a cluster. */
export interface ClusterPaths {
  readonly passwords: string;
  readonly running: string;
  /** The folder of one process by its name; it exists. */
  folderOf(name: string): string;
}

/** Makes the folder if it is missing, only for this user. Errors: `folder_not_writable`. */
export function openClusterFolder(root: string): ClusterPaths {
  makeFolder(root);
  return {
    passwords: join(root, 'passwords.json'),
    running: join(root, 'running.json'),
    folderOf(name) {
      const folder = join(root, name);
      makeFolder(folder);
      return folder;
    },
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CodedError(
      'folder_not_writable',
      `The folder ${path} cannot be made (${errorCode(error) ?? 'unknown error'}): name another one with --dir.`,
      { cause: error },
    );
  }
}

const NAMES = ['aggregator', 'monitor', 'system', 'route'] as const;

/** Reads the passwords, or makes them once. Errors: `broker_start_failed` if the file holds something else. */
export function loadPasswords({ passwords: file }: Pick<ClusterPaths, 'passwords'>): ClusterPasswords {
  const found = readJson(file);
  if (found === null) {
    const password = () => randomBytes(32).toString('base64url');
    const made = { aggregator: password(), monitor: password(), system: password(), route: password() };
    writeDurably(file, `${JSON.stringify(made, null, 2)}\n`, OWNER_ONLY);
    return made;
  }
  const [aggregator, monitor, system, route] = NAMES.map((name) => (isObject(found) ? found[name] : null));
  if (isText(aggregator) && isText(monitor) && isText(system) && isText(route)) {
    return { aggregator, monitor, system, route };
  }
  throw new CodedError(
    'broker_start_failed',
    `${file} does not hold the passwords of the brokers: restore it, or remove it to have new ones made.`,
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]+$/.test(value);
}

/** Writes down what runs. */
export function writeRunning({ running }: Pick<ClusterPaths, 'running'>, cluster: RunningCluster): void {
  writeDurably(running, `${JSON.stringify(cluster, null, 2)}\n`, OWNER_ONLY);
}

/** What `cluster up` last wrote down for the folder; null if it never ran there. */
export function readRunning(root: string): RunningCluster | null {
  const found = readJson(join(root, 'running.json'));
  return isObject(found) && Array.isArray(found['brokers']) && Array.isArray(found['replicas'])
    ? // Written by this program for its owner alone.
      (found as unknown as RunningCluster)
    : null;
}

/** The content of the file; null if there is none, `undefined` if it is no JSON. */
function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new CodedError('folder_not_writable', `${file} cannot be read: give this user the right to.`, {
      cause: error,
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
