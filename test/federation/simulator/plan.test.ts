import { describe, expect, it } from 'vitest';
import { exceededLimits } from '../../../src/federation/simulator/limits-check.ts';
import { MIN_GAP_MS } from '../../../src/federation/simulator/node-life.ts';
import { createOracle } from '../../../src/federation/simulator/oracle.ts';
import type { Plan } from '../../../src/federation/simulator/plan.ts';
import { createPlan } from '../../../src/federation/simulator/plan.ts';
import type { PlanOptions } from '../../../src/federation/simulator/plan-options.ts';
import {
  ACTIVE_TASK_BUCKETS,
  AMOUNT_BUCKETS,
  CHAINS,
  CONTINENT_BUCKETS,
  MEMORY_BUCKETS,
  SUBJECT_OF,
  TASK_TYPES,
  TIME_BUCKETS,
  TOTAL_TASK_BUCKETS,
} from '../../../src/federation/simulator/vocabulary.ts';
import { readWire } from './wire-reader.ts';

const OPTIONS: PlanOptions = {
  nodes: 100,
  ratePerMinute: 30,
  durationMs: 60_000,
  seed: 1,
  nonce: 'test',
  duplicates: 0.3,
  disagree: 0.05,
  startAtMs: Date.UTC(2026, 0, 15, 10, 30),
};
const PLAN = createPlan(OPTIONS);

function bytesOf(plan: Plan): string {
  return plan.messages.map(({ payload, atMs }) => `${atMs} ${Buffer.from(payload).toString()}`).join('\n');
}

function members(type: string, member: string): Set<unknown> {
  const said = PLAN.messages.map(({ content }) => content).filter((content) => content.type === type);
  return new Set(said.map((content) => (content as unknown as Record<string, unknown>)[member]));
}

