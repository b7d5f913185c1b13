// The law of docs/federation.md#order-does-not-matter on bytes: multisets of (tMs, message) with reporters that
// disagree, spelled in the many ways of real monitors, through the decoder and the writer, against the independent
// oracle. One database serves all cases, emptied between them, so that thousands take seconds.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Decoder } from '../../../src/federation/domain/decode.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { expectedStatistics } from '../../../src/federation/simulator/expected-statistics.ts';
import { createOracle } from '../../../src/federation/simulator/oracle.ts';
import { spell } from '../../../src/federation/simulator/spelling.ts';
import type { Statement, TaskCompleted } from '../../../src/federation/simulator/statement.ts';
import {
  ACTIVE_TASK_BUCKETS,
  AMOUNT_BUCKETS,
  CONTINENT_BUCKETS,
  MEMORY_BUCKETS,
  SUBJECT_OF,
  TIME_BUCKETS,
  TOTAL_TASK_BUCKETS,
} from '../../../src/federation/simulator/vocabulary.ts';
import { createRandom } from '../../../src/lib/random.ts';
import { type Database } from '../../../src/store/database.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import { makeFastFolder } from './fast-folder.ts';
import { expectRollups, expectSame, readRows } from './invariants.ts';

const CASES = Number(process.env['MULTISET_CASES'] ?? 3_000);
const NO_LIMITS = { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 0, maxNodes: 0 };
/** Each case has a writer of its own, so its filters are small. */
const OPTIONS = { limits: NO_LIMITS, generationSize: 2, transitionsPerNodeMax: 10, placesLog2: 8 };
const NOW_MS = Date.UTC(2026, 2, 1, 0, 30);
const MINUTE_MS = 60_000;
const WINDOW_MS = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, all: Infinity };
const TABLES = [
  "settings_kept WHERE name <> 'hash_key'",
  'labels',
  'tasks',
  'invoices',
  'nodes',
  'transitions',
  'rollup_minutes',
  'rollup_hours',
  'rollup_totals',
  'pruned_totals',
];

interface Written {
  readonly outcomes: readonly string[];
  readonly disagreements: number;
}

interface Event {
  readonly atMs: number;
  readonly said: Statement;
  /** Decides how it is spelled. */
  readonly spelling: number;
}

let folder = '';
let database: Database;
let query: StatisticsQuery;
let empty: () => void;
beforeAll(() => {
  folder = makeFastFolder('multisets');
  database = openFederationWriter(join(folder, 'aggregator.db'));
  query = new StatisticsQuery(database);
  const statements = TABLES.map((table) => database.prepare(`DELETE FROM ${table}`));
  empty = database.transaction(() => {
    for (const statement of statements) statement.run();
  });
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

const label = <T>(labels: readonly T[]) => fc.option(fc.constantFrom(...labels), { freq: 4 });
const nodeId = fc.constantFrom('node-a', 'node-b', 'node-c', '0000', 'Z_-9'.repeat(16));
// Few ids, most reports about one of them, so that reporters meet and contradict each other in most cases.
const idHash = fc.oneof(
  { weight: 4, arbitrary: fc.constant('bb'.repeat(32)) },
  { weight: 1, arbitrary: fc.constantFrom('aa'.repeat(8), 'cd'.repeat(20)) },
);
const chain = label(['1', '137', 'eip155:5', '+', 'Z', 'a b']);
const completed = fc.record({
  type: fc.constant('task_completed' as const),
  nodeId,
  taskId: idHash,
  chain,
  failed: fc.boolean(),
  time: label(TIME_BUCKETS),
  gas: label(AMOUNT_BUCKETS),
  cached: fc.constantFrom(true, false, null),
});
const said: fc.Arbitrary<Statement> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('task_received' as const),
      nodeId,
      taskId: idHash,
      chain,
      taskType: label(['wasm', 'docker', 'Wasm']),
    }),
  },
  { weight: 5, arbitrary: completed },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('invoice_created' as const),
      nodeId,
      invoiceId: idHash,
      taskId: fc.option(idHash),
      chain,
      steps: label(AMOUNT_BUCKETS),
      memory: label(MEMORY_BUCKETS),
      operation: label(['compute', 'verify', 'store data']),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('heartbeat' as const),
      nodeId,
      offline: fc.boolean(),
      activeTasks: label(ACTIVE_TASK_BUCKETS),
      totalTasks: label(TOTAL_TASK_BUCKETS),
      continent: label(CONTINENT_BUCKETS),
      location: label(['48.0,11.5', '-34.0,151.0', '0.0,6.5']),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constantFrom('node_joined' as const, 'node_left' as const), nodeId }),
  },
);
// Few distinct moments, so that equal times happen, around the edges of minutes, of windows and of the month.
const atMs = fc
  .constantFrom(0, 1, 29 * MINUTE_MS, 30 * MINUTE_MS, 30 * MINUTE_MS + 1, 3_599_999, 3_600_000, 3_600_001)
  .chain((ago) => fc.constantFrom(ago, ago + 82_800_000, ago + 601_200_000).map((at) => NOW_MS - at));
