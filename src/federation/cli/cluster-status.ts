// `aggregator cluster status`: one screen about a whole cluster, from what its replicas say over HTTP. It opens no database and
// connects to no broker.

import { command } from '../../cli/command.ts';
import { flag, option } from '../../cli/command-line.ts';
import { print } from '../../cli/output.ts';
import { rowsText, whole } from '../../cli/screen.ts';
import type { Environment } from '../../config/environment.ts';
import { CodedError } from '../../lib/errors.ts';
import { getText, isHttpUrl } from '../../lib/http-get.ts';
import { isObject } from '../../lib/is-object.ts';
import { ownHttpUrl } from '../config/own-urls.ts';
import { readSome } from '../config/settings.ts';
import { CLUSTER_FOLDER, readRunning } from './cluster-files.ts';
import { folderOf } from './cluster-places.ts';

const PATIENCE_MS = 5_000;
/** A replica speaks every second. */
const SILENT_MS = 3_000;
/** Length of an answer. */
const ANSWER_BYTES_MAX = 4_194_304;

type Json = Readonly<Record<string, unknown>>;

/** What one address says of the cluster; null if it does not answer, or is no replica. */
interface Sight {
  readonly url: string;
  readonly cluster: Json | null;
}

/** The command `cluster status`. */
export const statusClusterCommand = command({
  about:
    'Shows a cluster on one screen: who publishes and who is active, how far each replica and each input stream is, and the brokers. It asks the replicas over HTTP; one that answers knows of the others.',
  options: {
    http: option(
      'URLS',
      `addresses of replicas with commas between them; default that of the settings if CLUSTER is set, else those of cluster up in ${CLUSTER_FOLDER}`,
    ),
    dir: option('DIR', `the folder of a cluster of cluster up; default ${CLUSTER_FOLDER}`),
    json: flag('print what the replicas say as JSON'),
  },
  exit: '0 all replicas that are known are ready, and one publishes; 1 they are not; 2 usage, or nothing answers.',
  async run({ values }, env) {
    const urls = addressesOf(values.http, values.dir, env);
    const sights = await Promise.all(urls.map(look));
    const cluster = sights.find((sight) => sight.cluster !== null)?.cluster ?? null;
    if (cluster === null) {
      throw new CodedError(
        'no_answer',
        `No replica of a cluster answers at ${urls.join(', ')}: start one, or name others with --http.`,
      );
    }
    print(
      values.json
        ? `${JSON.stringify(Object.fromEntries(sights.map((sight) => [sight.url, sight.cluster])), null, 2)}\n`
        : screenOf(cluster, sights),
    );
    const replicas = listOf(cluster, 'replicas');
    const isWell =
      sights.every((sight) => sight.cluster !== null) &&
      replicas.every((replica) => replica['isReady'] === true && !isSilent(replica)) &&
      replicas.some(({ isPublisher }) => isPublisher === true);
    return isWell ? 0 : 1;
  },
});

function addressesOf(http: string | undefined, dir: string | undefined, env: Environment): readonly string[] {
  if (http !== undefined) {
    const urls = http.split(',').map((url) => url.trim());
    if (urls.every(isHttpUrl)) return urls;
    throw new CodedError(
      'usage',
      '--http: must be URLs that begin with http:// or https://. --help lists the options.',
    );
  }
  if (dir === undefined && readSome(env, ['CLUSTER']).CLUSTER !== null) return [ownHttpUrl(env)];
  const root = folderOf(env, dir);
  const running = readRunning(root);
  if (running !== null) return running.replicas.map((replica) => replica.http);
  throw new CodedError(
    'no_answer',
    `CLUSTER is not set, and no cluster was started in ${root}: name replicas with --http, or run cluster up.`,
  );
}

