// A stream that changes at a real broker: shortened, emptied, made again, set back to a backup; while the program is
// down and while it runs. `test/federation/store/position.test.ts` has the rules as tables.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from 'nats';
import { describe, expect, it } from 'vitest';
import type { Aggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { counted, send, shown } from '../../support/federation.ts';
import { tasks } from '../../support/messages.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { rowsOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const STREAM = 'TRUEBIT_INGEST';

interface Stage {
  readonly env: Readonly<Record<string, string>>;
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  /** Rows of `ingest_position`, in order: sequences and outcomes that are not zero. */
  positions(): string[];
  /** Stops the broker in order, changes its store, and starts it again. */
  whileStopped(change: (store: string) => void): Promise<void>;
}

async function stage(name: string): Promise<Stage> {
  const own = await testFolder(name);
  const store = join(own.folder, 'store');
  let broker: NatsServer = await launchBroker({ storeFolder: store });
  const { port } = broker;
  const connection = await connectTo(broker.url);
  return {
    env: at(broker.url, own),
    connection,
    manager: await jetstreamManager(connection),
    positions: () =>
      rowsOf(own.databasePath, 'SELECT * FROM ingest_position ORDER BY rowid').map((row) => {
        const outcomes = ['applied', 'duplicate', 'lost'].filter((word) => row[word] !== 0);
        const said = outcomes.map((word) => `${String(row[word])} ${word}`).join(', ');
        return `${String(row['first_seq'])} to ${String(row['last_seq'])}: ${said}`;
      }),
    async whileStopped(change) {
      await broker.stop('SIGTERM');
      change(store);
      broker = await launchBroker({ storeFolder: store, port });
      const isBack = () =>
        connection.flush().then(
          () => true,
          () => false,
        );
      await until('the broker to be back', isBack);
    },
  };
}

/** Starts the program; resolves when it reads the stream. */
async function ready({ env }: Stage): Promise<Aggregator> {
  const program = launch(env);
  await program.ready();
  return program;
}

async function stopped(program: Aggregator): Promise<void> {
  await expectConserved(program);
  expect(await program.stop()).toBe(0);
}

function copyOf(store: string): string {
  return `${store}-backup`;
}

function backUp(store: string): void {
  cpSync(store, copyOf(store), { recursive: true });
}

function restore(store: string): void {
  rmSync(store, { recursive: true });
  cpSync(copyOf(store), store, { recursive: true });
}

describe('incarnations', () => {
  it('incarnations - a stream shortened by its limit while the program is down counts the unread messages as lost, once', async () => {
    const here = await stage('shortened');
    const first = await ready(here);
    await send(here.connection, tasks(0, 10));
    await counted(first, 10);
    await stopped(first);
    await here.manager.streams.update(STREAM, { max_msgs: 20 });
    await send(here.connection, tasks(10, 60));
    // The program's settings remove the limit again; the messages that it removed are gone.
    for (let start = 0; start < 2; start++) {
      const program = await ready(here);
      if (start === 0) await counted(program, 20);
      expect(await program.metric('aggregator_messages_lost_total')).toBe(start === 0 ? 30 : 0);
      await shown(program, { totalTasks: 30 });
      await stopped(program);
    }
    expect(here.positions()).toEqual(['1 to 60: 30 applied, 30 lost']);
  });

  it('incarnations - a stream emptied and made again while the program runs is read further, without a loss or a repeat', async () => {
    const here = await stage('under-our-hands');
    const program = await ready(here);
    await send(here.connection, tasks(0, 10));
    await counted(program, 10);
    await here.manager.streams.purge(STREAM);
    await send(here.connection, tasks(10, 20));
    await counted(program, 20);

    const readings = () => program.log.filter(({ msg }) => msg.includes('reading the stream T')).length;
    const before = readings();
    await here.manager.streams.delete(STREAM);
    // The program notices, makes the stream again and reads it; only then does the broker store new messages.
    await until('the new stream to be read', () => readings() > before);
    await send(here.connection, [...tasks(0, 5), ...tasks(20, 30)]);
    await counted(program, 35);
    await shown(program, { totalTasks: 30 });
    expect(await program.metric('aggregator_messages_lost_total')).toBe(0);
    await stopped(program);
    expect(here.positions()).toEqual(['1 to 20: 20 applied', '1 to 15: 10 applied, 5 duplicate']);
  });

  it.each([
    ['while we are away', false],
    ['under our hands', true],
  ])(
    'incarnations - set back to a backup %s: our position is ahead, and what comes is read',
    async (_when, isUp) => {
      const here = await stage('set-back');
      let program = await ready(here);
      await send(here.connection, tasks(0, 60));
      await counted(program, 60);
      await here.whileStopped(backUp);
      await send(here.connection, tasks(60, 100));
      await counted(program, 100);
      if (!isUp) await stopped(program);

      await here.whileStopped(restore);
      if (!isUp) program = await ready(here);
      await until('a row of its own', () => here.positions().length === 2);
      // Under sequences that the program has read: ten known messages, and thirty new ones.
      await send(here.connection, [...tasks(50, 60), ...tasks(200, 230)]);
      await until('all to be read', () => here.positions()[1] === '61 to 100: 30 applied, 10 duplicate');
      await shown(program, { totalTasks: 130 });
      expect(await program.metric('aggregator_messages_lost_total')).toBe(0);
      await stopped(program);
      expect(here.positions()).toEqual(['1 to 100: 100 applied', '61 to 100: 30 applied, 10 duplicate']);
    },
  );

  it('incarnations - a stream set back that grew beyond the position before the program looked is read from the position on', async () => {
    const here = await stage('overtaken');
    const first = await ready(here);
    await send(here.connection, tasks(0, 60));
    await counted(first, 60);
    await here.whileStopped(backUp);
    await send(here.connection, tasks(60, 100));
    await counted(first, 100);
    await stopped(first);
    await here.whileStopped(restore);
    await send(here.connection, tasks(200, 250));
    const second = await ready(here);
    await counted(second, 10);
    await shown(second, { totalTasks: 110 });
    await stopped(second);
    // Sequences 61 to 100 of the new stream are not read, because the program cannot know which it had read:
    // docs/guarantees.md
    expect(here.positions()).toEqual(['1 to 100: 100 applied', '101 to 110: 10 applied']);
  });
});
