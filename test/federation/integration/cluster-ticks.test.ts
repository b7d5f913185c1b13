// The ticks of a cluster over real brokers: replicas that answer, publishers that take over from each other, and readers
// that store. The counts are invented; the lease is a variable.

import { beforeEach, describe, expect, test } from 'vitest';
import { readSettings } from '../../../src/federation/config/settings.ts';
import { STATS_STREAM } from '../../../src/federation/domain/cluster.ts';
import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';
import { ClusterTicks } from '../../../src/federation/threads/cluster-ticks.ts';
import type { FederationQuestions } from '../../../src/federation/workers/questions.ts';
import { createSigner } from '../../../src/lib/ed25519.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { connectTo } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { countsOf } from '../cluster/counts.ts';
import { SERVERS, statsWorld } from '../cluster/stats-world.ts';

const INTERVAL_MS = 1_000;
const BIN = SERVERS.at(-1) ?? '';

type World = Awaited<ReturnType<typeof statsWorld>>;

/** Counts grow with time, in every replica alike; a replica may be behind by `lagMs`. */
const tasksAt = (atMs: number) => Math.max(0, Math.floor((atMs - BEGAN_MS) / 10));
let BEGAN_MS = 0;
beforeEach(() => {
  BEGAN_MS = systemClock.nowMs();
});

class Replica {
  readonly name: string;
  readonly stored: TickStatistics[] = [];
  readonly skips: string[] = [];
  readonly told: string[] = [];
  lagMs = 0;
  isPublisher = false;
  isCaughtUp = true;
  newest: TickStatistics | null = null;
  ticks!: ClusterTicks;

  constructor(name: string) {
    this.name = name;
  }

  async start(world: World): Promise<void> {
    const connection = await connectTo(world.cluster.urls[0] ?? '', world.login);
    const isPublisher = () => this.isPublisher;
    const { settings } = readSettings({
      CLUSTER: 'test',
      REPLICA: this.name,
      NATS_URL: world.cluster.urls[0] ?? '',
      PUBLISH_INTERVAL: String(INTERVAL_MS),
    });
    const { cluster: place } = settings;
    if (place === null) throw new Error('the settings are those of a cluster');
    const line = (_level: string) => (sentence: string) => void this.told.push(sentence);
    const known = {
      isOpened: true,
      isCaughtUp: true,
      opened: {
        signer: createSigner(world.key),
        salt: '',
        identity: { salt: '', statisticsKey: world.key },
      },
      aggregatorId: this.name,
      ticked: (tick: TickStatistics) => {
        this.newest = tick;
      },
    };
    Object.defineProperty(known, 'isCaughtUp', { get: () => this.isCaughtUp });
    const ask = (name: string, argument: object) => Promise.resolve(this.#answer(name, argument));
    this.ticks = new ClusterTicks(
      { ...settings, cluster: place },
      {
        log: { debug: () => undefined, info: line('info'), warn: line('warn'), error: line('error') },
        known,
        // One function answers all questions, each by its name.
        pool: { ask, isUp: true },
        metrics: {
          tick: () => undefined,
          published: () => undefined,
          question: () => undefined,
          tickSkipped: (reason) => this.skips.push(reason),
        },
        link: {
          connection: () => connection,
          onConnected: (run) => run(connection),
          process: `${this.name}-1`,
          goneStreams: new Set<string>(),
          time: systemClock,
          makeStream: world.makeStreams,
          get isPublisher() {
            return isPublisher();
          },
        },
        inboxPrefix: () => null,
        store: (tick) => this.stored.push(tick),
      },
    );
    await this.ticks.start();
  }

  #answer(name: string, argument: object): FederationQuestions[keyof FederationQuestions]['answer'] {
    if (name === 'lastTick') return null;
    if (name === 'places') return { continents: [['EU', 5]], locations: [] };
    if (name !== 'partial' || !('nowMs' in argument)) throw new Error(`nobody asks ${name}`);
    const readMs = systemClock.nowMs() - this.lagMs;
    const sources = [{ stream: 'in', incarnation: 'a', upto: 1, watermarkMs: readMs, isAway: false }];
    return countsOf(tasksAt(readMs), Number(argument.nowMs), { sources });
  }

  stop(): Promise<void> {
    return this.ticks.stop();
  }
}

