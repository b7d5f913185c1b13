// What happens to the files under the running program: the disk full, the database damaged, removed, replaced, its log
// removed or cut.

import { existsSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { NatsConnection } from 'nats';
import { describe, expect, it } from 'vitest';
import { type Aggregator, SERVE_WITH_SEAMS } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { damagePagesWith } from '../../support/damage.ts';
import { counted, send } from '../../support/federation.ts';
import { hashOf, taskReceived, tasks } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, runToEnd, testFolder } from '../../support/program.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { NO_LIMITS, NOW_MS, received } from '../store/events.ts';
import { valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

interface Started {
  /** Where the database is: a folder of its own, without the broker's. */
  readonly data: string;
  readonly databasePath: string;
  readonly env: Readonly<Record<string, string>>;
  readonly mend: () => void;
  readonly program: Aggregator;
  readonly connection: NatsConnection;
}

async function start(
  options: {
    env?: Readonly<Record<string, string>>;
    main?: string;
    /** Makes a database before the program starts, and returns the later actions of a test. */
    prepare?: (databasePath: string) => () => void;
  } = {},
): Promise<Started> {
  const own = await testFolder('disk');
  const broker = await launchBroker({ storeFolder: join(own.folder, 'broker') });
  const data = join(own.folder, 'data');
  const databasePath = join(data, 'a.db');
  const env = { ...at(broker.url, own, options.env), DB_PATH: databasePath };
  const mend = options.prepare?.(databasePath) ?? (() => undefined);
  const program = launch(env, options.main);
  await program.ready();
  return { data, databasePath, env, mend, program, connection: await connectTo(broker.url) };
}

/** Waits until `/readyz` gives this reason for the database. */
async function refused(program: Aggregator, reason: string): Promise<void> {
  await until(`"${reason}" in /readyz`, async () => {
    const { status, body } = await program.get('/readyz');
    const { database } = body['components'] as { database: { ok: boolean; reason?: string } };
    return status === 503 && !database.ok && database.reason?.includes(reason) === true;
  });
}

/** Error lines about the database; the tick may add any number of warnings. */
function complaints(program: Aggregator): string[] {
  return program.log.filter(({ level }) => level === 'error').map(({ msg }) => msg);
}

/** Checks that this number of tasks is stored, each message is counted once, and an orderly stop is possible. */
async function expectWhole(
  { program, databasePath }: Pick<Started, 'program' | 'databasePath'>,
  count: number,
) {
  // Before the program has looked at a damaged log, nobody else can read the file.
  await program.ready();
  await until(
    `sequence ${count}`,
    () => valueOf(databasePath, 'SELECT last_seq FROM ingest_position') === count,
  );
  expect(valueOf(databasePath, 'SELECT count(*) FROM tasks')).toBe(count);
  expect(valueOf(databasePath, 'SELECT applied FROM ingest_position')).toBe(count);
  expect(valueOf(databasePath, 'SELECT count(*) FROM quarantine')).toBe(0);
  expect(valueOf(databasePath, 'PRAGMA integrity_check')).toBe('ok');
  await expectConserved(program, databasePath);
  expect(await program.stop()).toBe(0);
}

describe('disk full', () => {
  it('disk full - no more messages are read, one log line and /readyz give the remedy, and with free space everything is stored', async () => {
    const started = await start({ main: SERVE_WITH_SEAMS, env: { SEAMS: JSON.stringify({ pagesMax: 70 }) } });
    const { program, connection } = started;
    await send(connection, tasks(0, 3000));
    await refused(program, 'the disk is full; make room');
    const stored = valueOf(started.databasePath, 'SELECT last_seq FROM ingest_position');
    await send(connection, tasks(3000, 4000));
    // The writer tries again every second, with the same result each time. Two ticks take longer than that; on a slow
    // machine the messages count as a backlog after 10 s, and ticks stop.
    const ticks = () => program.metric('aggregator_tick_seconds_count');
    const ticksBefore = await ticks();
    await until(
      'another attempt to commit',
      async () =>
        (await ticks()) >= ticksBefore + 2 || (await program.metric('aggregator_catching_up')) === 1,
    );
    expect(valueOf(started.databasePath, 'SELECT last_seq FROM ingest_position')).toBe(stored);
    expect(complaints(program)).toHaveLength(1);
    program.process.kill('SIGWINCH');
    await expectWhole(started, 4000);
  });
});

describe('removed', () => {
  it('removed - a removed database is not written until the same file is back, and then the program continues by itself', async () => {
    const started = await start();
    const { program, connection, data } = started;
    await send(connection, tasks(0, 10));
    await counted(program, 10);
    renameSync(data, `${data}.away`);
    await send(connection, tasks(10, 20));
    await refused(program, 'was removed, or its folder is not mounted');
    expect(existsSync(data)).toBe(false);
    renameSync(`${data}.away`, data);
    await expectWhole(started, 20);
    expect(complaints(program)).toHaveLength(1);
  });

  it('removed - SIGTERM while the file is away ends the program with exit code 0', async () => {
    const { program, connection, data } = await start();
    rmSync(data, { recursive: true });
    await send(connection, tasks(0, 10));
    await refused(program, 'was removed');
    expect(await program.stop()).toBe(0);
    expect(existsSync(data)).toBe(false);
  });

  it('removed - another file in its place ends the program, and the next start continues with that file', async () => {
    const started = await start();
    const { program, connection, databasePath, env } = started;
    await send(connection, tasks(0, 10));
    await counted(program, 10);
    const copy = `${databasePath}.copy`;
    await new Sqlite(databasePath, { readonly: true }).backup(copy);
    await send(connection, tasks(10, 20));
    await counted(program, 20);
    renameSync(copy, databasePath);
    await send(connection, tasks(20, 30));
    expect((await program.exit).code).toBe(1);
    expect(program.log.filter(({ code }) => code === 'database_replaced')).toHaveLength(1);
    for (const beside of ['-wal', '-shm']) rmSync(`${databasePath}${beside}`, { force: true });
    await expectWhole({ program: launch(env), databasePath }, 30);
  });

  it('removed - a file removed while the program was down is not replaced by a new database', async () => {
    const { program, databasePath, env } = await start();
    expect(await program.stop()).toBe(0);
    renameSync(databasePath, `${databasePath}.away`);
    const ended = await runToEnd(env);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('database_missing');
    expect(existsSync(databasePath)).toBe(false);
    renameSync(`${databasePath}.away`, databasePath);
    const again = launch(env);
    await again.ready();
    expect(await again.stop()).toBe(0);
  });
});

describe('write-ahead log', () => {
  it('write-ahead log - a log removed while it is open loses no row, and the next start continues', async () => {
    const { program, connection, databasePath, env } = await start();
    await send(connection, tasks(0, 500));
    await counted(program, 500);
    rmSync(`${databasePath}-wal`);
    await send(connection, tasks(500, 600));
    expect((await program.exit).code).toBe(1);
    expect(program.log.filter(({ code }) => code === 'database_replaced')).toHaveLength(1);
    expect(valueOf(databasePath, 'SELECT last_seq FROM ingest_position')).toBe(500);
    await expectWhole({ program: launch(env), databasePath }, 600);
  });

  it.each([
    ['emptied', 0],
    ['cut in the middle', 0.5],
  ])(
    'write-ahead log - %s while it is open: nothing is written any more, and the stream is read again',
    async (_what, share) => {
      const { program, connection, databasePath, env } = await start();
      await send(connection, tasks(0, 500));
      await counted(program, 500);
      const log = `${databasePath}-wal`;
      truncateSync(log, Math.floor(readFileSync(log).length * share));
      await send(connection, tasks(500, 600));
      expect((await program.exit).code).toBe(1);
      expect(program.log.filter(({ code }) => code === 'database_replaced')).toHaveLength(1);
      await expectWhole({ program: launch(env), databasePath }, 600);
    },
  );

  it.each([
    ['removed', (log: string) => rmSync(log)],
    ['emptied', (log: string) => truncateSync(log, 0)],
    ['cut in the middle', (log: string) => truncateSync(log, Math.floor(readFileSync(log).length / 2))],
  ])(
    'write-ahead log - %s after a kill -9: the stream is read again from what the file holds',
    async (_what, spoil) => {
      const { program, connection, databasePath, env } = await start();
      await send(connection, tasks(0, 500));
      await counted(program, 500);
      program.process.kill('SIGKILL');
      await program.exit;
      spoil(`${databasePath}-wal`);
      await send(connection, tasks(500, 600));
      await expectWhole({ program: launch(env), databasePath }, 600);
    },
  );

  it('write-ahead log - a log that a tool has moved into the database is not a fault', async () => {
    const started = await start();
    const { program, connection, databasePath } = started;
    await send(connection, tasks(0, 500));
    await counted(program, 500);
    const tool = new Sqlite(databasePath);
    await until('the log to be brought in', () => {
      const [row] = tool.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      return row?.busy === 0;
    });
    tool.close();
    await send(connection, tasks(500, 600));
    await expectWhole(started, 600);
  });
});

/** Overwrites the leaf page on which a task's row stands; returns the repair. */
function damage(databasePath: string, task: number): () => void {
  return damagePagesWith(databasePath, Buffer.from(hashOf(task), 'hex'));
}

/** More than the segment that every start reads as a whole. */
const ROWS = 140_000;

/** A database with this number of tasks, of which one of the oldest is damaged; returns the repair. */
function fill(databasePath: string, count: number): () => void {
  const database = openFederationWriter(databasePath);
  const options = { limits: NO_LIMITS, generationSize: 1000, transitionsPerNodeMax: 10 };
  const writer = new FederationWriter(database, options, 'test');
  for (let task = 0; task < count; task++) {
    const moment = { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 };
    writer.apply(received('node-0001', hashOf(task)), moment);
    if (task % 32_000 === 0) writer.commit(NOW_MS, 0);
  }
  writer.commit(NOW_MS, 0);
  writer.close();
  return damage(databasePath, 1234);
}

describe('damaged', () => {
  it('damaged - damage found while running stops all writes, leaves the file unchanged, and after a repair the program continues', async () => {
    // Retention would read every row by itself.
    const env = { RETENTION_DAYS: '0' };
    const started = await start({ env, prepare: (path) => fill(path, ROWS) });
    const { program, connection, databasePath, mend } = started;
    const damaged = readFileSync(databasePath);
    await send(connection, [taskReceived(1234, 'node-0002'), ...tasks(ROWS, ROWS + 10)]);
    await refused(program, 'the file is damaged and is left as it is; stop the program and restore a backup');
    expect(readFileSync(databasePath).equals(damaged)).toBe(true);
    expect(valueOf(databasePath, 'SELECT count(*) FROM ingest_position WHERE last_seq > 0')).toBe(0);
    mend();
    await until('the position', () => valueOf(databasePath, 'SELECT last_seq FROM ingest_position') === 11);
    await program.ready();
    expect(valueOf(databasePath, 'SELECT count(*) FROM tasks')).toBe(ROWS + 10);
    expect(valueOf(databasePath, 'SELECT count(*) FROM quarantine')).toBe(0);
    expect(valueOf(databasePath, 'PRAGMA integrity_check')).toBe('ok');
    expect(complaints(program)).toHaveLength(1);
    await expectConserved(program, databasePath);
    expect(await program.stop()).toBe(0);
  });

  it('damaged - damage found at the start ends the program with the remedy, and changes no byte of the file', async () => {
    const { program, connection, databasePath, env } = await start();
    await send(connection, tasks(0, 5000));
    await counted(program, 5000);
    expect(await program.stop()).toBe(0);
    // Every start reads the newest row.
    damage(databasePath, 4999);
    const damaged = readFileSync(databasePath);
    const ended = await runToEnd(env);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('database_unusable');
    expect(ended.stderr).toContain('it is left as it is; restore a backup');
    expect(readFileSync(databasePath).equals(damaged)).toBe(true);
  });
});
