// `aggregator cluster seed`: gives a new replica the database of another one. The backup is fetched into a file of its own,
// verified, and put in place as `restore` does, so a crash leaves the old database or the whole new one.

import { readFileSync, rmSync } from 'node:fs';
import { command } from '../../cli/command.ts';
import { flag, option } from '../../cli/command-line.ts';
import { print } from '../../cli/output.ts';
import { progressLine } from '../../cli/progress-line.ts';
import { type Environment, fromCaller } from '../../config/environment.ts';
import { systemClock } from '../../lib/clock.ts';
import { COMMAND_DESCRIPTORS, requireDescriptors } from '../../lib/descriptors.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';
import { isHttpUrl } from '../../lib/http-get.ts';
import { restoreDatabase } from '../../store/backup.ts';
import { lockDatabase } from '../../store/lock.ts';
import { readSettings, type ClusterSettings } from '../config/settings.ts';
import { isApiKey } from '../domain/message-signature.ts';
import { CLUSTER_BACKUP_PATH } from '../http/cluster-backup.ts';
import { FEDERATION_DATABASE } from '../store/federation-database.ts';
import { markSeeded } from '../store/last-run.ts';
import { checkMembership } from '../store/membership.ts';
import { fetchBackup } from './cluster-download.ts';
import { clusterOf, hearPlaces, withBrokers } from './cluster-places.ts';
import { FEDERATION } from './program.ts';

/** The other replica goes on counting while it sends. */
const BYTES_PER_SECOND_MAX = 50_000_000;

/** The command `cluster seed`. */
export const seedCommand = command({
  about:
    'Replaces the database of DB_PATH by that of another replica, as it is now. For a replica that is new, or has been away for longer than LOG_MAX_AGE; it must not run. The command verifies what it fetched before it changes anything, and keeps the database before as …replaced-TIME. After the next start the replica reads the log from there. Standard error shows the progress.',
  options: {
    from: option(
      'URL',
      'the other replica, https://host:port; default the one that has applied most, as the brokers of NATS_URL tell',
    ),
    'token-file': option('FILE', 'a file with an API key that has the permission admin; needed'),
    'plain-http': flag(
      'sends the key over http:// also to another machine; only in a network that nobody else can read',
    ),
    json: flag('print the result as JSON'),
  },
  exit: '0 the database is in place; 1 it failed, and nothing has changed; 2 usage, or nothing answers.',
  async run({ values }, env) {
    const { settings } = readSettings(env);
    const { cluster, databasePath } = settings;
    if (cluster === null) throw usage('CLUSTER is not set: give this command the settings of the replica.');
    const key = readKey(values['token-file'], env);
    requireDescriptors(COMMAND_DESCRIPTORS);
    const url = await addressOf(values.from, values['plain-http'], cluster, env);
    const lock = lockDatabase(databasePath, FEDERATION_DATABASE, 'replace');
    let isDone = false;
    const progress = progressLine('seed');
    const fetched = `${databasePath}.seeding`;
    try {
      // An attempt that was killed may have left a part.
      rmSync(fetched, { force: true });
      await fetchBackup({
        url,
        key,
        file: fetched,
        bytesPerSecondMax: BYTES_PER_SECOND_MAX,
        progress: progress.show,
      });
      checkMembership(fetched, cluster);
      const nowMs = systemClock.nowMs();
      const time = new Date(nowMs).toISOString().replaceAll(':', '-');
      const restored = restoreDatabase({
        program: { ...FEDERATION_DATABASE, noteRestored: markSeeded },
        databasePath,
        file: fetched,
        suffix: `replaced-${time}`,
        nowMs,
        progress: progress.show,
      });
      isDone = true;
      progress.end();
      print(textOf({ from: url.origin, databasePath, ...restored }, values.json));
      return 0;
    } finally {
      progress.end();
      for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(fetched + suffix, { force: true });
      if (isDone) lock.release();
      else lock.undo();
    }
  },
});

function textOf(
  seeded: {
    readonly from: string;
    readonly databasePath: string;
    readonly replaced: string | null;
  } & Parameters<typeof FEDERATION.describe>[0],
  isJson: boolean,
): string {
  if (isJson) return `${JSON.stringify(seeded)}\n`;
  const { from, databasePath, replaced } = seeded;
  const kept = replaced === null ? 'there was none before' : `the one before is ${replaced}`;
  return `${databasePath}: seeded from ${from}, ${FEDERATION.describe(seeded)}; ${kept}\n`;
}

function readKey(given: string | undefined, env: Environment): string {
  if (given === undefined)
    throw usage('--token-file is missing: the file of an API key with the permission admin.');
  const file = fromCaller(env, given);
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const why = errorCode(error) ?? 'unknown error';
    throw new CodedError('not_found', `The file ${file} of --token-file cannot be read (${why}).`, {
      cause: error,
    });
  }
  if (isApiKey(text)) return text;
  throw new CodedError('not_found', `The file ${file} of --token-file does not contain an API key alone.`);
}

/** The address of the backup. Errors: `usage`, `no_answer`, `not_found`. */
async function addressOf(
  from: string | undefined,
  isPlainAllowed: boolean,
  cluster: ClusterSettings,
  env: Environment,
): Promise<URL> {
  if (from !== undefined && !isHttpUrl(from))
    throw usage('--from: must be a URL that begins with http:// or https://.');
  const heard = from ?? (await heardAddress(cluster, env));
  const address = isHttpUrl(heard) ? heard : `http://${heard}`;
  const url = new URL(CLUSTER_BACKUP_PATH.slice(1), address.replace(/\/*$/, '/'));
  if (url.protocol === 'https:' || isPlainAllowed || LOOPBACK.test(url.hostname)) return url;
  throw usage(
    `${url.origin} is another machine, and over http:// anyone on the way can read the key and the database: name an https:// address with --from, or add --plain-http.`,
  );
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The address, or `host:port`, of the replica of the same partition that has applied most. */
async function heardAddress({ partition, replica }: ClusterSettings, env: Environment): Promise<string> {
  const places = await withBrokers(clusterOf(env, undefined).nats, hearPlaces);
  const [best] = places
    .filter((place) => place.partition === partition && place.replica !== replica)
    .toSorted(
      (one, other) =>
        Number(other.isReady) - Number(one.isReady) || other.position.progress - one.position.progress,
    );
  if (best !== undefined) return best.http;
  throw new CodedError(
    'not_found',
    `No other replica of partition ${partition} speaks at the brokers: start one, name one with --from, or restore a backup.`,
  );
}

function usage(sentence: string): CodedError {
  return new CodedError('usage', `${sentence} --help lists the options.`);
}
