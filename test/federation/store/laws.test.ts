import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeOutcome } from '../../../src/federation/domain/outcome.ts';
import type { Signal } from '../../../src/federation/domain/signal.ts';
import { openReader } from '../../../src/store/database.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';

const NO_LIMITS = { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 0, maxNodes: 0 };
const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);

interface Event {
  readonly atMs: number;
  readonly signal: Signal;
}

let folder = '';
let files = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aggregator-laws-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Applies events, committing after every `batch` of them, and reads every value that must not depend on their order.
 */
function outcomeOf(events: readonly Event[], batch: number, generationSize: number) {
  const path = join(folder, `${files++}.db`);
  const database = openFederationWriter(path);
  const writer = new FederationWriter(
    database,
    { limits: NO_LIMITS, generationSize, placesLog2: 6, transitionsPerNodeMax: 10 },
    'test',
  );
  const counts = { applied: 0, duplicate: 0, rate_limited: 0 };
  events.forEach(({ signal, atMs }, index) => {
    counts[writer.apply(signal, { atMs, nowMs: NOW_MS, observedMs: 0 })]++;
    if ((index + 1) % batch === 0) writer.commit(NOW_MS, 0);
  });
  writer.commit(NOW_MS, 0);
  const reader = openReader(path);
  const all = (sql: string) => reader.prepare(sql).all();
  const result = {
    counts,
    tasks: all('SELECT * FROM aggregated_tasks ORDER BY task_id_hash').map(withoutId),
    invoices: all('SELECT * FROM aggregated_invoices ORDER BY invoice_id_hash').map(withoutId),
    nodes: all('SELECT * FROM active_nodes ORDER BY node_id').map(withoutId),
    statistics: new StatisticsQuery(reader).run(NOW_MS),
    recount: recount(reader),
    rollups: {
      minutes: all('SELECT dimension, label, sum(count) AS count FROM rollup_minutes GROUP BY 1, 2'),
      hours: all('SELECT dimension, label, sum(count) AS count FROM rollup_hours GROUP BY 1, 2'),
      totals: all('SELECT * FROM rollup_totals WHERE dimension < 9 AND count > 0 ORDER BY 1, 2'),
    },
  };
  reader.close();
  writer.close();
  return result;
}

function withoutId(row: unknown): unknown {
  const { id: _id, created_at: _createdAt, ...rest } = row as Record<string, unknown>;
  return rest;
}

/** The same totals from the rows themselves, by plain SQL over the public views. */
function recount(reader: ReturnType<typeof openReader>) {
  return reader
    .prepare(
      `SELECT count(*) AS totalTasks, coalesce(sum(status = 'completed'), 0) AS completedTasks,
         coalesce(sum(status = 'failed'), 0) AS failedTasks, coalesce(sum(cached = 1), 0) AS cachedTasks,
         (SELECT count(*) FROM aggregated_invoices) AS totalInvoices, (SELECT count(*) FROM active_nodes) AS totalNodes
       FROM aggregated_tasks`,
    )
    .get();
}

