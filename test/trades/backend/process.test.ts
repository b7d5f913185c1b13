// `aggregator ingest-server` as a process: signals, a taken port, a database in use, and kill -9 in the middle of it.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { COMPILED_CODE } from '../../support/compiled-code.ts';
import { freePort } from '../../support/free-port.ts';
import { runCommand } from '../../support/command.ts';
import { until } from '../../support/until.ts';
import { bucket, keyFile, signed, testFolder } from './running.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

function keysIn(folder: string): string {
  const source = keyFile(folder);
  return source.type === 'file' ? source.path : '';
}

async function launch(folder: string) {
  const port = await freePort();
  const env = {
    ...COMPILED_CODE,
    INGEST_PORT: String(port),
    INGEST_DB_PATH: join(folder, 'ingest.db'),
    LOG_FORMAT: 'text',
  };
  const child = spawn(process.execPath, [MAIN, 'ingest-server', '--keys', keysIn(folder)], { env });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await until('the backend', () => {
    if (child.exitCode !== null) throw new Error(said);
    return said.includes('ready for summaries');
  });
  return { child, ended, env, url, said: () => said };
}

const post = (url: string, body: string) => fetch(`${url}/api/ingest`, { method: 'POST', body });

describe('ingest-server', () => {
  it('stops in order, and a second one is told who holds port and database', async () => {
    const folder = testFolder();
    const first = await launch(folder);
    const keys = ['--keys', keysIn(folder)];
    const held = await runCommand(['ingest-server', ...keys], { ...first.env, INGEST_PORT: '0' });
    expect(held).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^[^\n]*in use[^\n]*\[database_in_use\]\n$/) as string,
    });
    const path = join(folder, 'other.db');
    const taken = await runCommand(['ingest-server', ...keys], { ...first.env, INGEST_DB_PATH: path });
    expect(taken.code).toBe(1);
    expect(taken.stderr).toMatch(/^127\.0\.0\.1:\d+ is in use [^\n]*INGEST_PORT[^\n]*\[port_in_use\]\n$/);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(first.said()).toMatch(/SIGTERM: stopping/);
    // The file alone is the whole database.
    expect(existsSync(join(folder, 'ingest.db-wal'))).toBe(false);
  });

  it.each([
    [{ INGEST_PORT: '70000' }, [], /INGEST_PORT "70000": allowed is .*\[settings_invalid\]\n$/s],
    [{ INGEST_DB_PATH: ':memory:' }, [], /INGEST_DB_PATH .*\[settings_invalid\]\n$/s],
    [
      {},
      ['--keys', '/nowhere/keys.json'],
      /^\/nowhere\/keys\.json gives no keys \(ENOENT\).*--keys.*\[settings_invalid\]\n$/,
    ],
    [{ INGEST_DB_PATH: '/dev/null' }, [], /INGEST_DB_PATH.*\[database_unusable\]\n$/],
  ])('does not start with %j %j, and says why in one sentence', async (settings, args, sentence) => {
    const folder = testFolder();
    const { code, stderr } = await runCommand(['ingest-server', ...args], {
      INGEST_PORT: '0',
      INGEST_DB_PATH: join(folder, 'a.db'),
      AGGREGATOR_PRIVATE_KEY: join(folder, 'none.key'),
      ...settings,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/(?<!\w)DB_PATH/);
  });

  it('leaves the database of another program as it is', async () => {
    const folder = testFolder();
    const path = join(folder, 'federation.db');
    openFederationWriter(path).close();
    const env = { INGEST_PORT: '0', INGEST_DB_PATH: path };
    const { code, stderr } = await runCommand(['ingest-server', '--keys', keysIn(folder)], env);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/is a database of federation, and this program is ingest/),
    ]);
  });

  it('killed in the middle of summaries it keeps whole ones, all that it answered for, each once', async () => {
    const folder = testFolder();
    const bodies = await Promise.all(
      Array.from({ length: 60 }, (_, at) => {
        const buckets = Array.from({ length: 200 }, (_none, each) => bucket(200 * at + each, 0));
        return signed({ period: [200 * at, 200 * (at + 1)], buckets, metadata: { seq: at + 1 } });
      }),
    );
    const answered = new Set<string>();
    let next = 0;
    for (const killAfter of [5, 20]) {
      const { child, ended, url } = await launch(folder);
      const sender = async (): Promise<void> => {
        while (next < bodies.length) {
          const body = bodies[next++] ?? '';
          const response = await post(url, body).catch(() => null);
          if (response === null) return;
          answered.add(body);
          if (answered.size >= killAfter) child.kill('SIGKILL');
        }
      };
      await Promise.all(Array.from({ length: 8 }, sender));
      expect(await ended).toBe(null);
    }
    const database = new Sqlite(join(folder, 'ingest.db'), { readonly: true });
    const whole = database
      .prepare<[], { body: string; buckets: number }>(
        'SELECT body, (SELECT count(*) FROM buckets WHERE summary = number) AS buckets FROM summaries LEFT JOIN bodies ON summary = number',
      )
      .all();
    const stored = new Set(whole.map(({ body }) => body));
    expect(new Set(whole.map(({ buckets }) => buckets))).toEqual(new Set([200]));
    expect([...answered].filter((body) => !stored.has(body))).toEqual([]);
    expect([...stored].filter((body) => !bodies.includes(body))).toEqual([]);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
    const { child, ended, url } = await launch(folder);
    const statuses = await Promise.all(bodies.map(async (body) => (await post(url, body)).status));
    expect(statuses.filter((status) => status === 409).length).toBe(stored.size);
    expect(statuses.filter((status) => status === 200).length).toBe(bodies.length - stored.size);
    const client = (await (await fetch(`${url}/api/ingest/client?client=1`)).json()) as object;
    expect(client).toMatchObject({ summaries: 60, hours: 12_000, findings: [] });
    child.kill('SIGINT');
    expect(await ended).toBe(0);
  });

  it('asks the service of its environment for keys, and says that it knows none', async () => {
    const folder = testFolder();
    const port = await freePort();
    const asked: (string | undefined)[] = [];
    const service = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(503).end();
    });
    await new Promise<void>((resolve) => service.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void service.close());
    const own = await freePort();
    const env = {
      INGEST_PORT: String(own),
      INGEST_DB_PATH: join(folder, 'a.db'),
      AGGREGATOR_PRIVATE_KEY: join(folder, 'none.key'),
      AGGREGATOR_PORT: String(port),
    };
    const child = spawn(process.execPath, [MAIN, 'ingest-server'], { env });
    onTestFinished(() => void child.kill('SIGKILL'));
    const url = `http://127.0.0.1:${own}`;
    const ready = await until('the backend', () => fetch(`${url}/readyz`).catch(() => null));
    expect(await ready.json()).toMatchObject({
      status: 'ready',
      components: { keys: { ok: true, reason: expect.stringContaining('no key is known yet') as string } },
    });
    const response = await post(url, await signed({ period: [0, 1] }));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(asked).toEqual(['/.well-known/aggregator/keys']);
  });
});