describe('plan', () => {
  it('plan - the same options give the same bytes, another seed or nonce gives others', () => {
    const small = { ...OPTIONS, nodes: 5 };
    expect(bytesOf(createPlan(small))).toBe(bytesOf(createPlan(small)));
    expect(bytesOf(createPlan({ ...small, seed: 2 }))).not.toBe(bytesOf(createPlan(small)));
  });

  it('plan - another nonce keeps the shape and shares no id', () => {
    const other = createPlan({ ...OPTIONS, nonce: 'other' });
    const shape = (plan: Plan) => plan.messages.map(({ subject, atMs }) => `${subject} ${atMs}`);
    expect(shape(other)).toEqual(shape(PLAN));
    const ids = (plan: Plan) => [...plan.nodeIds, ...expectedOf(plan).tasks.keys()];
    const known = new Set(ids(PLAN));
    expect(ids(other).filter((id) => known.has(id))).toEqual([]);
  });

  it('plan - every payload, read by docs/federation.md, means the planned statement', () => {
    for (const { payload, content } of PLAN.messages) {
      expect(readWire(payload), Buffer.from(payload).toString()).toEqual(content);
    }
  });

  it('plan - messages are in order of time, within the run, and each on the subject of its type', () => {
    let lastMs = 0;
    for (const { atMs, subject, content, nodeId } of PLAN.messages) {
      expect(atMs).toBeGreaterThanOrEqual(lastMs);
      expect(atMs).toBeLessThanOrEqual(OPTIONS.durationMs);
      expect(subject).toBe(SUBJECT_OF[content.type]);
      expect(nodeId).toBe(content.nodeId);
      lastMs = atMs;
    }
  });

  it.each([
    [100, 30, 60],
    [200, 30, 30],
    [20, 600, 20],
    [3, 1, 120],
  ])(
    'plan - %i nodes at %i a minute for %i s send about the right number of messages',
    (nodes, ratePerMinute, seconds) => {
      const plan = createPlan({
        ...OPTIONS,
        nodes,
        ratePerMinute,
        durationMs: seconds * 1000,
        duplicates: 0,
      });
      const wanted = (nodes * ratePerMinute * seconds) / 60;
      expect(plan.messages.length).toBeGreaterThan(wanted * 0.8);
      expect(plan.messages.length).toBeLessThan(wanted * 1.05 + nodes);
    },
  );

  it('plan - repeats make up the wanted fraction, and have the same bytes', () => {
    const seen = new Map<Uint8Array, number>();
    for (const { payload } of PLAN.messages) seen.set(payload, (seen.get(payload) ?? 0) + 1);
    const fraction = [...seen.values()].filter((times) => times === 2).length / seen.size;
    expect(fraction).toBeGreaterThan(0.27);
    expect(fraction).toBeLessThan(0.33);
    expect(Math.max(...seen.values())).toBe(2);
  });

  it('plan - it uses every bucket of every vocabulary, and absent buckets', () => {
    expect(members('task_completed', 'time')).toEqual(new Set([...TIME_BUCKETS, null]));
    expect(members('task_completed', 'gas')).toEqual(new Set([...AMOUNT_BUCKETS, null]));
    expect(members('task_completed', 'cached')).toEqual(new Set([true, false, null]));
    expect(members('invoice_created', 'steps')).toEqual(new Set([...AMOUNT_BUCKETS, null]));
    expect(members('invoice_created', 'memory')).toEqual(new Set([...MEMORY_BUCKETS, null]));
    expect(members('heartbeat', 'activeTasks')).toEqual(new Set([...ACTIVE_TASK_BUCKETS, null]));
    expect(members('heartbeat', 'totalTasks')).toEqual(new Set([...TOTAL_TASK_BUCKETS, null]));
    expect(members('heartbeat', 'continent')).toEqual(new Set([...CONTINENT_BUCKETS, null]));
    expect(members('task_received', 'chain')).toEqual(new Set([...CHAINS, null]));
    expect(members('task_received', 'taskType')).toEqual(new Set([...TASK_TYPES, null]));
  });

  it('plan - tasks are shared by one to five nodes, some stay open, some fail, some nodes leave', () => {
    const { tasks, statistics } = expectedOf(PLAN);
    const reporters = new Set([...tasks.values()].map((task) => task.reporting_nodes));
    expect(reporters).toEqual(new Set([1, 2, 3, 4, 5]));
    const open = statistics.totalTasks - statistics.completedTasks - statistics.failedTasks;
    for (const count of [open, statistics.failedTasks, statistics.cachedTasks, statistics.totalInvoices]) {
      expect(count).toBeGreaterThan(0);
    }
    expect(statistics.offlineNodes).toBeGreaterThan(0);
    expect(statistics.onlineNodes).toBeGreaterThan(statistics.offlineNodes);
    expect(members('heartbeat', 'offline')).toEqual(new Set([true, false]));
  });

  it('plan - a leave and a sign of life of one node are never close to each other', () => {
    const last = new Map<string, { leaves: boolean; atMs: number }>();
    let returns = 0;
    for (const { content, atMs } of createPlan({ ...OPTIONS, nodes: 400, duplicates: 1 }).messages) {
      if (content.type.startsWith('task') || content.type === 'invoice_created') continue;
      const leaves = content.type === 'node_left' || (content.type === 'heartbeat' && content.offline);
      const before = last.get(content.nodeId);
      if (before !== undefined && before.leaves !== leaves) {
        expect(atMs - before.atMs).toBeGreaterThanOrEqual(MIN_GAP_MS / 2);
        if (!leaves) returns += 1;
      }
      last.set(content.nodeId, { leaves, atMs });
    }
    expect(returns).toBeGreaterThan(10);
  });

  it('plan - every node that does not leave sends in the last ten seconds', () => {
    const { nodes } = expectedOf(PLAN);
    const last = new Map(PLAN.messages.map(({ nodeId, atMs }) => [nodeId, atMs]));
    for (const [nodeId, node] of nodes) {
      if (!node.left) expect(last.get(nodeId)).toBeGreaterThan(OPTIONS.durationMs - 10_000);
    }
  });

  it('plan - the example of the documentation stays within the default limits', () => {
    const limits = {
      ratePerMinute: 60,
      rateBurst: 120,
      globalPerSecond: 0,
      newNodesPerMinute: 6000,
      maxNodes: 200_000,
    };
    expect(exceededLimits(PLAN.messages, limits, 0)).toEqual([]);
  });
});

function expectedOf(plan: Plan) {
  const oracle = createOracle();
  for (const message of plan.messages) oracle.record(message);
  return oracle.expected();
}