async function look(url: string): Promise<Sight> {
  try {
    const address = `${url.replace(/\/+$/, '')}/api/federation/health`;
    const { status, text } = await getText(address, PATIENCE_MS, false, ANSWER_BYTES_MAX);
    const body: unknown = status === 200 ? JSON.parse(text) : null;
    return { url, cluster: isObject(body) && isObject(body['cluster']) ? body['cluster'] : null };
  } catch {
    return { url, cluster: null };
  }
}

function screenOf(cluster: Json, sights: readonly Sight[]): string {
  const replicas = listOf(cluster, 'replicas');
  const named = (flagName: string) =>
    replicas
      .filter((replica) => replica[flagName] === true)
      .map((replica) => textOf(replica, 'replica'))
      .join(', ') || 'NONE';
  const shards = listOf(cluster, 'shards');
  const brokers = listOf(cluster, 'brokers');
  const isReached = brokers.some(({ isConnected }) => isConnected === true);
  return rowsText([
    ['cluster', `${textOf(cluster, 'name')}, partition ${numberOf(cluster, 'partition')}`],
    ['publisher', named('isPublisher')],
    ['active', named('isActive')],
    ...replicas.map((replica): [string, string] => ['replica', replicaText(replica)]),
    ...shards.map((shard): [string, string] => ['shard', shardText(shard)]),
    ...brokers.map((broker): [string, string] => ['broker', brokerText(broker, isReached)]),
    ...sights
      .filter((sight) => sight.cluster === null)
      .map(({ url }): [string, string] => ['no answer', `${url} is no replica, or is not reached`]),
  ]);
}

function replicaText(replica: Json): string {
  const parts = [
    `${textOf(replica, 'replica')} ${textOf(replica, 'version')}: ${stateOf(replica)}`,
    `${whole(numberOf(replica, 'progress'))} applied`,
    `log ${whole(numberOf(replica, 'logSeq'))}`,
  ];
  const holes = numberOf(replica, 'holes');
  if (holes > 0) parts.push(`${whole(holes)} rounds skipped because something before them was missing`);
  return parts.join(', ');
}

function stateOf(replica: Json): string {
  if (isSilent(replica)) return `SILENT for ${seconds(replica, 'heardAgoMs')}`;
  return replica['isReady'] === true ? 'ready' : 'NOT ready';
}

function isSilent(replica: Json): boolean {
  return numberOf(replica, 'heardAgoMs') >= SILENT_MS;
}

function shardText(shard: Json): string {
  const splitter = textOf(shard, 'splitter');
  return [
    `${textOf(shard, 'stream')}: applied up to ${whole(numberOf(shard, 'upto'))}`,
    `${seconds(shard, 'lagMs')} behind`,
    splitter === '' ? 'split by NOBODY' : `split by ${splitter.split('.')[0]}`,
    ...(shard['isAway'] === true ? ['its server is AWAY'] : []),
  ].join(', ');
}

/** Without a connection the replica knows of no server whether it is there. */
function brokerText(broker: Json, isReached: boolean): string {
  const name = `${textOf(broker, 'name')} ${textOf(broker, 'version')}`.trim();
  if (!isReached) return `${name}, NOT REACHED`;
  const leads = broker['leads'];
  return [
    name,
    ...(broker['isAway'] === true ? ['AWAY'] : []),
    ...(broker['isConnected'] === true ? ['connected'] : []),
    Array.isArray(leads) && leads.length > 0 ? `leads ${leads.join(', ')}` : 'leads no stream',
  ].join(', ');
}

function seconds(of: Json, name: string): string {
  return `${(numberOf(of, name) / 1_000).toFixed(1)} s`;
}

function listOf(of: Json, name: string): readonly Json[] {
  const list = of[name];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function numberOf(of: Json, name: string): number {
  return typeof of[name] === 'number' ? of[name] : 0;
}

/** Control characters are left out: the text comes from another process. */
function textOf(of: Json, name: string): string {
  return typeof of[name] === 'string' ? of[name].replaceAll(/\p{Cc}/gu, '') : '';
}
