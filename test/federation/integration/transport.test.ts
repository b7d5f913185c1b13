import { join } from 'node:path';
import { jetstream, jetstreamManager, type JetStreamManager, RetentionPolicy } from '@nats-io/jetstream';
import { type Msg, nanos, type NatsConnection } from 'nats';
import { describe, expect, it } from 'vitest';
import type { Aggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { counted, send, shown } from '../../support/federation.ts';
import { freePort } from '../../support/free-port.ts';
import { gateTo } from '../../support/gate.ts';
import {
  heartbeat,
  invoiceCreated,
  nodeJoined,
  nodeLeft,
  type Publication,
  taskCompleted,
  taskReceived,
  tasks,
} from '../../support/messages.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { rowsOf, valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const RETURN_TIME_MAX_MS = 5000;

/** One message on each input: 2 tasks, 1 of them completed, 1 invoice, 2 nodes. */
const ONE_OF_EACH: readonly Publication[] = [
  nodeJoined('node-0001'),
  heartbeat('node-0001'),
  taskReceived(1),
  taskReceived(2),
  taskCompleted(1, true),
  invoiceCreated(1),
  nodeLeft('node-0002'),
];
const ITS_STATISTICS = {
  totalTasks: 2,
  completedTasks: 1,
  failedTasks: 0,
  successRate: 100,
  totalInvoices: 1,
  totalNodes: 2,
  onlineNodes: 1,
  offlineNodes: 1,
  status: 'connected',
};

interface ReadyBody {
  readonly mode: string | null;
  readonly components: Readonly<Record<string, { readonly ok: boolean; readonly reason?: string }>>;
}

async function readiness(program: Aggregator): Promise<ReadyBody & { readonly code: number }> {
  const { status, body } = await program.get('/readyz');
  return { code: status, ...(body as unknown as ReadyBody) };
}

function isReady(program: Aggregator): Promise<boolean> {
  return readiness(program).then(({ code }) => code === 200);
}

async function manage(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection);
}

async function streamNames(manager: JetStreamManager): Promise<string[]> {
  const names: string[] = [];
  for await (const name of manager.streams.names()) names.push(name);
  return names;
}

/** The law of docs/federation.md#position: every sequence from the first to the last has one outcome. */
function positions(databasePath: string) {
  const rows = rowsOf(databasePath, 'SELECT * FROM ingest_position ORDER BY rowid') as unknown as Record<
    string,
    number
  >[];
  for (const row of rows) {
    const words = ['applied', 'duplicate', 'rejected', 'rate_limited', 'quarantined', 'ignored', 'lost'];
    const outcomes = words.reduce((sum, word) => sum + (row[word] ?? 0), 0);
    expect(outcomes).toBe((row['last_seq'] ?? 0) - (row['first_seq'] ?? 0) + 1);
  }
  return rows;
}