async function cluster(servers: 1 | 3) {
  const world = await statsWorld(BIN, servers);
  const [east, west] = [new Replica('east'), new Replica('west')];
  for (const replica of [east, west]) await replica.start(world);
  return { ...world, east, west };
}

/** What readers may rely on, whatever happened. */
function expectSound({ heard, east, west }: Awaited<ReturnType<typeof cluster>>): void {
  const bySubject = Map.groupBy(heard, ({ subject }) => subject);
  expect(bySubject.size).toBe(4);
  for (const of of bySubject.values()) {
    for (const [index, { tasks, header }] of of.entries()) {
      const before = of[index - 1];
      if (before === undefined) continue;
      expect(tasks).toBeGreaterThanOrEqual(before.tasks);
      expect(header?.t ?? 0).toBeGreaterThanOrEqual(before.header?.t ?? 0);
    }
  }
  for (const { stored } of [east, west]) {
    const moments = stored.map(({ nowMs }) => nowMs);
    expect(new Set(moments).size).toBe(moments.length);
    expect(moments).toEqual(moments.toSorted((a, b) => a - b));
  }
}

describe('ticks of a cluster', () => {
  test('one publisher, then the other, then both: every tick once, and the same history in both', async () => {
    const world = await cluster(1);
    const { east, west } = world;
    east.isPublisher = true;
    await until('ticks', () => west.stored.length >= 2);
    west.lagMs = 300;
    east.isCaughtUp = false;
    east.isPublisher = false;
    west.isPublisher = true;
    await until('ticks of the other', () => world.heard.some(({ aggregatorId }) => aggregatorId === 'west'));
    east.isPublisher = true;
    expect([...east.skips, ...west.skips]).toEqual([]);
    const before = east.stored.length;
    await until('ticks of both', () => east.stored.length >= before + 3 && west.stored.length >= before + 3);
    for (const replica of [east, west]) replica.isPublisher = false;
    await world.settle();
    await until('the same history', () => east.stored.length === west.stored.length);
    for (const replica of [east, west]) await replica.stop();
    expectSound(world);
    expect(east.stored).toEqual(west.stored);
    // While both believe that they publish, one of them is refused now and then.
    expect(new Set([...east.skips, ...west.skips, 'refused'])).toEqual(new Set(['refused']));
    expect(east.newest?.periods['7d'].continentDistribution).toEqual({ EU: 5 });
  });

  test('the stream is deleted, and the publisher changes: the numbers do not fall', async () => {
    const world = await cluster(1);
    const { east, west } = world;
    east.isPublisher = true;
    await until('a tick', () => west.stored.length >= 1 && east.stored.length >= 1);
    east.isPublisher = false;
    const published = east.newest?.periods.all.totalTasks ?? 0;
    // What the new publisher has itself is older than what was published, for a while.
    for (const replica of [east, west])
      replica.lagMs = systemClock.nowMs() - BEGAN_MS - (published - 50) * 10;
    await world.manager.streams.delete(STATS_STREAM);
    west.isPublisher = true;
    const count = west.stored.length;
    await until(
      'ticks of the new stream',
      () => west.stored.length >= count + 2 && east.stored.length >= count + 2,
    );
    for (const replica of [east, west]) await replica.stop();
    expectSound(world);
  });

  test('of three brokers the leader of the stream is killed: a tick comes within seconds, and none falls', async () => {
    const world = await cluster(3);
    const { east, west, manager } = world;
    east.isPublisher = true;
    await until('a tick', () => west.stored.length >= 1);
    // On a busy machine the servers may find each other after the stream is made, and then it has one copy only.
    const leader = await until('three copies and their leader', async () => {
      const { config, cluster: led } = await manager.streams.info(STATS_STREAM);
      if (config.num_replicas < 3) await manager.streams.update(STATS_STREAM, { ...config, num_replicas: 3 });
      const copies = (led?.replicas ?? []).filter(({ current }) => current);
      const number = Number(/(\d)$/.exec(led?.leader ?? '')?.[1] ?? 0);
      return copies.length === 2 && number > 0 ? { index: number - 1 } : null;
    });
    const count = west.stored.length;
    await world.cluster.kill(leader.index);
    await until('ticks after the election', () => west.stored.length >= count + 2, 60_000);
    await world.cluster.restart(leader.index);
    await until('more of them', () => west.stored.length >= count + 4);
    for (const replica of [east, west]) await replica.stop();
    await until('the same history', () => east.stored.length >= count + 4);
    expectSound(world);
  });
});
