// All parts of the tick together, over real brokers: replicas that answer, publishers that take over from each other, and
// readers that store. The counts are invented; the lease is a variable.

import { beforeEach, describe, expect, test } from 'vitest';
import { askReplicas } from '../../../src/federation/cluster/ask.ts';
import { AskResponder } from '../../../src/federation/cluster/ask-responder.ts';
import { ClusterTicker } from '../../../src/federation/cluster/cluster-ticker.ts';
import { StatsReader } from '../../../src/federation/cluster/stats-reader.ts';
import { STATS_STREAM } from '../../../src/federation/domain/cluster.ts';
import {
  NOTHING_PUBLISHED,
  rememberTick,
  type WholeTick,
} from '../../../src/federation/domain/published-tick.ts';
import type { Skip } from '../../../src/federation/domain/tick-rules.ts';
import { FencedPublisher } from '../../../src/federation/sinks/fenced-publisher.ts';
import { openFencedStream } from '../../../src/io/fenced-stream.ts';
import { createSigner } from '../../../src/lib/ed25519.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import { connectTo } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { countsOf } from './counts.ts';
import { SERVERS, statsWorld } from './stats-world.ts';

const INTERVAL_MS = 600;
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
  readonly stored: WholeTick[] = [];
  readonly skips: Skip[] = [];
  lagMs = 0;
  isPublisher = false;
  newest: WholeTick | null = null;
  ticker!: ClusterTicker;
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  async start(world: World): Promise<void> {
    const connection = await connectTo(world.cluster.urls[0] ?? '', world.login);
    const open = () => openFencedStream(connection, STATS_STREAM, 2_000);
    const responder = new AskResponder(
      { partition: 0, replica: this.name, process: `${this.name}-1` },
      {
        access: { connection: () => connection, onConnected: (run) => run(connection) },
        refusal: () => null,
        readPartial: (nowMs) => {
          const readMs = systemClock.nowMs() - this.lagMs;
          const sources = [{ stream: 'in', incarnation: 'a', upto: 1, watermarkMs: readMs, isAway: false }];
          return Promise.resolve(countsOf(tasksAt(readMs), nowMs, { sources }));
        },
        readPlaces: () => Promise.resolve({ continents: [['EU', 5]], locations: [] }),
        readDigests: () => Promise.reject(new Error('nobody asks for them')),
        counted: () => undefined,
        failed: (error) => {
          throw error;
        },
      },
    );
    await responder.start();
    const reader = new StatsReader({
      stream: open,
      timers: systemTimers,
      storedMs: null,
      newest: (tick) => {
        this.newest = tick;
      },
      missing: (tick) => this.stored.push(tick),
      problem: () => undefined,
    });
    await reader.start();
    this.ticker = new ClusterTicker(
      { intervalMs: INTERVAL_MS, partitions: 1, publisher: this.name, privacyMinCell: 3 },
      {
        clock: systemClock,
        timers: systemTimers,
        random: () => 0.5,
        isPublisher: () => this.isPublisher,
        ask: (partition, heard, signal) =>
          askReplicas(
            connection,
            partition,
            { inboxPrefix: null, heard: (_partition, reply) => heard(reply), ignored: () => undefined },
            signal,
          ),
        fence: new FencedPublisher({
          connection: () => connection,
          open: openFencedStream,
          signer: () => createSigner(world.key),
          aggregatorId: () => this.name,
          makeStream: world.makeStreams,
        }),
        remembered: () => (this.newest === null ? NOTHING_PUBLISHED : rememberTick(this.newest)),
        published: () => reader.look(),
        skipped: (skip) => this.skips.push(skip),
      },
    );
    this.ticker.start();
    this.#stops.push(
      () => this.ticker.stop(),
      () => reader.stop(),
      () => responder.stop(),
    );
  }

  lead(): void {
    this.isPublisher = true;
    this.ticker.becamePublisher();
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) await stop();
  }
}

async function cluster(servers: 1 | 3) {
  const world = await statsWorld(BIN, servers);
  const [east, west] = [new Replica('east'), new Replica('west')];
  for (const replica of [east, west]) await replica.start(world);
  const tasksHeard = () => world.heard.filter(({ subject }) => subject.endsWith('aggregated'));
  return { ...world, east, west, tasksHeard };
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
    const moments = stored.map(({ header }) => header.t);
    expect(new Set(moments).size).toBe(moments.length);
    expect(moments).toEqual(moments.toSorted((a, b) => a - b));
  }
}

describe('ticks of a cluster', () => {
  test('one publisher, then the other, then both: every tick once, and the same history in both', async () => {
    const world = await cluster(1);
    const { east, west } = world;
    east.lead();
    await until('ticks', () => west.stored.length >= 2);
    west.lagMs = 300;
    east.isPublisher = false;
    west.lead();
    await until('ticks of the other', () => east.newest?.header.publisher === 'west');
    east.lead();
    const before = east.stored.length;
    await until('ticks of both', () => east.stored.length >= before + 3 && west.stored.length >= before + 3);
    for (const replica of [east, west]) replica.isPublisher = false;
    await world.settle();
    await until('the same history', () => east.stored.length === west.stored.length);
    for (const replica of [east, west]) await replica.stop();
    expectSound(world);
    expect(east.stored).toEqual(west.stored);
    expect([...east.skips, ...west.skips]).toEqual([]);
    expect(east.newest?.tick.periods['7d'].continentDistribution).toEqual({ EU: 5 });
  });

  test('the stream is deleted, and the publisher changes: the numbers do not fall', async () => {
    const world = await cluster(1);
    const { east, west } = world;
    east.lead();
    await until('a tick', () => west.stored.length >= 1 && east.stored.length >= 1);
    east.isPublisher = false;
    const published = east.newest?.header.progress['0'] ?? 0;
    // What the new publisher has itself is older than what was published, for a while.
    for (const replica of [east, west])
      replica.lagMs = systemClock.nowMs() - BEGAN_MS - (published - 50) * 10;
    await world.manager.streams.delete(STATS_STREAM);
    west.lead();
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
    east.lead();
    await until('a tick', () => west.stored.length >= 1);
    const { cluster: led } = await manager.streams.info(STATS_STREAM);
    const leader = Number(/(\d)$/.exec(led?.leader ?? '')?.[1] ?? 1) - 1;
    const count = west.stored.length;
    await world.cluster.kill(leader);
    await until('ticks after the election', () => west.stored.length >= count + 2, 30_000);
    await world.cluster.restart(leader);
    await until('more of them', () => west.stored.length >= count + 4);
    for (const replica of [east, west]) await replica.stop();
    await until('the same history', () => east.stored.length >= count + 4);
    expectSound(world);
  });
});