describe('transport', () => {
  it('transport - with the broker absent at start the program runs unready, and is ready within 5 s of the start of the broker', async () => {
    const own = await testFolder('absent');
    const port = await freePort();
    const program = launch(at(`nats://127.0.0.1:${port}`, own));
    await program.url();
    expect((await program.get('/livez')).status).toBe(200);
    const before = await until('its first report', async () => {
      const seen = await readiness(program);
      return seen.components['ingest']?.reason?.includes('cannot be reached') === true && seen;
    });
    expect(before).toMatchObject({
      code: 503,
      mode: null,
      components: { broker: { ok: false }, database: { ok: true } },
    });
    const { body } = await program.get('/api/federation/network-stats');
    expect(body).toMatchObject({ status: 'awaiting_data', lastUpdated: null, totalTasks: 0 });

    const broker = await launchBroker({ port, storeFolder: join(own.folder, 'store') });
    await until('readiness', () => isReady(program), RETURN_TIME_MAX_MS);
    expect((await readiness(program)).mode).toBe('jetstream');
    await send(await connectTo(broker.url), ONE_OF_EACH);
    await shown(program, ITS_STATISTICS);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('transport - a broker killed twice while messages are sent loses no message and makes none count twice', async () => {
    const own = await testFolder('killed');
    const storeFolder = join(own.folder, 'store');
    let broker = await launchBroker({ storeFolder });
    const { port } = broker;
    const program = launch(at(broker.url, own));
    await program.ready();
    const connection = await connectTo(broker.url);
    const publisher = jetstream(connection, { timeout: 500 });
    let stored = 0;
    const over = new AbortController();
    // Each task is sent until the broker acknowledges it: a task whose acknowledgement was lost is stored twice.
    const feed = (async () => {
      for (let isStored = false; !(isStored && over.signal.aborted); ) {
        const batch = tasks(stored, stored + 20);
        const publish = ({ subject, payload }: Publication) =>
          publisher.publish(subject, payload).then(
            () => true,
            () => false,
          );
        const results = await Promise.all(batch.map(publish));
        isStored = results.every(Boolean);
        if (isStored) stored += batch.length;
      }
    })();
    for (let kill = 1; kill <= 2; kill++) {
      const before = stored;
      await until('the feed to flow', () => stored > before + 200);
      await broker.stop('SIGKILL');
      await until('the loss to be seen', async () => !(await isReady(program)));
      expect((await readiness(program)).components['broker']?.ok).toBe(false);
      broker = await launchBroker({ storeFolder, port });
      await until('readiness', () => isReady(program), RETURN_TIME_MAX_MS);
    }
    const after = stored;
    await until('the feed to flow again', () => stored > after + 200);
    over.abort();
    await feed;

    const { state } = await (await manage(connection)).streams.info('TRUEBIT_INGEST');
    await until('all to be committed', () => {
      return valueOf(own.databasePath, 'SELECT last_seq FROM ingest_position') === state.last_seq;
    });
    const [position, ...others] = positions(own.databasePath);
    expect(others).toEqual([]);
    expect(position).toMatchObject({
      first_seq: 1,
      applied: stored,
      duplicate: state.last_seq - stored,
      lost: 0,
    });
    expect(valueOf(own.databasePath, 'SELECT count(*) FROM aggregated_tasks')).toBe(stored);
    await shown(program, { totalTasks: stored });
    expect(await program.metric('aggregator_broker_reconnects_total')).toBe(2);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('transport - without JetStream the program uses plain mode with correct statistics, also after the broker was away', async () => {
    const own = await testFolder('core');
    let broker = await launchBroker({});
    const { port } = broker;
    const program = launch(at(broker.url, own));
    await program.ready();
    expect(await readiness(program)).toMatchObject({ code: 200, mode: 'core' });
    const connection = await connectTo(broker.url);
    await send(connection, ONE_OF_EACH);
    await shown(program, ITS_STATISTICS);

    await broker.stop('SIGKILL');
    await until('the loss to be seen', async () => !(await isReady(program)));
    broker = await launchBroker({ port });
    await until('readiness', () => isReady(program), RETURN_TIME_MAX_MS);
    await send(connection, [...ONE_OF_EACH, ...tasks(3, 103)]);
    await shown(program, { ...ITS_STATISTICS, totalTasks: 102 });
    await counted(program, 4, 'outcome="duplicate"');
    expect(rowsOf(own.databasePath, 'SELECT * FROM ingest_position')).toEqual([]);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('transport - INGEST_MODE=jetstream without JetStream ends with 1 and the remedy', async () => {
    const own = await testFolder('fatal');
    const broker = await launchBroker({});
    const program = launch(at(broker.url, own, { INGEST_MODE: 'jetstream' }));
    expect(await program.exit).toEqual({ code: 1, signal: null });
    expect(program.errors()).toBe('');
    const errors = program.log.filter(({ level }) => level === 'error');
    expect(errors).toMatchObject([
      { code: 'jetstream_unavailable', msg: expect.stringMatching(/has no JetStream: .*INGEST_MODE=auto/) },
    ]);
  });

  it('transport - INGEST_MODE=core on a broker with JetStream reads in plain mode and makes no stream', async () => {
    const own = await testFolder('plainly');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const program = launch(at(broker.url, own, { INGEST_MODE: 'core' }));
    await program.ready();
    expect((await readiness(program)).mode).toBe('core');
    const connection = await connectTo(broker.url);
    expect(await streamNames(await manage(connection))).toEqual([]);
    await send(connection, ONE_OF_EACH);
    await shown(program, ITS_STATISTICS);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('transport - the program waits for a JetStream that does not answer, and does not take it for none', async () => {
    const own = await testFolder('mute');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const gate = await gateTo(broker.port, '$JS.API.INFO');
    const program = launch(at(gate.url, own, { INGEST_MODE: 'jetstream' }));
    await until('the question', () => gate.isShut);
    const seen = await until('its own timeout', async () => {
      const now = await readiness(program);
      return now.components['ingest']?.reason?.includes('timeout') === true && now;
    });
    expect(seen).toMatchObject({ code: 503, mode: null });
    gate.open();
    await until('readiness', () => isReady(program), RETURN_TIME_MAX_MS);
    expect((await readiness(program)).mode).toBe('jetstream');
    await send(await connectTo(broker.url), ONE_OF_EACH);
    await shown(program, ITS_STATISTICS);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });
});

describe('transport streams', () => {
  it('transport streams - a foreign stream with all six inputs is read and never altered, and its other messages are ignored', async () => {
    const own = await testFolder('foreign');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const connection = await connectTo(broker.url);
    const manager = await manage(connection);
    const { config: before } = await manager.streams.add({
      name: 'EVERYTHING',
      subjects: ['truebit.>'],
      max_age: nanos(3_600_000),
      max_msg_size: 100_000,
      duplicate_window: nanos(60_000),
    });
    // Messages from before the first attachment are read, from the first sequence of the stream on.
    await send(connection, [...ONE_OF_EACH, { subject: 'truebit.other', payload: '{}' }]);
    const program = launch(at(broker.url, own, { PUBLISH: 'off' }));
    await program.ready();
    expect((await readiness(program)).mode).toBe('jetstream');
    await send(connection, [...tasks(3, 53), { subject: 'truebit.tasks', payload: '' }]);
    await counted(program, ONE_OF_EACH.length + 52);
    await shown(program, { ...ITS_STATISTICS, totalTasks: 52 });
    expect(positions(own.databasePath)).toMatchObject([
      { stream: 'EVERYTHING', last_seq: ONE_OF_EACH.length + 52, ignored: 2, lost: 0, rejected: 0 },
    ]);
    expect(await program.metric('aggregator_messages_total', 'subject="other",outcome="ignored"')).toBe(2);
    expect((await manager.streams.info('EVERYTHING')).config).toEqual(before);
    expect(await streamNames(manager)).toEqual(['EVERYTHING']);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('transport streams - statistics of the program itself in a foreign stream are ignored', async () => {
    const own = await testFolder('echo');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const connection = await connectTo(broker.url);
    await (await manage(connection)).streams.add({ name: 'EVERYTHING', subjects: ['truebit.>'] });
    const program = launch(at(broker.url, own, { PUBLISH_INTERVAL: '100' }));
    await send(connection, ONE_OF_EACH);
    await shown(program, ITS_STATISTICS);
    await until('some ticks to come back', async () => {
      return (await program.metric('aggregator_messages_total', 'subject="other",outcome="ignored"')) >= 12;
    });
    expect(await program.metric('aggregator_messages_total', 'outcome="applied"')).toBe(ONE_OF_EACH.length);
    expect((await program.get('/readyz')).body).toMatchObject({
      components: {
        ingest: {
          ok: true,
          reason: expect.stringContaining('EVERYTHING keeps messages as long as RETENTION_DAYS'),
        },
      },
    });
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
    positions(own.databasePath);
  });

  it('transport streams - a stream with only some of the inputs leads to plain mode, and /readyz gives the reason', async () => {
    const own = await testFolder('some');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const connection = await connectTo(broker.url);
    const manager = await manage(connection);
    await manager.streams.add({ name: 'TASKS', subjects: ['truebit.tasks.*'] });
    const program = launch(at(broker.url, own));
    await program.ready();
    expect(await readiness(program)).toMatchObject({
      code: 200,
      mode: 'core',
      components: { ingest: { ok: true, reason: expect.stringMatching(/TASKS \(2 of 6\).*all 6/) } },
    });
    expect(await streamNames(manager)).toEqual(['TASKS']);
    await send(connection, ONE_OF_EACH);
    await shown(program, ITS_STATISTICS);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('transport streams - the stream TRUEBIT_INGEST with other settings is changed to the wanted settings, and keeps its messages', async () => {
    const own = await testFolder('mended');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const connection = await connectTo(broker.url);
    const manager = await manage(connection);
    await manager.streams.add({
      name: 'TRUEBIT_INGEST',
      subjects: ['truebit.tasks.>', 'truebit.other'],
      max_age: nanos(3_600_000),
      max_bytes: 1_000_000,
      max_msg_size: 500,
      max_msgs: 2,
      max_msgs_per_subject: 1,
      duplicate_window: nanos(60_000),
    });
    await send(connection, tasks(1, 2));
    const program = launch(at(broker.url, own, { STREAM_MAX_AGE: '86400000', STREAM_MAX_BYTES: '50000000' }));
    await program.ready();
    const { config } = await manager.streams.info('TRUEBIT_INGEST');
    expect(config).toMatchObject({
      max_age: nanos(86_400_000),
      max_bytes: 50_000_000,
      max_msg_size: -1,
      max_msgs: -1,
      max_msgs_per_subject: -1,
      duplicate_window: nanos(100),
      retention: RetentionPolicy.Limits,
      discard: 'old',
      storage: 'file',
    });
    expect(config.subjects.toSorted()).toEqual(SUBJECTS.toSorted());
    await send(connection, ONE_OF_EACH);
    await shown(program, ITS_STATISTICS);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('transport streams - a stream purged or made again while the program is down: lost messages are counted, and none counts twice', async () => {
    const own = await testFolder('anew');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const connection = await connectTo(broker.url);
    const manager = await manage(connection);
    const env = at(broker.url, own);
    const first = launch(env);
    await first.ready();
    await send(connection, tasks(0, 100));
    await counted(first, 100);
    expect(await first.stop()).toBe(0);

    // 50 messages that are removed unread, and 30 that remain.
    await send(connection, tasks(100, 150));
    await manager.streams.purge('TRUEBIT_INGEST');
    await send(connection, tasks(150, 180));
    const second = launch(env);
    await second.ready();
    await counted(second, 30);
    expect(await second.metric('aggregator_messages_lost_total')).toBe(50);
    await shown(second, { totalTasks: 130 });
    await expectConserved(second);
    expect(await second.stop()).toBe(0);
    expect(positions(own.databasePath)).toMatchObject([
      { first_seq: 1, last_seq: 180, applied: 130, lost: 50 },
    ]);

    // The same sequences now hold other messages: known tasks, and 20 new ones.
    await manager.streams.delete('TRUEBIT_INGEST');
    await manager.streams.add({ name: 'TRUEBIT_INGEST', subjects: [...SUBJECTS] });
    await send(connection, [...tasks(0, 100), ...tasks(200, 220)]);
    const third = launch(env);
    await third.ready();
    await counted(third, 120);
    expect(await third.metric('aggregator_messages_lost_total')).toBe(0);
    await shown(third, { totalTasks: 150 });
    await expectConserved(third);
    expect(await third.stop()).toBe(0);
    expect(positions(own.databasePath)).toMatchObject([
      { last_seq: 180, applied: 130, lost: 50 },
      { first_seq: 1, last_seq: 120, applied: 20, duplicate: 100, lost: 0 },
    ]);
  });

  it('transport streams - a stream purged to its end while the program is down: lost messages are counted at once', async () => {
    const own = await testFolder('emptied');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const connection = await connectTo(broker.url);
    const env = at(broker.url, own);
    const first = launch(env);
    await first.ready();
    await send(connection, tasks(0, 10));
    await counted(first, 10);
    expect(await first.stop()).toBe(0);
    await send(connection, tasks(10, 50));
    await (await manage(connection)).streams.purge('TRUEBIT_INGEST');
    const second = launch(env);
    await second.ready();
    await until(
      'the loss to be counted',
      async () => (await second.metric('aggregator_messages_lost_total')) === 40,
    );
    await send(connection, tasks(50, 60));
    await counted(second, 10);
    await expectConserved(second);
    expect(await second.stop()).toBe(0);
    expect(positions(own.databasePath)).toMatchObject([
      { first_seq: 1, last_seq: 60, applied: 20, lost: 40 },
    ]);
  });
});

describe('transport settings', () => {
  it('transport settings - EMBEDDED_NATS=off with no broker at 4222 keeps running and names the address that it tries', async ({
    skip,
  }) => {
    const own = await testFolder('off');
    // If a foreign broker is there, this test does not affect it.
    const harmless = { INGEST_MODE: 'core', PUBLISH: 'off' };
    const program = launch({ ...own.env, ...harmless, EMBEDDED_NATS: 'off' });
    await program.url();
    const line = await until('its first word on the broker', () => {
      return program.log.find(({ msg }) => /^broker: (connected|cannot be reached)/.test(msg));
    });
    skip(line.msg.startsWith('broker: connected'), 'somebody listens at 4222');
    expect(line.msg).toContain('cannot be reached at nats://localhost:4222');
    expect((await program.get('/livez')).status).toBe(200);
    expect((await readiness(program)).code).toBe(503);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('transport settings - each tick publishes exactly the four subjects; PUBLISH=off counts and publishes nothing', async () => {
    const own = await testFolder('publish');
    const silentOwn = await testFolder('silent');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const connection = await connectTo(broker.url);
    const silent = launch(at(broker.url, silentOwn, { PUBLISH: 'off', PUBLISH_INTERVAL: '100' }));
    await silent.ready();
    const heard: { subject: string; text: string }[] = [];
    connection.subscribe('truebit.>', {
      callback: (_error, message: Msg) =>
        void heard.push({ subject: message.subject, text: message.string() }),
    });
    await send(connection, ONE_OF_EACH);
    await shown(silent, ITS_STATISTICS);
    expect(await silent.metric('aggregator_last_publish_timestamp_seconds')).toBe(0);
    await connection.flush();
    expect(heard.map(({ subject }) => subject)).toEqual(ONE_OF_EACH.map(({ subject }) => subject));
    heard.length = 0;

    const program = launch(
      at(broker.url, own, { PUBLISH_INTERVAL: '200', AGGREGATOR_ID: 'aggregator-of-the-test' }),
    );
    await shown(program, ITS_STATISTICS);
    await until('ten ticks', () => heard.length >= 40);
    const published = new Map([
      ['truebit.stats.aggregated', ['network_stats', 'all']],
      ['truebit.stats.period.1h', ['network_stats_period', '1h']],
      ['truebit.stats.period.24h', ['network_stats_period', '24h']],
      ['truebit.stats.period.7d', ['network_stats_period', '7d']],
    ]);
    const ticks = new Map<string, string[]>();
    for (const { subject, text } of heard.slice(0, 40)) {
      const { data, ...envelope } = JSON.parse(text) as Record<string, unknown> & { timestamp: string };
      const [type, period] = published.get(subject) ?? ['nothing', 'ever'];
      expect(envelope).toEqual({
        version: '1.0',
        type,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        aggregatorId: 'aggregator-of-the-test',
        period,
      });
      expect(Object.keys(data as object).toSorted()).toEqual(MEMBERS.toSorted());
      ticks.set(envelope.timestamp, [...(ticks.get(envelope.timestamp) ?? []), subject]);
    }
    expect(ticks.size).toBe(10);
    for (const subjects of ticks.values())
      expect(subjects.toSorted()).toEqual([...published.keys()].toSorted());
    const newest = heard.findLast(({ subject }) => subject === 'truebit.stats.aggregated');
    const { status: _, ...statistics } = ITS_STATISTICS;
    expect(JSON.parse(newest?.text ?? '')).toMatchObject({
      data: {
        ...statistics,
        executionTimeDistribution: { '<100ms': 1, '100-500ms': 0, '>1m': 0 },
        chainDistribution: { '1': 2 },
        taskTypeDistribution: { wasm: 2 },
        continentDistribution: {},
      },
    });
    await expectConserved(program);
    await expectConserved(silent);
    expect(await program.stop()).toBe(0);
    expect(await silent.stop()).toBe(0);
  });
});

/** docs/federation.md#network_stats. */
const MEMBERS = [
  'activeNodes',
  'totalNodes',
  'totalTasks',
  'completedTasks',
  'failedTasks',
  'cachedTasks',
  'tasksLast24h',
  'successRate',
  'cacheHitRate',
  'totalInvoices',
  'invoicesLast24h',
  'executionTimeDistribution',
  'gasUsageDistribution',
  'stepsComputedDistribution',
  'memoryUsedDistribution',
  'chainDistribution',
  'taskTypeDistribution',
  'onlineNodes',
  'staleNodes',
  'offlineNodes',
  'continentDistribution',
  'locationDistribution',
];
