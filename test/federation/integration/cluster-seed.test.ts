// `cluster seed` against real servers, real files and kill -9: a new replica gets the database of another one whole, or keeps
// its own.

import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createRawServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ApiKey, KeyBook, type Permission } from '../../../src/federation/domain/api-keys.ts';
import { keyHashOf, keyIdOf, newApiKey } from '../../../src/federation/domain/message-signature.ts';
import { addClusterBackupRoute } from '../../../src/federation/http/cluster-backup.ts';
import { BACKUP_KEPT_MS, ClusterBackupFile } from '../../../src/federation/http/cluster-backup-file.ts';
import { FEDERATION_DATABASE } from '../../../src/federation/store/federation-database.ts';
import { createHttpServer } from '../../../src/http/server.ts';
import { systemTimers, type Timers } from '../../../src/lib/timers.ts';
import { backupDatabase } from '../../../src/store/backup.ts';
import type { Room } from '../../../src/store/free-space.ts';
import { runCommand } from '../../support/command.ts';
import { MAIN } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { hash, NOW_MS, received } from '../store/events.ts';
import { Opened, testFolder } from '../store/opened.ts';

const PATH = process.env['PATH'] ?? '';
const DYING = fileURLToPath(new URL('../../support/seed-and-die.ts', import.meta.url));
const ROOM: Room = { freeBytes: 1e12, sizeBytes: 2e12 };

const [admin, other, reader] = [newApiKey(), newApiKey(), newApiKey()];
const BOOK = new KeyBook([keyOf(admin, ['admin']), keyOf(other, ['admin']), keyOf(reader, ['subscribe'])]);

function keyOf(text: string, permissions: readonly Permission[]): ApiKey {
  const keyHash = keyHashOf(text);
  const times = { createdAtMs: 0, revokedAtMs: null, createdEventMs: 0, revokedEventMs: null };
  return {
    keyId: keyIdOf(keyHash),
    keyHash,
    name: 'x',
    nodeId: null,
    permissions,
    ratePerMinute: 60,
    ...times,
  };
}

function folderOf(name: string): ReturnType<typeof testFolder> {
  const folder = testFolder(name);
  onTestFinished(() => folder.remove());
  return folder;
}