const event = <S extends Statement>(what: fc.Arbitrary<S>) =>
  fc.record({ atMs, said: what, spelling: fc.nat(1_000_000) });
const events = fc.array(event(said), { minLength: 1, maxLength: 14, size: 'max' });
/** Two nodes that report different outcomes of one task, and any other messages. */
const contradicting = fc
  .record({
    first: event(completed),
    second: event(completed),
    nodes: fc.uniqueArray(nodeId, { minLength: 2, maxLength: 2 }),
    others: fc.array(event(said), { maxLength: 12, size: 'max' }),
  })
  .filter(({ first, second }) => outcomeText(first.said) !== outcomeText(second.said))
  .map(({ first, second, nodes: [one = '', another = ''], others }) => [
    { ...first, said: { ...first.said, nodeId: one } },
    { ...second, said: { ...second.said, nodeId: another, taskId: first.said.taskId } },
    ...others,
  ]);
/** The same events, some of them again, in another order. */
const casesOf = (lists: fc.Arbitrary<Event[]>) =>
  lists.chain((list) =>
    fc.record({
      list: fc.constant(list),
      again: fc.array(fc.constantFrom(...list), { maxLength: 5 }).chain((repeated) =>
        fc.shuffledSubarray([...list, ...repeated], {
          minLength: list.length + repeated.length,
          maxLength: list.length + repeated.length,
        }),
      ),
      batches: fc.tuple(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 1, max: 15 })),
    }),
  );

/**
 * Writes the events, committing after every `batch`; returns the outcome of each, and the number of completions that
 * disagreed.
 */
function write(list: readonly Event[], batch: number): Written {
  empty();
  const writer = new FederationWriter(database, OPTIONS, 'multisets');
  const decoder = new Decoder();
  const outcomes = list.map((event, index) => {
    const payload = spell(event.said, event.atMs, createRandom(event.spelling, 'spelling'));
    const signal = decoder.decode(SUBJECTS.indexOf(SUBJECT_OF[event.said.type]), payload);
    if (typeof signal === 'string')
      throw new Error(`refused as ${signal}: ${Buffer.from(payload).toString()}`);
    const outcome = writer.apply(signal, { atMs: event.atMs, nowMs: NOW_MS, observedMs: 0 });
    if (index % batch === batch - 1) writer.commit(NOW_MS, 0);
    return outcome;
  });
  writer.commit(NOW_MS, 0);
  return { outcomes, disagreements: writer.disagreements };
}

/** One digit each, so that texts compare as the tuples do. */
function outcomeText({ failed, time, gas, cached }: TaskCompleted): string {
  const rank = (labels: readonly string[], text: string | null) =>
    String(text === null ? labels.length : labels.indexOf(text));
  return `${failed ? 1 : 0}${rank(TIME_BUCKETS, time)}${rank(AMOUNT_BUCKETS, gas)}${cached === null ? 2 : cached ? 0 : 1}`;
}

/** Completions that differ from the recorded outcome of their task. */
function countDisagreements(list: readonly Event[]): number {
  const recorded = new Map<string, string>();
  let count = 0;
  for (const { said: statement } of list) {
    if (statement.type !== 'task_completed') continue;
    const outcome = outcomeText(statement);
    const before = recorded.get(statement.taskId);
    if (before !== undefined && before !== outcome) count++;
    if (before === undefined || outcome < before) recorded.set(statement.taskId, outcome);
  }
  return count;
}