const nodeId = fc.constantFrom('node-a', 'node-b', 'node-c', 'node-d');
const idHash = fc.constantFrom('aa'.repeat(8), 'bb'.repeat(32), 'cc'.repeat(16));
const chainId = fc.constantFrom(null, '1', '137', 'eip155:5');
const signal: fc.Arbitrary<Signal> = fc.oneof(
  fc.record({
    type: fc.constant('task_received' as const),
    nodeId,
    idHash,
    chainId,
    taskType: fc.constantFrom(null, 'wasm', 'docker'),
  }),
  fc.record({
    type: fc.constant('task_completed' as const),
    nodeId,
    idHash,
    chainId,
    outcome: fc
      .tuple(
        fc.boolean(),
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 2 }),
      )
      .map((parts) => encodeOutcome(...parts)),
  }),
  fc.record({
    type: fc.constant('invoice_created' as const),
    nodeId,
    idHash,
    taskIdHash: fc.option(idHash),
    chainId,
    operation: fc.constantFrom(null, 'compute', 'solve'),
    steps: fc.integer({ min: 0, max: 5 }),
    memory: fc.integer({ min: 0, max: 4 }),
  }),
  fc.record({
    type: fc.constant('heartbeat' as const),
    nodeId,
    alive: fc.boolean(),
    totalTasks: fc.integer({ min: 0, max: 7 }),
    activeTasks: fc.integer({ min: 0, max: 5 }),
    continent: fc.integer({ min: 0, max: 7 }),
    location: fc.constantFrom(null, '48.0,11.5', '-1.0,3.5'),
  }),
  fc.record({ type: fc.constantFrom('node_joined' as const, 'node_left' as const), nodeId }),
);
// Few distinct moments, so that equal times happen; around hour and day edges, and across the 1 h and 24 h windows.
const atMs = fc
  .constantFrom(0, 1, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000, 90_000_000)
  .map((ago) => NOW_MS - ago);
const events = fc.array(fc.record({ atMs, signal }), { minLength: 1, maxLength: 40, size: 'max' });

describe('laws', () => {
  it('laws - any order, any repetition, any batching of the same events give the same rows and statistics', () => {
    fc.assert(
      fc.property(
        events.chain((list) =>
          fc.record({
            list: fc.constant(list),
            shuffled: fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
            repeated: fc.subarray(list),
            batches: fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })),
          }),
        ),
        ({ list, shuffled, repeated, batches }) => {
          const once = outcomeOf(list, batches[0], 100);
          const again = outcomeOf([...repeated, ...shuffled], batches[1], 1);
          // Every heartbeat is counted, also a repeated one; that one column is outside the law.
          const beats = (rows: readonly unknown[]) =>
            rows.map((row) => ({ ...(row as object), heartbeat_count: 0 }));
          expect(beats(again.nodes)).toEqual(beats(once.nodes));
          expect(again.tasks).toEqual(once.tasks);
          expect(again.invoices).toEqual(once.invoices);
          expect(again.statistics).toEqual(once.statistics);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('laws - roll-ups equal a recount of the rows, in minutes, hours and totals', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 10 }), (list, batch) => {
        const { statistics, recount: counted, rollups } = outcomeOf(list, batch, 2);
        expect(statistics.periods.all).toMatchObject(counted as object);
        expect(rollups.hours).toEqual(rollups.minutes);
        expect(rollups.totals).toEqual(rollups.minutes);
        for (const data of Object.values(statistics.periods)) {
          const sum = (distribution: Readonly<Record<string, number>>) =>
            Object.values(distribution).reduce((total, count) => total + count, 0);
          expect(sum(data.chainDistribution)).toBe(data.totalTasks);
          expect(sum(data.taskTypeDistribution)).toBe(data.totalTasks);
          expect(sum(data.executionTimeDistribution)).toBe(data.completedTasks + data.failedTasks);
          expect(sum(data.gasUsageDistribution)).toBe(data.completedTasks + data.failedTasks);
          expect(sum(data.stepsComputedDistribution)).toBe(data.totalInvoices);
          expect(sum(data.memoryUsedDistribution)).toBe(data.totalInvoices);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('laws - a repeated task or invoice report counts as one duplicate and changes nothing else', () => {
    fc.assert(
      fc.property(events, (list) => {
        const facts = list.filter(
          ({ signal: { type } }) => type.startsWith('task') || type.startsWith('invoice'),
        );
        const once = outcomeOf(facts, 7, 100).counts;
        const twice = outcomeOf([...facts, ...facts], 7, 1).counts;
        expect(twice.duplicate - once.duplicate).toBe(facts.length);
        expect(twice.applied).toBe(once.applied);
      }),
      { numRuns: 100 },
    );
  });
});
