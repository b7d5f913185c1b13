import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentRoundedDown } from '../../../src/federation/simulator/expected-statistics.ts';
import { createOracle } from '../../../src/federation/simulator/oracle.ts';
import { createPlan } from '../../../src/federation/simulator/plan.ts';
import type {
  Heartbeat,
  InvoiceCreated,
  Statement,
  TaskCompleted,
  TaskReceived,
} from '../../../src/federation/simulator/statement.ts';

const TASK = 'aa'.repeat(32);
const received = (nodeId: string, said: Partial<TaskReceived> = {}): TaskReceived => ({
  type: 'task_received',
  nodeId,
  taskId: TASK,
  chain: '1',
  taskType: 'wasm',
  ...said,
});
const completed = (nodeId: string, said: Partial<TaskCompleted> = {}): TaskCompleted => ({
  type: 'task_completed',
  nodeId,
  taskId: TASK,
  chain: '1',
  failed: false,
  time: '1-5s',
  gas: '1M-10M',
  cached: false,
  ...said,
});
const invoice = (nodeId: string, said: Partial<InvoiceCreated> = {}): InvoiceCreated => ({
  type: 'invoice_created',
  nodeId,
  invoiceId: 'bb'.repeat(32),
  taskId: TASK,
  chain: '1',
  steps: '1M-10M',
  memory: '64-256MB',
  operation: 'compute',
  ...said,
});
const heartbeat = (nodeId: string, said: Partial<Heartbeat> = {}): Heartbeat => ({
  type: 'heartbeat',
  nodeId,
  offline: false,
  activeTasks: '1',
  totalTasks: '50-100',
  continent: 'EU',
  location: '48.0,11.5',
  ...said,
});
const joined = (nodeId: string): Statement => ({ type: 'node_joined', nodeId });
const left = (nodeId: string): Statement => ({ type: 'node_left', nodeId });

function run(statements: readonly Statement[]) {
  const oracle = createOracle();
  const outcomes = statements.map((content) => oracle.record({ content }));
  return { outcomes, ...oracle.expected() };
}

