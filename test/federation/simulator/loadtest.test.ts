import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/lib/errors.ts';
import type { LoadOptions } from '../../../src/federation/simulator/load-options.ts';
import {
  loadReportJson,
  loadReportLines,
  loadReportMarkdown,
  reportFileStem,
} from '../../../src/federation/simulator/load-report.ts';
import type { LoadResult } from '../../../src/federation/simulator/load-result.ts';
import { type LoadParts, runLoadTest } from '../../../src/federation/simulator/load-run.ts';
import type { PublishedStatistics } from '../../../src/federation/simulator/publication.ts';
import { createFakeAggregator, type FakeBehaviour } from './fake-aggregator.ts';
import { fakeWire } from './fake-wire.ts';

const OPTIONS: LoadOptions = {
  profile: 'steady',
  nodes: 20,
  ratePerMinute: 60,
  durationMs: 30_000,
  seed: 1,
  hasLongCut: false,
  servers: ['nats://monitor:secret@127.0.0.1:4222'],
  user: 'monitor',
  password: 'secret',
  httpUrl: 'http://127.0.0.1:8080',
  isHttpOurs: false,
  keyFile: null,
  foreignKeyFile: null,
  reportFolder: null,
  allowedHosts: [],
  restartCommand: null,
  patienceMs: 45_000,
  isJson: false,
};
const MACHINE = { system: 'Linux', processor: 'some processor', cores: 2, memoryMiB: 1024 };

/**
 * Waits that go on side by side on the fake's clock: whenever nothing else is to be done, it advances to the next end.
 */
function createWaits({ clock, wait: advance }: ReturnType<typeof createFakeAggregator>) {
  const waiting: { readonly atMs: number; readonly end: () => void }[] = [];
  let isRunning = false;
  async function run(): Promise<void> {
    isRunning = true;
    for (await turn(); waiting.length > 0; await turn()) {
      waiting.sort((left, right) => left.atMs - right.atMs);
      const next = waiting.shift();
      if (next === undefined) break;
      await advance(Math.max(0, next.atMs - clock.monotonicMs()));
      next.end();
    }
    isRunning = false;
  }
  return (ms: number) =>
    new Promise<void>((resolve) => {
      waiting.push({ atMs: clock.monotonicMs() + ms, end: resolve });
      if (!isRunning) void run();
    });
}

/** A load test of an aggregator in memory, on a clock of its own. */
function createWorld(behaviour: FakeBehaviour = {}) {
  const fake = createFakeAggregator(behaviour);
  const wire = fakeWire((subject, payload) => fake.receive(subject, payload));
  const abort = new AbortController();
  const results: LoadResult[] = [];
  const wait = createWaits(fake);
  let connections = 0;
  return {
    fake,
    wire,
    abort,
    results,
    wait,
    connections: () => connections,
    run(options: Partial<LoadOptions> = {}, parts: Partial<LoadParts> = {}): Promise<0 | 1> {
      return runLoadTest(
        { ...OPTIONS, ...options },
        {
          aggregator: fake.aggregator,
          connectSimulator: async () => fake.broker,
          clock: fake.clock,
          async wait(ms) {
            abort.signal.throwIfAborted();
            await wait(ms);
          },
          output: { isTerminal: false, write: () => undefined },
          nonce: `run ${results.length}`,
          dial: wire.dial,
          signer: null,
          foreignSigner: null,
          machine: MACHINE,
          signal: abort.signal,
          requireConnections: (count) => void (connections = count),
          runCommand: async () => 0,
          report: (result) => void results.push(result),
          ...parts,
        },
      );
    },
  };
}

function alter(change: (data: Record<string, number>) => Record<string, number>) {
  return (data: PublishedStatistics) => ({ ...data, ...change(data as Record<string, number>) });
}