/** The oracle's complete prediction for these events, in this order. */
function expectOracle(list: readonly Event[], { outcomes, disagreements }: Written): void {
  expect(disagreements).toBe(countDisagreements(list));
  const oracle = createOracle();
  const expectedOutcomes = list.map((event) => oracle.record({ content: event.said }, event.atMs));
  expect(outcomes).toEqual(expectedOutcomes);
  const expected = oracle.expected();
  const rows = readRows(database);
  expectSame('task', rows.tasks, expected.tasks);
  expectSame('invoice', rows.invoices, expected.invoices);
  expectSame(
    'node',
    new Map(
      [...rows.nodes].map(([id, { status, ...node }]) => [id, { ...node, left: status === 'offline' }]),
    ),
    expected.nodes,
  );
  const times = new Map<string, [number, number]>();
  const see = (id: string, at: number) => {
    const [first, last] = times.get(id) ?? [at, at];
    times.set(id, [Math.min(first, at), Math.max(last, at)]);
  };
  for (const { said: statement, atMs: at } of list) {
    see(`active_nodes ${statement.nodeId}`, at);
    if (statement.type === 'invoice_created') see(`aggregated_invoices ${statement.invoiceId}`, at);
    else if ('taskId' in statement) see(`aggregated_tasks ${statement.taskId}`, at);
  }
  const text = (at: number) => new Date(at).toISOString();
  expectSame(
    'times of',
    rows.times,
    new Map([...times].map(([id, [first, last]]) => [id, `${text(first)} ${text(last)}`])),
  );
  expectRollups(database, rows);
  const within = <Row>(table: string, of: ReadonlyMap<string, Row>, windowMs: number) => {
    const minuteMs = Math.floor(NOW_MS / MINUTE_MS) * MINUTE_MS;
    return new Map(
      [...of].filter(([id]) => {
        const afterMs = (times.get(`${table} ${id}`)?.[0] ?? NaN) - minuteMs;
        return afterMs >= -windowMs && afterMs < windowMs;
      }),
    );
  };
  const count = (windowMs: number) =>
    expectedStatistics({
      tasks: within('aggregated_tasks', expected.tasks, windowMs),
      invoices: within('aggregated_invoices', expected.invoices, windowMs),
      nodes: expected.nodes,
    });
  const day = count(WINDOW_MS['24h']);
  const { periods } = query.run(NOW_MS);
  for (const period of ['1h', '24h', '7d', 'all'] as const) {
    const { continentDistribution: _c, locationDistribution: _l, ...actual } = periods[period];
    const foreseen = {
      ...count(WINDOW_MS[period]),
      tasksLast24h: day.totalTasks,
      invoicesLast24h: day.totalInvoices,
    };
    if (!isDeepStrictEqual(actual, foreseen)) expect(actual, period).toEqual(foreseen);
  }
}

describe('multisets', () => {
  it('multisets - rows, outcomes and statistics equal those of the oracle, whatever the reporters say and when', () => {
    fc.assert(
      fc.property(casesOf(contradicting), ({ again, batches }) => {
        const written = write(again, batches[0]);
        expect(written.disagreements).toBeGreaterThan(0);
        expectOracle(again, written);
      }),
      { numRuns: CASES },
    );
  }, 300_000);

  it('multisets - any order and repetition gives the same rows and statistics, except heartbeat counts', () => {
    const outcome = () => {
      const { tasks, invoices, nodes, times } = readRows(database);
      const beatless = [...nodes].map(([id, { heartbeat_count: _count, ...node }]) => [id, node]);
      const sorted = (list: readonly (readonly unknown[])[]) =>
        list.map((row) => JSON.stringify(row)).toSorted();
      return {
        rows: [...tasks, ...invoices, ...times].map((row) => JSON.stringify(row)).toSorted(),
        nodes: sorted(beatless),
        statistics: query.run(NOW_MS),
      };
    };
    fc.assert(
      fc.property(casesOf(events), ({ list, again, batches }) => {
        write(list, batches[0]);
        const once = outcome();
        write(again, batches[1]);
        const twice = outcome();
        if (!isDeepStrictEqual(twice, once)) expect(twice).toEqual(once);
      }),
      { numRuns: Math.ceil(CASES / 10) },
    );
  }, 120_000);

  it('multisets - labels beyond the 1,000 that roll-ups keep stay in their rows and are counted as other', () => {
    empty();
    const write550 = (from: number) => {
      const writer = new FederationWriter(database, OPTIONS, 'labels');
      for (let number = from; number < from + 550; number++) {
        const idHash = number.toString(16).padStart(16, '0');
        const chainId = `chain-${String(number).padStart(4, '0')}`;
        writer.apply(
          { type: 'task_received', nodeId: 'node-a', idHash, chainId, taskType: null },
          { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 },
        );
      }
      writer.commit(NOW_MS, 0);
      return writer;
    };
    write550(0);
    const writer = write550(550);
    expectRollups(database, readRows(database));
    const kept = 'SELECT count(*) FROM labels WHERE dimension = 4';
    expect(database.prepare(kept).pluck().get()).toBe(1000);
    expect(database.prepare('SELECT count(DISTINCT chain_id) FROM aggregated_tasks').pluck().get()).toBe(
      1100,
    );
    const { chainDistribution } = query.run(NOW_MS).periods.all;
    expect(Object.keys(chainDistribution)).toHaveLength(51);
    expect(chainDistribution['other']).toBe(1050);
    // A task whose label was not kept gets a lesser label, and leaves `other`.
    writer.apply(
      {
        type: 'task_received',
        nodeId: 'node-b',
        idHash: (1099).toString(16).padStart(16, '0'),
        chainId: 'chain-0000',
        taskType: null,
      },
      { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 },
    );
    writer.commit(NOW_MS, 0);
    expectRollups(database, readRows(database));
    expect(query.run(NOW_MS).periods.all.chainDistribution).toMatchObject({ 'chain-0000': 2, other: 1049 });
  });
});
