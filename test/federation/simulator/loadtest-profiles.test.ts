import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../src/federation/domain/decode.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import type { AggregatorLimits } from '../../../src/federation/simulator/limits-check.ts';
import type { LoadPlan, ProfileOptions } from '../../../src/federation/simulator/load-plan.ts';
import { createOracle } from '../../../src/federation/simulator/oracle.ts';
import { type ProfileName, PROFILES } from '../../../src/federation/simulator/profiles.ts';
import { SPOILINGS } from '../../../src/federation/simulator/rubbish.ts';
import { unknownSigner } from '../../../src/federation/simulator/signature.ts';
import type { LoadMessage, Statement } from '../../../src/federation/simulator/statement.ts';
import { SUBJECT_OF } from '../../../src/federation/simulator/vocabulary.ts';
import { readWire } from './wire-reader.ts';

const OPTIONS: ProfileOptions = {
  nodes: 30,
  ratePerMinute: 60,
  durationMs: 60_000,
  seed: 1,
  nonce: 'profiles',
  startAtMs: Date.UTC(2026, 0, 15, 10, 30),
  hasLongCut: false,
  hasRestartCommand: true,
  foreignSigner: unknownSigner('bound to another node'),
};
const LIMITS: AggregatorLimits = {
  ratePerMinute: 60,
  rateBurst: 120,
  globalPerSecond: 0,
  newNodesPerMinute: 300,
  maxNodes: 200_000,
};
const NAMES = Object.keys(PROFILES) as ProfileName[];

function planOf(
  name: ProfileName,
  options: Partial<ProfileOptions> = {},
  limits: Partial<AggregatorLimits> = {},
) {
  return PROFILES[name].plan({ ...OPTIONS, ...options }, { ...LIMITS, ...limits });
}

/** The messages in another order: those of one connection keep theirs, as the broker keeps it. */
function interleaved(plan: LoadPlan, random: readonly number[]): readonly LoadMessage[] {
  const queues = new Map<number, LoadMessage[]>();
  for (const message of plan.messages) {
    const connection = plan.connectionOf.get(message.nodeId) ?? -1;
    queues.set(connection, [...(queues.get(connection) ?? []), message]);
  }
  const left = [...queues.values()];
  const result: LoadMessage[] = [];
  for (let step = 0; left.length > 0; step += 1) {
    const at = Math.floor((random[step % random.length] ?? 0) * left.length);
    const next = left[at]?.shift();
    if (next !== undefined) result.push(next);
    if (left[at]?.length === 0) left.splice(at, 1);
  }
  return result;
}

function expectedOf(messages: readonly LoadMessage[]) {
  const oracle = createOracle();
  for (const { content } of messages) if (content !== null) oracle.record({ content });
  return oracle.expected();
}

function isLeave(content: Statement | null): boolean {
  return content?.type === 'node_left' || (content?.type === 'heartbeat' && content.offline);
}

function isPresence(content: Statement | null): boolean {
  return content !== null && !('taskId' in content);
}