describe('loadtest', () => {
  it.each(['steady', 'duplicates', 'reorder', 'skewed-clocks', 'burst'] as const)(
    'loadtest - %s at an aggregator that counts correctly gives exit 0, also on top of earlier data',
    async (profile) => {
      const world = createWorld();
      expect(await world.run({ profile })).toBe(0);
      expect(await world.run({ profile })).toBe(0);
      for (const { differences, unconfirmed, fleet, plan } of world.results) {
        expect({ differences, unconfirmed }).toEqual({ differences: [], unconfirmed: 0 });
        expect(fleet.confirmed).toBe(plan.messages.length);
      }
      expect(world.connections()).toBe(20);
      expect(world.wire.dialled()).toBe(40);
    },
  );

  it('loadtest - reconnect-storm cuts all nodes three times, and nothing is lost', async () => {
    const world = createWorld();
    expect(await world.run({ profile: 'reconnect-storm' })).toBe(0);
    expect(world.results[0]?.fleet.outages).toMatchObject([{ lost: 20 }, { lost: 20 }, { lost: 20 }]);
    expect(world.wire.dialled()).toBe(80);
  });

  it('loadtest - a long cut spreads the returns', async () => {
    const world = createWorld();
    const options = { profile: 'reconnect-storm', hasLongCut: true, durationMs: 60_000, nodes: 60 } as const;
    expect(await world.run(options)).toBe(0);
    expect(world.results[0]?.fleet.outages.at(-1)).toMatchObject({ lost: 60, awayMs: 60_000, lostAgain: 0 });
  });

  it.each<[string, FakeBehaviour, string]>([
    ['a lost message', { loses: (number) => number === 100 }, 'every message has an outcome'],
    [
      'a wrong count in one period',
      {
        publishes: (data, period) =>
          period === '24h'
            ? alter((d) => ({ failedTasks: (d['failedTasks'] ?? 0) + (d['totalTasks'] === 0 ? 0 : 1) }))(data)
            : data,
      },
      '24h.failedTasks',
    ],
    [
      'an API that shows something else',
      { shows: alter((d) => ({ onlineNodes: (d['onlineNodes'] ?? 0) + 1 })) },
      'all.onlineNodes (HTTP)',
    ],
    ['a restart of the aggregator', { restartsAfter: 150 }, 'restarts of the aggregator'],
  ])('loadtest - %s gives exit 1, and the difference has a name', async (_, behaviour, what) => {
    const world = createWorld(behaviour);
    expect(await world.run()).toBe(1);
    expect(world.results[0]?.differences.map((difference) => difference.what)).toContain(what);
  });

  it('loadtest - a message of another publisher is a difference, named by its subject', async () => {
    const world = createWorld();
    let count = 0;
    const { receive } = world.fake;
    const wire = fakeWire((subject, payload) => {
      receive(subject, payload);
      count += 1;
      if (count === 50) receive(subject, payload);
    });
    expect(await world.run({}, { dial: wire.dial })).toBe(1);
    const [difference] = world.results[0]?.differences ?? [];
    expect(difference).toMatchObject({
      what: 'messages of other publishers',
      expected: '0',
      found: expect.stringMatching(/^1, truebit\.[a-z.]+ 1$/),
    });
  });

  it('loadtest - a connection that is lost without a cut is a difference, although nothing is lost', async () => {
    const world = createWorld();
    let isCut = false;
    const wait = async (ms: number) => {
      await world.wait(ms);
      if (!isCut && world.fake.delivered() > 200) {
        isCut = true;
        world.wire.endAll();
      }
    };
    expect(await world.run({}, { wait })).toBe(1);
    expect(world.results[0]?.differences).toEqual([
      { what: 'connections lost without a cut', expected: '0', found: '20' },
    ]);
  });

  it.each<[string, FakeBehaviour, Partial<LoadOptions>, string]>([
    [
      'a rate beyond the limits',
      { limits: { ratePerMinute: 10, rateBurst: 5 } },
      {},
      'RATE_LIMIT_PER_MINUTE',
    ],
    ['more nodes than may be new', { limits: { newNodesPerMinute: 19 } }, {}, 'NEW_NODES_PER_MINUTE'],
    ['a burst of too many nodes', { limits: { maxNodes: 19 } }, { profile: 'burst' }, 'MAX_NODES'],
    ['no limit to flood', { limits: { newNodesPerMinute: 0 } }, { profile: 'identity-flood' }, 'no limit'],
    ['an aggregator that is not ready', { notReady: 'broker: not connected' }, {}, 'broker: not connected'],
    ['no restart command', {}, { profile: 'broker-restart' }, '--restart-command'],
  ])('loadtest - %s is refused before a connection is made', async (_, behaviour, options, word) => {
    const world = createWorld(behaviour);
    const refusal = await world.run(options).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CodedError);
    expect(refusal).toMatchObject({ code: 'usage', message: expect.stringContaining(word) });
    expect(world.wire.dialled()).toBe(0);
  });

  it('loadtest - a broker restart is refused where plain NATS is read', async () => {
    const world = createWorld();
    const about = async () => ({ version: '1', node: 'v24', mode: 'core' });
    const options = { profile: 'broker-restart', restartCommand: 'true' } as const;
    const refused = world.run(options, { aggregator: { ...world.fake.aggregator, about } });
    await expect(refused).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('plain NATS'),
    });
  });

  it('loadtest - a broker that has no room for all connections is unsuitable', async () => {
    const world = createWorld();
    const dial: LoadParts['dial'] = async (onRefused) => {
      if (world.wire.dialled() >= 15) throw new Error('maximum connections exceeded');
      return world.wire.dial(onRefused);
    };
    await expect(world.run({}, { dial })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('15 of 20'),
    });
  });

  it('loadtest - an interruption ends the run and all connections', async () => {
    const world = createWorld();
    const wait = async (ms: number) => {
      if (world.fake.delivered() > 100) world.abort.abort();
      world.abort.signal.throwIfAborted();
      await world.wait(ms);
    };
    const failure = await world.run({}, { wait }).catch((error: unknown) => error);
    expect(failure).not.toBeInstanceOf(CodedError);
    expect(failure).toMatchObject({ message: expect.stringContaining('cannot be judged') });
    expect(world.results).toEqual([]);
    const delivered = world.fake.delivered();
    await world.wait(10_000);
    expect(world.fake.delivered()).toBe(delivered);
  });
});