describe('oracle', () => {
  it.each<[string, TaskCompleted[], object]>([
    [
      'success beats failure',
      [completed('a', { failed: true, time: '<100ms' }), completed('b', { time: '>1m' })],
      { status: 'completed', success: 1, execution_time_bucket: '>1m' },
    ],
    [
      'the best successful report speaks as a whole',
      [completed('a', { time: '1-5s', gas: '<100K' }), completed('b', { time: '100-500ms', gas: '>100M' })],
      { execution_time_bucket: '100-500ms', gas_used_bucket: '>100M' },
    ],
    [
      'an absent bucket sorts last',
      [
        completed('a', { time: null, gas: '<100K', cached: true }),
        completed('b', { time: '>1m', gas: null }),
      ],
      { execution_time_bucket: '>1m', gas_used_bucket: null, cached: 0 },
    ],
    [
      'cached is true before false before absent',
      [completed('a', { cached: null }), completed('b', { cached: false }), completed('c', { cached: true })],
      { cached: 1, reporting_nodes: 3 },
    ],
    [
      'labels are the least said, absent last',
      [completed('a', { chain: null }), completed('b', { chain: '5' }), completed('c', { chain: '137' })],
      { chain_id: '137', task_type: null },
    ],
    ['failure is kept where all fail', [completed('a', { failed: true })], { status: 'failed', success: 0 }],
  ])('oracle - %s', (_, reports, row) => {
    for (const order of [reports, reports.toReversed()])
      expect(run(order).tasks.get(TASK)).toMatchObject(row);
  });

  it('oracle - a task stays received until any node completes it', () => {
    expect(run([received('a'), received('b')]).tasks.get(TASK)).toEqual({
      status: 'received',
      success: null,
      execution_time_bucket: null,
      gas_used_bucket: null,
      cached: null,
      chain_id: '1',
      task_type: 'wasm',
      reporting_nodes: 2,
    });
  });

  it.each<[string, Statement[], string[]]>([
    ['the same report again', [received('a'), received('a')], ['applied', 'duplicate']],
    ['another reporter', [received('a'), received('b')], ['applied', 'applied']],
    ['another kind by the same reporter', [received('a'), completed('a')], ['applied', 'applied']],
    [
      'a repeat that says less or worse',
      [completed('a'), completed('a', { failed: true }), completed('a', { time: null })],
      ['applied', 'duplicate', 'duplicate'],
    ],
    [
      'a repeat with a better outcome',
      [completed('a'), completed('a', { time: '<100ms' })],
      ['applied', 'applied'],
    ],
    [
      'a repeat with a lesser label',
      [received('a'), received('a', { taskType: 'docker' })],
      ['applied', 'applied'],
    ],
    ['an invoice again', [invoice('a'), invoice('b'), invoice('a')], ['applied', 'applied', 'duplicate']],
    [
      'an invoice again with a lesser bucket',
      [invoice('a'), invoice('a', { steps: '<100K' }), invoice('a', { steps: '>100M' })],
      ['applied', 'applied', 'duplicate'],
    ],
    [
      'presence, however often',
      [joined('a'), joined('a'), heartbeat('a'), heartbeat('a'), left('a'), left('a')],
      Array(6).fill('applied'),
    ],
  ])('oracle - duplicates: %s', (_, statements, outcomes) => {
    expect(run(statements).outcomes).toEqual(outcomes);
  });

  it.each<[string, Statement[], boolean]>([
    ['a leave', [joined('a'), left('a')], true],
    ['an offline heartbeat', [joined('a'), heartbeat('a', { offline: true })], true],
    ['a task report after a leave', [joined('a'), left('a'), received('a')], true],
    ['a join after a leave', [left('a'), joined('a')], false],
    ['a heartbeat after a leave', [left('a'), heartbeat('a')], false],
    ['a task report alone', [received('a')], false],
  ])('oracle - %s', (_, statements, isLeft) => {
    const { nodes, statistics } = run(statements);
    expect(nodes.get('a')?.left).toBe(isLeft);
    expect(statistics).toMatchObject({
      totalNodes: 1,
      onlineNodes: isLeft ? 0 : 1,
      offlineNodes: isLeft ? 1 : 0,
    });
  });

  it('oracle - each bucket of a node comes from the newest heartbeat that carries it', () => {
    const beats = [
      heartbeat('a', { continent: 'SA' }),
      heartbeat('a', { activeTasks: '0', continent: null }),
    ];
    expect(run(beats).nodes.get('a')).toEqual({
      total_tasks_bucket: '50-100',
      active_tasks_bucket: '0',
      continent_bucket: 'SA',
      location_bucket: '48.0,11.5',
      heartbeat_count: 2,
      left: false,
    });
  });

  it('oracle - the statistics of a few messages equal those computed by hand', () => {
    const other = 'cc'.repeat(32);
    const { statistics } = run([
      received('a'),
      completed('b', { cached: true }),
      completed('a', { taskId: other, failed: true, time: null, gas: null, chain: null }),
      received('c', { taskId: 'dd'.repeat(32), taskType: null }),
      invoice('a', { memory: null }),
    ]);
    expect(statistics).toMatchObject({
      totalTasks: 3,
      completedTasks: 1,
      failedTasks: 1,
      cachedTasks: 1,
      successRate: 50,
      cacheHitRate: 50,
      totalInvoices: 1,
      chainDistribution: { '1': 2, unknown: 1 },
      taskTypeDistribution: { wasm: 1, unknown: 2 },
      memoryUsedDistribution: { '<64MB': 0, '64-256MB': 0, '256MB-1GB': 0, '>1GB': 0, unknown: 1 },
    });
    expect(Object.keys(statistics.executionTimeDistribution).at(-1)).toBe('unknown');
    expect(Object.keys(statistics.stepsComputedDistribution)).not.toContain('unknown');
  });

  it('oracle - a rate is never above the true rate', () => {
    expect(percentRoundedDown(1520, 1547)).toBe(98.2);
    expect(percentRoundedDown(999_999, 1_000_000)).toBe(99.9);
    expect(percentRoundedDown(3, 3)).toBe(100);
    expect(percentRoundedDown(0, 0)).toBe(0);
  });

  it('oracle - any order and any repetition of the same events gives the same rows and statistics', () => {
    const options = { nodes: 6, ratePerMinute: 60, durationMs: 15_000, nonce: 'law', startAtMs: 0 };
    const { messages } = createPlan({ ...options, seed: 3, duplicates: 0, disagree: 0.5 });
    const events = messages.map((message, index) => ({ message, tMs: index }));
    const replay = (order: typeof events) => {
      const oracle = createOracle();
      for (const { message, tMs } of order) oracle.record(message, tMs);
      const { tasks, invoices, nodes, statistics } = oracle.expected();
      const states = [...nodes].map(([id, node]) => [id, { ...node, heartbeat_count: 0 }] as const);
      return { tasks: byId(tasks), invoices: byId(invoices), nodes: byId(states), statistics };
    };
    const wanted = replay(events);
    const again = fc.array(fc.constantFrom(...events), { maxLength: 40 });
    fc.assert(
      fc.property(again, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (repeats, keys) => {
        const keyed = [...events, ...repeats].map((event) => ({ event, key: keys.next().value ?? 0 }));
        const order = keyed.toSorted((one, two) => one.key - two.key).map(({ event }) => event);
        expect(replay(order)).toEqual(wanted);
      }),
      { numRuns: 30 },
    );
  });
});

function byId<T>(entries: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] {
  return [...entries].toSorted(([one], [two]) => (one < two ? -1 : 1));
}