describe('loadtest profiles', () => {
  it.each(NAMES)('%s - the same options give the same plan, and another seed another one', (name) => {
    const [first, second] = [planOf(name), planOf(name)];
    expect(second.messages).toEqual(first.messages);
    expect(second.incidents).toEqual(first.incidents);
    expect(planOf(name, { seed: 2 }).messages).not.toEqual(first.messages);
  });

  it.each(NAMES)('%s - messages are in order of time, and each has a connection', (name) => {
    const plan = planOf(name);
    expect(plan.messages.length).toBeGreaterThan(OPTIONS.nodes * 40);
    let beforeMs = 0;
    for (const { atMs, nodeId } of plan.messages) {
      expect(atMs).toBeGreaterThanOrEqual(beforeMs);
      beforeMs = atMs;
      expect(plan.connectionOf.get(nodeId)).toBeLessThan(plan.connections);
    }
    expect(beforeMs).toBeLessThanOrEqual(OPTIONS.durationMs + 500);
    expect(new Set(plan.connectionOf.values()).size).toBe(plan.connections);
  });

  it.each(NAMES)('%s - the bytes of every message that must count mean its statement', (name) => {
    const good = planOf(name, { nodes: 10 }).messages.filter(({ content }) => content !== null);
    expect(good.map(({ payload }) => readWire(payload))).toEqual(good.map(({ content }) => content));
  });

  it.each(NAMES)('%s - no outcome depends on the order in which connections are served', (name) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1000 }),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 5, maxLength: 40 }),
        (seed, random) => {
          const plan = planOf(name, { seed, nodes: 6, durationMs: 20_000 }, { newNodesPerMinute: 10 });
          const planned = expectedOf(plan.messages);
          const other = expectedOf(interleaved(plan, random));
          expect(other.messages).toEqual(planned.messages);
          expect(other.statistics).toEqual(planned.statistics);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('burst - a node sends all of a minute in its first second, and the oracle demands everything', () => {
    const plan = planOf('burst', { durationMs: 120_000 });
    for (const { atMs } of plan.messages) expect(atMs % 60_000).toBeLessThanOrEqual(1000);
    expect(plan.messages.some(({ atMs }) => atMs >= 60_000)).toBe(true);
    expect(plan.demands.limited).toBeNull();
    expect(plan.demands.statistics).toBe('all');
  });

  it.each([
    ['no limit', { ratePerMinute: 0 }, 300, null, 'all'],
    ['within the burst', {}, 100, null, 'all'],
    ['beyond the burst', {}, 300, 'any', 'nodes'],
    ['beyond the limit of all', { globalPerSecond: 100 }, 60, 'any', 'none'],
    ['within the limit of all', { globalPerSecond: 5000 }, 60, null, 'all'],
  ] as const)('burst - %s', (_, limits, ratePerMinute, limited, statistics) => {
    const { demands } = planOf('burst', { ratePerMinute }, limits);
    expect(demands.limited?.type ?? null).toBe(limited);
    expect(demands.statistics).toBe(statistics);
  });

  it('burst - the bounds contain what the buckets of the aggregator refuse', () => {
    const { demands, messages } = planOf('burst', { ratePerMinute: 300 });
    const sent = messages.length;
    const refused = sent - OPTIONS.nodes * LIMITS.rateBurst;
    expect(demands.limited).toMatchObject({ type: 'any' });
    expect(demands.limited?.least).toBeLessThan(refused);
    expect(demands.limited?.least).toBeGreaterThan(refused - OPTIONS.nodes * 15);
    expect(demands.limited?.most).toBeGreaterThanOrEqual(refused);
    expect(demands.limited?.most).toBeLessThan(refused + OPTIONS.nodes * 15);
  });

  it('reconnect-storm - three cuts, a fourth one with a long absence if wanted, and no node leaves', () => {
    const plan = planOf('reconnect-storm');
    expect(plan.incidents).toEqual(
      [12_000, 24_000, 36_000].map((atMs) => ({ type: 'cut', atMs, awayMs: 0 })),
    );
    expect(plan.messages.some(({ content }) => isLeave(content))).toBe(false);
    expect(plan.demands.backWithinMs).toBe(10_000);
    const long = planOf('reconnect-storm', { hasLongCut: true });
    expect(long.incidents.at(-1)).toEqual({ type: 'cut', atMs: 48_000, awayMs: 60_000 });
    expect(long.messages).toEqual(plan.messages);
  });

  it('broker-restart - the command runs in the middle, and a run without a command is refused', () => {
    const plan = planOf('broker-restart');
    expect(plan.incidents).toEqual([{ type: 'restart', atMs: 30_000 }]);
    expect(plan.messages.some(({ content }) => isLeave(content))).toBe(false);
    expect(() => planOf('broker-restart', { hasRestartCommand: false })).toThrow('--restart-command');
  });

  it('duplicates - three in ten are sent twice, and one report in ten comes from another node', () => {
    const [plan, steady] = [planOf('duplicates'), planOf('steady')];
    const work = steady.messages.filter(({ content }) => !isPresence(content)).length;
    const byOthers = new Set(
      plan.messages.flatMap(({ content }) =>
        content !== null && 'taskId' in content ? [content.nodeId] : [],
      ),
    );
    expect(byOthers.size).toBeGreaterThan(20);
    const more = plan.messages.length - steady.messages.length;
    const share = more / steady.messages.length;
    expect(share).toBeGreaterThan(0.25 + (0.05 * work) / steady.messages.length);
    expect(share).toBeLessThan(0.35 + (0.15 * work) / steady.messages.length);
    const { messages } = plan.demands.expected;
    const duplicates = Object.values(messages).reduce((sum, { duplicate }) => sum + duplicate, 0);
    expect(duplicates).toBeGreaterThan(0.2 * work);
  });

  it('reorder - each completion comes before the reception by the same node, nothing moves further than 60 s', () => {
    const plan = planOf('reorder', { durationMs: 300_000, nodes: 10 });
    const firstReceived = new Map<string, number>();
    const lastCompleted = new Map<string, number>();
    plan.messages.forEach(({ content }, index) => {
      if (content?.type !== 'task_received' && content?.type !== 'task_completed') return;
      const key = `${content.nodeId}/${content.taskId}`;
      if (content.type === 'task_completed') lastCompleted.set(key, index);
      else if (!firstReceived.has(key)) firstReceived.set(key, index);
    });
    let pairs = 0;
    for (const [key, completed] of lastCompleted) {
      const received = firstReceived.get(key);
      if (received === undefined) continue;
      pairs += 1;
      expect(completed).toBeLessThan(received);
    }
    expect(pairs).toBeGreaterThan(100);
    const steady = planOf('steady', { durationMs: 300_000, nodes: 10 });
    expect(plan.messages).toHaveLength(steady.messages.length);
    expect(plan.demands.expected.statistics).toEqual(steady.demands.expected.statistics);
  });

  it('skewed-clocks - every timestamp is about a year away, or no time, or absent', () => {
    const ways = new Set<string>();
    for (const { payload } of planOf('skewed-clocks').messages) {
      const { timestamp } = JSON.parse(Buffer.from(payload).toString('utf8')) as { timestamp?: unknown };
      const time = typeof timestamp === 'string' ? Date.parse(timestamp) : NaN;
      if (timestamp === undefined) ways.add('absent');
      else if (Number.isNaN(time)) ways.add('no time');
      else ways.add(time > OPTIONS.startAtMs ? 'ahead' : 'behind');
      if (!Number.isNaN(time)) expect(Math.abs(time - OPTIONS.startAtMs)).toBeGreaterThan(300 * 86_400_000);
    }
    expect(ways).toEqual(new Set(['absent', 'no time', 'ahead', 'behind']));
  });

  it('malformed - a fifth is refused, each for its reason, and each reason comes', () => {
    const plan = planOf('malformed');
    const refused = plan.messages.filter(({ content }) => content === null);
    expect(refused.length / plan.messages.length).toBeCloseTo(0.2, 2);
    const counts = [...plan.demands.refused.values()];
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(refused.length);
    const reasons = new Set([...plan.demands.refused.keys()].map((key) => key.split(' ')[1]));
    expect(reasons).toEqual(new Set(SPOILINGS.map(({ reason }) => reason)));
    expect(reasons.size).toBe(11);
    const without = planOf('malformed', { foreignSigner: null });
    expect([...without.demands.refused.keys()].some((key) => key.endsWith('wrong_node'))).toBe(false);
    expect(without.notes).toHaveLength(1);
  });

  it.each(SPOILINGS.filter(({ reason }) => reason !== 'unauthenticated' && reason !== 'wrong_node'))(
    'malformed - $what is refused as $reason by the program, in every spelling of a good message',
    ({ types, reason, spoil }) => {
      const decoder = new Decoder();
      for (const { content, subject, payload } of planOf('steady', { nodes: 5 }).messages) {
        if (content === null || !types.includes(content.type)) continue;
        const index = SUBJECTS.indexOf(subject as (typeof SUBJECTS)[number]);
        expect(decoder.decode(index, spoil(payload))).toBe(reason);
      }
    },
  );

  it('identity-flood - three times the limit of unknown ids, after all steady nodes, within the last minute', () => {
    const plan = planOf('identity-flood', { durationMs: 90_000 });
    const steady = planOf('steady', { durationMs: 90_000 });
    const known = new Set(steady.nodeIds);
    const flood = plan.messages.filter(({ nodeId }) => !known.has(nodeId));
    expect(flood).toHaveLength(900);
    expect(new Set(flood.map(({ nodeId }) => nodeId)).size).toBe(900);
    expect(flood.every(({ subject }) => subject === SUBJECT_OF.node_joined)).toBe(true);
    expect(flood[0]?.atMs).toBeGreaterThanOrEqual(30_000);
    const joined = new Set(
      plan.messages.filter(({ atMs }) => atMs < (flood[0]?.atMs ?? 0)).map(({ nodeId }) => nodeId),
    );
    expect(joined).toEqual(known);
    expect(plan.connections).toBe(OPTIONS.nodes + 8);
    expect(plan.demands.expected.statistics).toEqual(steady.demands.expected.statistics);
    // The bucket admits a minute's number at once and as many in each minute.
    expect(plan.demands.limited).toMatchObject({ count: 900, type: 'newcomers' });
    expect(plan.demands.limited?.least).toBeGreaterThan(100);
    expect(plan.demands.limited?.most).toBeLessThan(700);
  });

  it.each([
    ['there is no limit', { newNodesPerMinute: 0 }, 'there is no limit to flood'],
    ['the steady nodes are beyond the limit', { newNodesPerMinute: 29 }, 'lower --nodes'],
  ])('identity-flood - is refused if %s', (_, limits, sentence) => {
    expect(() => planOf('identity-flood', {}, limits)).toThrow(sentence);
  });
});