describe('loadtest report', () => {
  it('loadtest report - has what was sent, outcomes, latencies, machine, versions, and how to repeat it', async () => {
    const world = createWorld();
    await world.run({ profile: 'reconnect-storm' });
    const [result] = world.results;
    if (result === undefined) throw new Error('no result');
    const json = JSON.parse(loadReportJson(result)) as Record<string, unknown>;
    expect(json).toMatchObject({
      isEqual: true,
      profile: 'reconnect-storm',
      nodes: 20,
      seed: 1,
      sent: result.plan.messages.length,
      confirmed: result.plan.messages.length,
      unconfirmed: 0,
      differences: [],
      machine: MACHINE,
      versions: { broker: '2.10.0', aggregator: '1', aggregatorNode: 'v24' },
    });
    expect(json['outcomes']).toMatchObject({ rejected: 0, lost: 0 });
    expect(json['cuts']).toHaveLength(3);
    const markdown = loadReportMarkdown(result);
    const lines = loadReportLines(result).join('\n');
    for (const text of [markdown, lines, loadReportJson(result)]) {
      expect(text).toContain(
        './aggregator loadtest --profile reconnect-storm --nodes 20 --rate 60 --duration 30 --seed 1 --nats nats://127.0.0.1:4222 --user monitor --http http://127.0.0.1:8080',
      );
      expect(text).not.toContain('secret');
    }
    for (const word of [
      'publish to PONG p50',
      'publish to PONG p99',
      'publish to PONG max',
      'applied',
      'cut 3:',
    ])
      for (const text of [markdown, lines]) expect(text).toContain(word);
    for (const word of ['some processor', '## Cuts', 'Node v', 'broker 2.10.0'])
      expect(markdown).toContain(word);
    expect(markdown).not.toContain('## Differences');
    expect(reportFileStem(result)).toMatch(/^2026-01-15T10-3\d-\d\dZ-reconnect-storm$/);
  });

  it('loadtest report - lists differences by name, on the terminal at most 200', async () => {
    const world = createWorld({ loses: (number) => number === 100 });
    await world.run();
    const [result] = world.results;
    if (result === undefined) throw new Error('no result');
    expect(loadReportMarkdown(result)).toContain('## Differences');
    expect(loadReportLines(result).at(-1)).toMatch(/^steady: \d+ differences$/);
    const many = Array.from({ length: 300 }, (_, number) => ({
      what: `number ${number}`,
      expected: '0',
      found: '1',
    }));
    const lines = loadReportLines({ ...result, differences: many });
    expect(lines.filter((line) => line.startsWith('number '))).toHaveLength(200);
    expect(lines).toContain('… and 100 more');
    const json = JSON.parse(loadReportJson({ ...result, differences: many })) as { differences: unknown[] };
    expect(json.differences).toHaveLength(300);
  });
});
