import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { wsconnect } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRunning } from '../../../src/io/embedded-broker/system-process.ts';
import { type Aggregator, SERVE_WITH_SEAMS } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import type { OwnFolder } from '../../support/embedded.ts';
import { send } from '../../support/federation.ts';
import { freePort } from '../../support/free-port.ts';
import { taskReceived, tasks } from '../../support/messages.ts';
import {
  at,
  brokerPid,
  childrenBeside,
  connectTo,
  launch,
  launchBroker,
  runToEnd,
  testFolder,
} from '../../support/program.ts';
import { rowsOf, valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const STOP_TIME_MAX_MS = 5000;

function said(program: Aggregator, start: string): string | undefined {
  return program.log.find(({ msg }) => msg.startsWith(start))?.msg;
}

/** Sends the signal, and returns the exit code and the time until the end. */
async function ended(program: Aggregator, ...signals: NodeJS.Signals[]) {
  const startedMs = performance.now();
  for (const signal of signals) program.process.kill(signal);
  return { ...(await program.exit), tookMs: performance.now() - startedMs };
}

/** A server that listens at the port until the test is over, and sends nothing. */
async function occupied(): Promise<number> {
  const port = await freePort();
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return port;
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

describe('program', () => {
  it('program - the log names the places of broker, WebSocket, database and HTTP, and each is there', async () => {
    const own = await testFolder('prints');
    const program = launch(own.env);
    await program.ready();
    const pid = brokerPid(own);
    expect(said(program, `broker: ${own.natsUrl}, `)).toMatch(
      new RegExp(
        `embedded nats-server [0-9.]+ \\(truebit-aggregator-[0-9a-f]{8}, process ${pid}, started\\)$`,
      ),
    );
    const wsUrl = `ws://127.0.0.1:${own.wsPort}`;
    expect(said(program, 'broker for monitors:')).toBe(`broker for monitors: ${wsUrl} (WebSocket)`);
    expect(said(program, 'database:')).toBe(`database: ${own.databasePath}`);
    const url = await program.url();
    expect(said(program, 'dashboard:')).toBe(`dashboard: ${url} (statistics, /metrics, /readyz)`);
    const monitor = await wsconnect({ servers: wsUrl });
    monitor.publish('truebit.tasks.received', taskReceived(1).payload);
    await monitor.flush();
    await monitor.close();
    await until(
      'its message to be counted',
      async () => (await program.metric('aggregator_messages_total')) === 1,
    );
    await expectConserved(program);
    expect(program.log.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
    expect(await program.stop()).toBe(0);
  });

  it('program - setting names of the earlier aggregator give one warning, and have no other effect', async () => {
    const earlier = { RATE_LIMIT_PER_NODE: '5', GLOBAL_RATE_LIMIT: 'x', CLEANUP_INTERVAL: '60000' };
    const own = await testFolder('earlier');
    const { code, stdout } = await runToEnd({ ...own.env, ...earlier }, ['check-config']);
    const warnings = stdout.split('\n').filter((line) => line.startsWith('warning: '));
    expect({ code, warnings }).toEqual({
      code: 0,
      warnings: [
        expect.stringMatching(/^warning: RATE_LIMIT_PER_NODE, GLOBAL_RATE_LIMIT, CLEANUP_INTERVAL: /),
      ],
    });
    const asJson = await runToEnd({ ...own.env, ...earlier, NATS_PASSWORD: 'canary' }, [
      'check-config',
      '--json',
    ]);
    expect(asJson.stdout).not.toContain('canary');
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      set: expect.arrayContaining([{ name: 'NATS_PASSWORD', value: null }]) as unknown,
      warnings: warnings.map((line) => line.replace('warning: ', '')),
    });
    const wrong = await runToEnd({ ...own.env, HTTP_PORT: 'x', PUBLISH: 'x' }, ['check-config', '--json']);
    expect([wrong.code, wrong.stderr]).toEqual([1, '']);
    expect((JSON.parse(wrong.stdout) as { mistakes: string[] }).mistakes).toEqual([
      expect.stringMatching(/^PUBLISH "x": allowed is /),
      expect.stringMatching(/^HTTP_PORT "x": allowed is /),
    ]);
    const program = launch({ ...own.env, ...earlier });
    await program.ready();
    const told = program.log
      .filter(({ level }) => level === 'warn' || level === 'error')
      .map(({ msg }) => msg);
    expect(told).toEqual(warnings.map((line) => line.replace('warning: ', 'settings: ')));
    expect(await program.stop()).toBe(0);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'program - on %s received messages are committed, the broker ends, exit 0 within 5 s; the next start reads the rest',
    async (signal) => {
      const own = await testFolder('signal');
      const program = launch({ ...own.env, SEAMS: '{"commitDelayMs":500}' }, SERVE_WITH_SEAMS);
      await program.ready();
      const connection = await connectTo(own.natsUrl);
      let sent = 0;
      // Commits are slow, so some messages wait for a commit when the signal comes, and others are still in the broker.
      const received = await until('some messages to be counted', async () => {
        await send(connection, tasks(sent, sent + 50));
        sent += 50;
        const metric = await program.metric('aggregator_messages_received_total');
        return metric > 0 && metric;
      });
      const end = await ended(program, signal);
      expect(end).toMatchObject({ code: 0, signal: null });
      expect(end.tookMs).toBeLessThan(STOP_TIME_MAX_MS);
      expect(said(program, 'stopped')).toBeDefined();
      expect(program.errors()).toBe('');
      expect(childrenBeside(own.databasePath)).toEqual([]);
      const [position] = rowsOf(own.databasePath, 'SELECT last_seq, applied, lost FROM ingest_position');
      const last = Number(position?.['last_seq']);
      expect(position).toMatchObject({ applied: last, lost: 0 });
      expect(last).toBeGreaterThanOrEqual(received);
      expect(valueOf(own.databasePath, 'SELECT count(*) FROM aggregated_tasks')).toBe(last);

      const next = launch(own.env);
      await next.ready();
      await until('the rest to be committed', () => {
        return valueOf(own.databasePath, 'SELECT count(*) FROM aggregated_tasks') === sent;
      });
      await expectConserved(next);
      expect(await next.metric('aggregator_messages_received_total')).toBe(sent - last);
      expect(await next.stop()).toBe(0);
    },
  );

  it('program - on SIGTERM on plain NATS, where no message can be read again, every arrived message is committed', async () => {
    const own = await testFolder('plain');
    const broker = await launchBroker({});
    const env = at(broker.url, own, { PUBLISH_INTERVAL: '600000', SEAMS: '{"commitDelayMs":300}' });
    const program = launch(env, SERVE_WITH_SEAMS);
    await program.ready();
    const connection = await connectTo(broker.url);
    const sent = [0];
    await until('a steady feed', async () => {
      const from = sent.at(-1) ?? 0;
      await send(connection, tasks(from, from + 50));
      sent.push(from + 50);
      return sent.length > 30;
    });
    await expectConserved(program);
    expect(await ended(program, 'SIGTERM')).toMatchObject({ code: 0, signal: null });
    // Messages of the last moments may not have arrived. Of the others the writer has seen a quarter.
    const arrived = sent.at(-12);
    const kept = valueOf(own.databasePath, 'SELECT count(*) FROM aggregated_tasks');
    expect(kept).toBeGreaterThanOrEqual(arrived ?? Number.NaN);
  });

  it('program - a database that other users may read gives a warning, and one that the program made gives none', async () => {
    const own = await testFolder('readable');
    const mute = { ...own.env, EMBEDDED_NATS: 'off', NATS_URL: `nats://127.0.0.1:${await freePort()}` };
    const toldOf = async () => {
      const program = launch(mute);
      await program.url();
      await program.stop();
      return program.log.filter(({ msg }) => msg.includes('other users may read')).map(({ level }) => level);
    };
    expect(await toldOf()).toEqual([]);
    chmodSync(own.databasePath, 0o644);
    expect(await toldOf()).toEqual(['warn']);
  });

  it('program - two signals at once count as one', async () => {
    const own = await testFolder('twice');
    const program = launch({ ...own.env, SEAMS: '{"commitDelayMs":600}' }, SERVE_WITH_SEAMS);
    await program.ready();
    await expectConserved(program);
    expect(await ended(program, 'SIGINT', 'SIGTERM')).toMatchObject({ code: 0, signal: null });
    expect(program.log.filter(({ msg }) => msg.includes(': stopping'))).toHaveLength(1);
    expect(childrenBeside(own.databasePath)).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'program - %s more than a second after the first signal ends it at once with %i',
    async (signal, code) => {
      const own = await testFolder('later');
      const seams = { commitDelayMs: 3500 };
      const env = { ...own.env, PUBLISH_INTERVAL: '600000', SEAMS: JSON.stringify(seams) };
      const program = launch(env, SERVE_WITH_SEAMS);
      await until('the start', () => said(program, 'ready to aggregate'));
      program.process.kill('SIGTERM');
      await until('the first signal to be taken', () => said(program, 'SIGTERM: stopping'));
      const takenAtMs = performance.now();
      await until('more than a second to pass', () => performance.now() - takenAtMs > 1050);
      expect(program.process.exitCode).toBe(null);
      const end = await ended(program, signal);
      expect(end).toMatchObject({ code, signal: null });
      expect(end.tookMs).toBeLessThan(1000);
    },
  );

  it('program - a second process on the same database ends with 1 and names the holder', async () => {
    const own = await testFolder('holder');
    const first = launch(own.env);
    await first.ready();
    const ports = {
      EMBEDDED_NATS_PORT: String(await freePort()),
      EMBEDDED_NATS_WS_PORT: String(await freePort()),
    };
    const { code, told } = await runToEnd({ ...own.env, ...ports });
    expect({ code, told }).toEqual({
      code: 1,
      told: [
        expect.stringMatching(
          new RegExp(`in use by pid ${first.process.pid} on .*DB_PATH.*\\[database_in_use\\]$`),
        ),
      ],
    });
    await first.ready();
    expect(childrenBeside(own.databasePath)).toEqual([brokerPid(own)]);
    await expectConserved(first);
    expect(await first.stop()).toBe(0);
  });

  it('program - after kill -9 the next start takes the left-over broker over', async () => {
    const own = await testFolder('leftover');
    const first = launch(own.env);
    await first.ready();
    const pid = brokerPid(own);
    first.process.kill('SIGKILL');
    await first.exit;
    expect(pid !== null && isRunning(pid)).toBe(true);
    const connection = await connectTo(own.natsUrl);
    connection.publish('truebit.tasks.received', taskReceived(1).payload);
    await connection.flush();

    const next = launch(own.env);
    await next.ready();
    expect(brokerPid(own)).toBe(pid);
    expect(said(next, 'broker: nats')).toContain(`process ${pid}, left over from an earlier run, taken over`);
    await until('what came meanwhile', async () => (await next.metric('aggregator_messages_total')) === 1);
    await expectConserved(next);
    expect(await next.stop()).toBe(0);
    expect(childrenBeside(own.databasePath)).toEqual([]);
  });

  it('program - a signal at any moment of the start ends the program with 0 and leaves no process', async () => {
    const moments: readonly [string, (own: OwnFolder, program: Aggregator) => unknown][] = [
      ['the folder is made', ({ databasePath }) => existsSync(`${databasePath}.lock`)],
      ['the database is open', ({ databasePath }) => existsSync(`${databasePath}-wal`)],
      ['the broker is looked for', ({ databasePath }) => existsSync(databasePath.replace(/\.db$/, '-nats'))],
      ['the broker is being started', (own) => childrenBeside(own.databasePath).length > 0],
      ['the broker has written its pid', (own) => brokerPid(own) !== null],
      ['the places are said', (_own, program) => said(program, 'broker: nats')],
      ['the broker is connected', (_own, program) => said(program, 'broker: connected')],
    ];
    for (const [moment, isReached] of moments) {
      const own = await testFolder('start');
      const program = launch(own.env);
      await until(moment, () => Boolean(isReached(own, program)));
      const end = await ended(program, 'SIGTERM');
      expect({ moment, code: end.code, signal: end.signal }).toEqual({ moment, code: 0, signal: null });
      expect(end.tookMs).toBeLessThan(STOP_TIME_MAX_MS);
      expect({ moment, errors: program.errors() }).toEqual({ moment, errors: '' });
      expect({ moment, left: childrenBeside(own.databasePath) }).toEqual({ moment, left: [] });
    }
  });

  it('program - a signal while a silent server is being asked ends the program with 0 within 5 s', async () => {
    const own = await testFolder('mute');
    const env = { ...own.env, EMBEDDED_NATS: 'off', NATS_URL: `nats://127.0.0.1:${await occupied()}` };
    const program = launch(env);
    await until('the start', () => said(program, 'ready to aggregate'));
    const end = await ended(program, 'SIGTERM');
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(end.tookMs).toBeLessThan(STOP_TIME_MAX_MS);
  });
});

interface Refusal {
  readonly env: Readonly<Record<string, string>>;
  readonly tells: RegExp;
}

const REFUSALS: readonly (readonly [string, (own: OwnFolder) => Refusal | Promise<Refusal>])[] = [
  [
    'the HTTP port taken',
    async () => {
      const port = await occupied();
      const tells = new RegExp(`127.0.0.1:${port} is in use .*HTTP_PORT.*\\[port_in_use\\]`);
      return { env: { HTTP_PORT: String(port) }, tells };
    },
  ],
  [
    'an HTTP address that lacks its interface',
    () => ({ env: { HTTP_HOST: 'fe80::1' }, tells: /^HTTP_HOST "fe80::1" is .*: .*\[settings_invalid\]$/ }),
  ],
  [
    "the broker's port taken",
    async () => {
      const port = await occupied();
      const tells = new RegExp(
        `Port ${port} \\(EMBEDDED_NATS_PORT\\) is taken .*set EMBEDDED_NATS_PORT.*\\[port_in_use\\]`,
      );
      return { env: { EMBEDDED_NATS_PORT: String(port) }, tells };
    },
  ],
  [
    'the WebSocket port taken',
    async () => {
      const port = await occupied();
      const tells = new RegExp(`Port ${port} \\(EMBEDDED_NATS_WS_PORT\\) is taken .*\\[port_in_use\\]`);
      return { env: { EMBEDDED_NATS_WS_PORT: String(port) }, tells };
    },
  ],
  [
    'a folder that cannot be made',
    () => ({
      env: { DB_PATH: '/sys/x/aggregator.db' },
      tells: /\/sys\/x .*DB_PATH.*\[folder_not_writable\]/,
    }),
  ],
  [
    'a folder that is a file',
    ({ folder }) => {
      writeFileSync(join(folder, 'file'), '');
      const tells = /\/file .*DB_PATH.*\[folder_not_writable\]/;
      return { env: { DB_PATH: join(folder, 'file', 'aggregator.db') }, tells };
    },
  ],
  [
    'a database that is a folder',
    ({ databasePath }) => {
      mkdirSync(databasePath);
      return { env: {}, tells: /DB_PATH .*aggregator\.db is a folder.*\[folder_not_writable\]/ };
    },
  ],
  [
    "a broker's folder that cannot be made",
    ({ folder }) => {
      writeFileSync(join(folder, 'file'), '');
      const tells = /EMBEDDED_NATS_DIR.*\[folder_not_writable\]/;
      return { env: { EMBEDDED_NATS_DIR: join(folder, 'file', 'broker') }, tells };
    },
  ],
  [
    'nats-server missing',
    () => ({
      env: { NATS_SERVER_BIN: '/nonexistent', PATH: '' },
      tells: /NATS_SERVER_BIN=\/nonexistent .*apt install nats-server.*NATS_URL.*\[broker_binary_missing\]/,
    }),
  ],
  [
    'wrong settings, all at once',
    () => ({
      env: {
        WORKERS: 'many',
        STALE_AFTER: '5000',
        OFFLINE_AFTER: '5000',
        NATS_PASSWORD: 'hush',
        NATS_TOKEN: 'hush',
      },
      tells:
        /^3 settings are wrong:\n  WORKERS "many": .*\n  OFFLINE_AFTER 5000: .*\n  NATS_PASSWORD, [^\n]*\[settings_invalid\]$/,
    }),
  ],
];

describe('program refuses', () => {
  it.each(REFUSALS)(
    'program refuses - %s, with one sentence with the remedy and exit 1, and leaves no process',
    async (_what, prepare) => {
      const own = await testFolder('refused');
      const { env, tells } = await prepare(own);
      const { code, told, stdout } = await runToEnd({ ...own.env, ...env });
      expect({ code, told }).toEqual({ code: 1, told: [expect.stringMatching(tells)] });
      expect(`${stdout}${told.join('')}`).not.toContain('hush');
      expect(`${stdout}${told.join('')}`).not.toContain('    at ');
      expect(childrenBeside(own.databasePath)).toEqual([]);
    },
  );

  it('program refuses - a path in quotes, and makes no folder of that name', async () => {
    onTestFinished(() => rmSync('"', { recursive: true, force: true }));
    const own = await testFolder('quoted');
    const env = { ...own.env, DB_PATH: `"${own.folder}/q.db"`, EMBEDDED_NATS: 'off' };
    for (const args of [[], ['check-config'], ['keys', 'list'], ['audit']]) {
      const { stderr } = await runToEnd(env, args);
      expect(stderr).toMatch(
        /^1 setting is wrong:\n {2}DB_PATH .* the quotes belong .* without quotes \[settings_invalid\]\n$/,
      );
    }
    expect(existsSync('"')).toBe(false);
  });

  it('program life - a path with spaces, apostrophes and other letters works', async () => {
    const own = await testFolder('spaced');
    const databasePath = join(own.folder, "Anna's Däta", 'my#1 base.db');
    const program = launch({ ...own.env, DB_PATH: databasePath });
    await program.ready();
    expect(await program.stop()).toBe(0);
    expect(existsSync(databasePath)).toBe(true);
  });

  it('program refuses - an unknown command, with exit code 2', async () => {
    const { code, stdout, stderr } = await runToEnd({}, ['frobnicate']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^'frobnicate' is not one of: serve, .*--help lists the options\. \[usage\]\n$/);
  });

  it('program refuses - a database newer than itself, and leaves it unchanged', async () => {
    const own = await testFolder('newer');
    const first = launch(own.env);
    await first.ready();
    expect(await first.stop()).toBe(0);
    const database = new Sqlite(own.databasePath);
    database.pragma('user_version = 999');
    database.close();
    const before = digestOf(own.databasePath);
    const { code, told } = await runToEnd(own.env);
    expect({ code, told }).toEqual({
      code: 1,
      told: [expect.stringMatching(/has version 999.* newer program.*\[database_newer\]$/)],
    });
    expect(digestOf(own.databasePath)).toBe(before);
  });

  it('program refuses - rubbish instead of a database, and leaves it unchanged', async () => {
    const own = await testFolder('rubbish');
    writeFileSync(own.databasePath, randomBytes(50_000));
    const before = digestOf(own.databasePath);
    const { code, told } = await runToEnd(own.env);
    expect({ code, told }).toEqual({
      code: 1,
      told: [expect.stringMatching(/aggregator\.db .*DB_PATH.*\[database_unusable\]$/)],
    });
    expect(digestOf(own.databasePath)).toBe(before);
  });

  // `fails`: store/database.ts sets WAL before it looks whose file it is, which rewrites two bytes of the header.
  it("program refuses - another program's SQLite file, and leaves it unchanged", async () => {
    const own = await testFolder('other');
    const database = new Sqlite(own.databasePath);
    database.exec('CREATE TABLE recipes(name TEXT)');
    database.close();
    const before = digestOf(own.databasePath);
    const { code, told } = await runToEnd(own.env);
    expect({ code, told }).toEqual({
      code: 1,
      told: [expect.stringMatching(/tables of another program.*DB_PATH.*\[database_unusable\]$/)],
    });
    expect(digestOf(own.databasePath)).toBe(before);
  });
});