/** A database with these tasks. */
function makeDatabase(path: string, from: number, to: number): void {
  const opened = new Opened(path);
  for (let task = from; task < to; task++)
    opened.writer.apply(received('node-a', hash(task)), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
  opened.commit();
  opened.writer.close();
}

/** The number of tasks in a complete file. */
function tasksIn(path: string): number {
  const database = new Sqlite(path, { readonly: true });
  expect(database.pragma('integrity_check', { simple: true }), path).toBe('ok');
  const tasks = Number(database.prepare('SELECT count(*) FROM tasks').pluck().get());
  database.close();
  return tasks;
}

interface Source {
  readonly url: string;
  readonly path: string;
  /** Lines of the log. */
  readonly logged: string[];
}

/** A replica's address of backups over a real database with 300 tasks. */
async function startSource(
  folder: string,
  more: {
    readonly room?: Room;
    readonly timers?: Timers;
    readonly entry?: string;
    findKey?(keyId: string): ApiKey | undefined;
  } = {},
): Promise<Source> {
  const path = join(folder, 'source.db');
  makeDatabase(path, 0, 300);
  const logged: string[] = [];
  const file = new ClusterBackupFile(
    { databasePath: path, entry: more.entry ?? MAIN, searchPath: PATH },
    {
      timers: more.timers ?? systemTimers,
      room: () => more.room ?? ROOM,
      log: (_level, sentence) => void logged.push(sentence),
    },
  );
  await file.start();
  onTestFinished(() => file.stop());
  const server = createHttpServer(
    { host: '127.0.0.1', port: 0, hostSetting: 'HTTP_HOST', portSetting: 'HTTP_PORT' },
    {
      api: { title: 'x', description: 'x', codes: [], hasKeys: true, anyOrigin: true },
      live: () => true,
      readiness: () => ({ status: 'ready', components: {} }),
      readinessSchema: {},
      metrics: () => Promise.resolve({ contentType: 'text/plain', text: '' }),
      failed: (error) => {
        throw error;
      },
      pageFolder: new URL('../../../src/federation/http/page/', import.meta.url),
      addRoutes: (app) =>
        addClusterBackupRoute(app, {
          findKey: more.findKey ?? ((keyId) => BOOK.find(keyId)),
          clusterBackup: (keyId) => file.ask(keyId),
        }),
    },
  );
  const { url } = await server.start();
  onTestFinished(() => server.stop());
  return { url, path, logged };
}

function settingsOf(databasePath: string): Readonly<Record<string, string>> {
  return { PATH, DB_PATH: databasePath, CLUSTER: 'c', NATS_URL: 'nats://127.0.0.1:9' };
}

function tokenFile(folder: string, key = admin): string {
  const file = join(folder, 'key');
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return file;
}

const ask = (url: string, key: string, method = 'GET') =>
  fetch(`${url}/api/cluster/backup`, { method, headers: { authorization: `Bearer ${key}` } });

describe('cluster seed', () => {
  it('cluster seed - the database of the other replica takes the place of the own one, which is kept', async () => {
    const folder = folderOf('cluster-seed');
    const source = await startSource(folder.path(''));
    const path = folder.path('mine.db');
    makeDatabase(path, 500, 507);
    const args = ['cluster', 'seed', '--from', source.url, '--token-file', tokenFile(folder.path(''))];
    const first = await runCommand([...args, '--json'], settingsOf(path));
    expect(first).toMatchObject({ code: 0 });
    const said = JSON.parse(first.stdout) as { readonly replaced: string };
    expect(said).toMatchObject({ from: source.url, databasePath: path, tasks: 300 });
    expect(tasksIn(path)).toBe(300);
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(tasksIn(said.replaced)).toBe(7);
    await until('the backup to be removed', () => !existsSync(`${source.path}.for-replica`));
    expect(
      readdirSync(folder.path('')).filter((name) => /seeding|for-replica|unfinished/.test(name)),
    ).toEqual([]);
    // Into no database at all, and as text.
    const fresh = folder.path('fresh/new.db');
    const second = await runCommand(args, settingsOf(fresh));
    expect(second).toMatchObject({ code: 0 });
    expect(second.stdout).toMatch(/new\.db: seeded from http:.*, 300 tasks, .*; there was none before\n$/);
    expect(source.logged).toHaveLength(2);
  });

  it('cluster seed - what is wrong is said before anything is changed', async () => {
    const folder = folderOf('cluster-seed-wrong');
    const source = await startSource(folder.path(''));
    const path = folder.path('mine.db');
    const key = tokenFile(folder.path(''));
    const run = (args: readonly string[], env = settingsOf(path)) =>
      runCommand(['cluster', 'seed', ...args], env);
    const outcomes = await Promise.all([
      run(['--from', source.url]),
      run(['--from', 'ftp://x', '--token-file', key]),
      run(['--from', 'http://192.0.2.1:80', '--token-file', key]),
      run(['--from', source.url, '--token-file', key], { PATH, DB_PATH: path }),
      run(['--from', source.url, '--token-file', `${key}.none`]),
      run(['--from', 'http://127.0.0.1:9', '--token-file', key]),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([2, 2, 2, 2, 1, 2]);
    const sentences = outcomes.map(({ stderr }) => stderr);
    for (const [index, part] of [
      '--token-file is missing',
      '--from: must be a URL',
      'add --plain-http',
      'CLUSTER is not set',
      'cannot be read (ENOENT)',
      'Nothing answers at http://127.0.0.1:9 (ECONNREFUSED)',
    ].entries())
      expect(sentences[index]).toContain(part);
    const refused = await run(['--from', source.url, '--token-file', tokenFile(folder.path(''), reader)]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/does not have the permission admin.*as before\. \[copy_failed\]\n$/);
    const elsewhere = { name: 'other', id: 'x', partitions: 1, partition: 0 };
    const raw = new Sqlite(source.path);
    raw
      .prepare("INSERT INTO settings_kept (name, value) VALUES ('cluster', ?)")
      .run(JSON.stringify(elsewhere));
    raw.close();
    const foreign = await run(['--from', source.url, '--token-file', tokenFile(folder.path(''))]);
    expect(foreign).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/of the cluster other, .*\[cluster_mismatch\]/) as unknown,
    });
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('cluster seed - a key that the other replica learns a moment later is taken, and one that it never learns is refused after 10 s', async () => {
    const folder = folderOf('cluster-seed-new-key');
    let asked = 0;
    const findKey = (keyId: string) => (++asked > 4 ? BOOK.find(keyId) : undefined);
    const { url: late } = await startSource(folder.path(''), { findKey });
    const { url: never } = await startSource(folderOf('cluster-seed-no-key').path(''), {
      findKey: () => undefined,
    });
    const key = tokenFile(folder.path(''));
    const seedFrom = (url: string, path: string) =>
      runCommand(['cluster', 'seed', '--from', url, '--token-file', key], settingsOf(path));
    const [taken, refused] = await Promise.all([
      seedFrom(late, folder.path('mine.db')),
      seedFrom(never, folder.path('none.db')),
    ]);
    expect(taken.code, taken.stderr).toBe(0);
    expect(asked).toBeGreaterThan(4);
    expect(tasksIn(folder.path('mine.db'))).toBe(300);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/has not known the key for 10 s: .*as before\. \[copy_failed\]\n$/);
    expect(existsSync(folder.path('none.db'))).toBe(false);
  });

  it('cluster seed - killed anywhere, the old or the whole new database is in place, and a second try succeeds', async () => {
    const folder = folderOf('cluster-seed-killed');
    const backup = folder.path('backup.db');
    makeDatabase(folder.path('live.db'), 0, 300);
    await backupDatabase({
      program: FEDERATION_DATABASE,
      databasePath: folder.path('live.db'),
      file: backup,
      overwrite: false,
    });
    const server = createRawServer((_request, response) => {
      const bytes = readFileSync(backup);
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const key = tokenFile(folder.path(''));
    const seed = (path: string, call: number) =>
      new Promise<string>((resolve) => {
        const args = [DYING, String(call), '--from', url, '--token-file', key, '--json'];
        execFile(process.execPath, args, { env: settingsOf(path) }, (error, stdout, stderr) =>
          resolve(error?.signal === 'SIGKILL' ? 'killed' : error === null ? stdout : stderr),
        );
      });
    makeDatabase(folder.path('counted.db'), 500, 507);
    const whole = await seed(folder.path('counted.db'), 0);
    const calls = Number(whole.trim().split('\n').at(-1));
    expect(calls).toBeGreaterThan(20);
    const found = new Set<number>();
    const killAt = async (call: number) => {
      const path = folder.path(`killed-${call}.db`);
      makeDatabase(path, 500, 507);
      expect(await seed(path, call)).toBe('killed');
      const tasks = tasksIn(path);
      found.add(tasks);
      const again = await seed(path, 0);
      expect({ call, again: again.split('"tasks":')[1]?.slice(0, 3) }).toEqual({ call, again: '300' });
      expect(tasksIn(path)).toBe(300);
      expect(existsSync(`${path}.seeding`)).toBe(false);
    };
    // Four moments from the first call to the last; test/store/killed-restore.test.ts tries every call of the second half.
    const moments = [0, 0.4, 0.8, 1].map((share) => Math.max(1, Math.round(share * calls)));
    for (const pair of [moments.slice(0, 2), moments.slice(2)]) await Promise.all(pair.map(killAt));
    expect([...found].toSorted((one, two) => one - two)).toEqual([7, 300]);
  });

  it('cluster seed - killed while it fetches, or cut off by the other replica, it leaves the database as it was', async () => {
    const folder = folderOf('cluster-seed-cut');
    const path = folder.path('mine.db');
    makeDatabase(path, 500, 507);
    const server = createRawServer((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000_000 }).write(Buffer.alloc(300_000));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = ['cluster', 'seed', '--from', url, '--token-file', tokenFile(folder.path(''))];
    const hasPart = () => (statSync(`${path}.seeding`, { throwIfNoEntry: false })?.size ?? 0) > 200_000;
    const killed = spawn(process.execPath, [MAIN, ...args], { env: settingsOf(path), stdio: 'ignore' });
    await until('a part', hasPart);
    killed.kill('SIGKILL');
    await new Promise((resolve) => killed.once('exit', resolve));
    expect(tasksIn(path)).toBe(7);
    const cutOff = runCommand(args, settingsOf(path));
    await until('another part', async () => (await fetchCount(server)) > 0 && hasPart());
    server.closeAllConnections();
    const { code, stderr } = await cutOff;
    expect(code).toBe(1);
    expect(stderr).toMatch(/was not fetched from .* The database is as before\. \[copy_failed\]\n$/);
    expect(existsSync(`${path}.seeding`)).toBe(false);
    expect(tasksIn(path)).toBe(7);
  });
});

function fetchCount(server: ReturnType<typeof createRawServer>): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}

describe('cluster backup', () => {
  it('cluster backup - only a key with the permission admin gets it, one at a time, and it is removed afterwards', async () => {
    const folder = folderOf('cluster-backup');
    const { url, path } = await startSource(folder.path(''));
    expect((await fetch(`${url}/api/cluster/backup`)).status).toBe(401);
    expect((await ask(url, newApiKey())).status).toBe(401);
    expect((await ask(url, reader)).status).toBe(403);
    expect((await ask(url, admin, 'HEAD')).status).toBe(405);
    expect(existsSync(`${path}.for-replica`)).toBe(false);
    const first = await ask(url, admin);
    expect([first.status, first.headers.get('retry-after'), await first.json()]).toEqual([
      202,
      '1',
      { status: 'making' },
    ]);
    const busy = await ask(url, other);
    expect([busy.status, await busy.json()]).toMatchObject([409, { error: { code: 'backup_busy' } }]);
    const ready = await until('the backup', async () => {
      const answer = await ask(url, admin);
      return answer.status === 202 ? null : answer;
    });
    expect(ready.status).toBe(200);
    const bytes = Buffer.from(await ready.arrayBuffer());
    expect(bytes.length).toBe(Number(ready.headers.get('content-length')));
    const fetched = folder.path('fetched.db');
    writeFileSync(fetched, bytes);
    expect(tasksIn(fetched)).toBe(300);
    await until('the file to be gone', () => !existsSync(`${path}.for-replica`));
    expect((await ask(url, other)).status).toBe(202);
  });

  it('cluster backup - without room, or if it cannot be made, the answer says so; one that nobody fetches is removed', async () => {
    const full = await startSource(folderOf('cluster-backup-full').path(''), {
      room: { freeBytes: 6e10, sizeBytes: 1e12 },
    });
    const answer = await ask(full.url, admin);
    expect([answer.status, await answer.json()]).toMatchObject([507, { error: { code: 'no_room' } }]);

    const broken = await startSource(folderOf('cluster-backup-broken').path(''), {
      entry: '/no/such/entry.ts',
    });
    const failed = await until('the failure', async () => {
      const each = await ask(broken.url, admin);
      return each.status === 202 ? null : each;
    });
    expect([failed.status, await failed.json()]).toMatchObject([503, { error: { code: 'backup_failed' } }]);
    expect(broken.logged[0]).toMatch(/^backup for another replica: it was not made \(exit code 1\)/);

    const waits: { readonly delayMs: number; readonly run: () => void }[] = [];
    const timers: Timers = {
      after: (delayMs, run) => {
        waits.push({ delayMs, run });
        return { cancel: () => undefined };
      },
      every: () => ({ cancel: () => undefined }),
    };
    const left = await startSource(folderOf('cluster-backup-left').path(''), { timers });
    expect((await ask(left.url, admin)).status).toBe(202);
    const [wait] = await until('the backup', () => (waits.length > 0 ? waits : null));
    expect(wait?.delayMs).toBe(BACKUP_KEPT_MS);
    expect(existsSync(`${left.path}.for-replica`)).toBe(true);
    wait?.run();
    expect(existsSync(`${left.path}.for-replica`)).toBe(false);
  });
});
