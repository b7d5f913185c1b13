import { rmSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { connect, type NatsConnection } from 'nats';
import { afterEach, describe, expect, it } from 'vitest';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { ownFolder } from '../../support/embedded.ts';
import { until } from '../../support/until.ts';

let running: Aggregator | null = null;
let connection: NatsConnection | null = null;
let holder: Sqlite.Database | null = null;
afterEach(async () => {
  holder?.close();
  await connection?.close();
  await running?.stop();
  running = null;
  connection = null;
  holder = null;
});

/** Another process holds the write lock, as a tool that was left open does. */
function lock(databasePath: string): Sqlite.Database {
  holder = new Sqlite(databasePath, { timeout: 8000 });
  holder.exec('BEGIN IMMEDIATE');
  return holder;
}

async function start(extra: Readonly<Record<string, string>>) {
  const own = await ownFolder('locked');
  const program = startAggregator({ ...own.env, ...extra });
  running = program;
  await program.ready();
  const broker = await connect({ servers: own.natsUrl });
  connection = broker;
  let sent = 0;
  const beat = async () => {
    for (let node = 0; node < 20; node++) {
      const heartbeat = {
        version: '1.0',
        type: 'heartbeat',
        nodeId: `node-${node}`,
        data: { status: 'online' },
      };
      broker.publish('truebit.heartbeat', JSON.stringify(heartbeat));
      sent++;
    }
    await broker.flush();
  };
  await beat();
  await until('the nodes', async () => (await program.metric('aggregator_nodes', 'state="online"')) === 20);
  return { ...own, program, beat, sent: () => sent };
}

describe('locked database', () => {
  it('locked database - nodes that beat while the database cannot be written stay online, and every beat counts', async () => {
    const { folder, databasePath, program, beat, sent } = await start({
      STALE_AFTER: '4000',
      OFFLINE_AFTER: '8000',
      FORGET_AFTER: '60000',
    });
    const locked = lock(databasePath);
    const startedMs = performance.now();
    await until(
      'longer than OFFLINE_AFTER',
      async () => {
        await beat();
        return performance.now() - startedMs > 11_000;
      },
      20_000,
    );
    expect((await program.get('/readyz')).status).toBe(503);
    locked.exec('ROLLBACK');
    await beat();
    await until('all beats', async () => (await program.metric('aggregator_messages_total')) === sent());
    await program.ready();
    const database = new Sqlite(databasePath, { readonly: true });
    expect(database.prepare('SELECT * FROM node_transitions').all()).toEqual([]);
    expect(database.prepare('SELECT sum(heartbeat_count) FROM active_nodes').pluck().get()).toBe(sent());
    database.close();
    await expectConserved(program, databasePath);
    expect(await program.stop()).toBe(0);
    running = null;
    rmSync(folder, { recursive: true });
  });

  it('locked database - SIGTERM still ends the program and its broker within 5 s', async () => {
    const { folder, databasePath, natsUrl, program, beat } = await start({});
    lock(databasePath);
    await beat();
    await until('the commit to be refused', () =>
      program.log.some(({ msg }) => msg.includes('(SQLITE_BUSY): another process has it locked')),
    );
    const startedMs = performance.now();
    expect(await program.stop()).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(5000);
    running = null;
    await expect(connect({ servers: natsUrl, reconnect: false, timeout: 1000 })).rejects.toThrow(/refused/i);
    rmSync(folder, { recursive: true, force: true });
  });
});
