import { describe, expect, it } from 'vitest';
import type { ComparisonInput } from '../../../src/federation/simulator/comparison.ts';
import { compareStatistics } from '../../../src/federation/simulator/comparison.ts';
import { createOracle } from '../../../src/federation/simulator/oracle.ts';
import { createPlan } from '../../../src/federation/simulator/plan.ts';
import type { PublishedStatistics, Tick } from '../../../src/federation/simulator/publication.ts';
import type { PlannedMessage } from '../../../src/federation/simulator/statement.ts';

function messagesOf(nonce: string): readonly PlannedMessage[] {
  const rest = { seed: 1, duplicates: 0.2, disagree: 0.2, startAtMs: 0 };
  return createPlan({ nodes: 20, ratePerMinute: 60, durationMs: 20_000, nonce, ...rest }).messages;
}

function statisticsOf(...runs: readonly (readonly PlannedMessage[])[]) {
  const oracle = createOracle();
  for (const message of runs.flat()) oracle.record(message);
  return oracle.expected().statistics;
}

function tick(timestamp: string, data: object, windows: Partial<Tick['periods']> = {}): Tick {
  const all = { ...data } as PublishedStatistics;
  return { timestamp, periods: { '1h': all, '24h': all, '7d': all, all, ...windows } };
}

const [EARLIER, OURS] = [messagesOf('earlier'), messagesOf('ours')];
const BEFORE = statisticsOf(EARLIER);
const AFTER = statisticsOf(EARLIER, OURS);
const INPUT: ComparisonInput = {
  before: tick('2026-01-15T10:30:00.000Z', BEFORE),
  after: tick('2026-01-15T10:31:30.000Z', AFTER),
  ours: statisticsOf(OURS),
  othersOnline: BEFORE.onlineNodes,
  othersStale: 0,
  elapsedMs: 20_000,
};

describe('comparison', () => {
  it('comparison - statistics before plus the messages sent equal statistics after, in every period', () => {
    const { compared, differences, notes } = compareStatistics(INPUT);
    expect(differences).toEqual([]);
    expect(notes).toEqual([]);
    expect(compared).toBeGreaterThan(4 * 45);
  });

  it('comparison - other nodes that go offline change only the node counts', () => {
    const after = { ...AFTER, onlineNodes: AFTER.onlineNodes - 5, staleNodes: 3 };
    const decayed = { ...after, activeNodes: AFTER.activeNodes - 2, offlineNodes: AFTER.offlineNodes + 2 };
    const input = { ...INPUT, after: tick('2026-01-15T10:31:30.000Z', decayed) };
    expect(compareStatistics(input).differences).not.toEqual([]);
    const others = { othersOnline: INPUT.othersOnline - 5, othersStale: 3 };
    expect(compareStatistics({ ...input, ...others }).differences).toEqual([]);
  });

  it.each([
    ['totalTasks', { totalTasks: AFTER.totalTasks + 1 }],
    ['successRate', { successRate: AFTER.successRate + 0.1 }],
    ['cachedTasks', { cachedTasks: AFTER.cachedTasks - 1 }],
    ['invoicesLast24h', { invoicesLast24h: 0 }],
    ['activeNodes', { activeNodes: AFTER.activeNodes - 1 }],
    ['chainDistribution.5', { chainDistribution: { ...AFTER.chainDistribution, 5: 0 } }],
    ['chainDistribution.99', { chainDistribution: { ...AFTER.chainDistribution, 99: 1 } }],
    ['totalInvoices', { totalInvoices: undefined }],
  ])('comparison - a wrong %s is reported', (member, wrong) => {
    const all = { ...AFTER, ...wrong } as unknown as PublishedStatistics;
    const after = tick('2026-01-15T10:31:30.000Z', AFTER, { all });
    const { differences } = compareStatistics({ ...INPUT, after });
    expect(differences.map((difference) => `${difference.period}.${difference.member}`)).toContain(
      `all.${member}`,
    );
  });

  it('comparison - a closed vocabulary in the wrong order, or with an unneeded unknown, is reported', () => {
    const gas = AFTER.gasUsageDistribution;
    const reversed = { ...AFTER, gasUsageDistribution: Object.fromEntries(Object.entries(gas).toReversed()) };
    const { differences } = compareStatistics({ ...INPUT, after: tick(INPUT.after.timestamp, reversed) });
    expect(new Set(differences.map(({ member }) => member))).toEqual(
      new Set(['gasUsageDistribution (labels)']),
    );
    const distribution = { ...AFTER.stepsComputedDistribution, unknown: 0 };
    const needless = { ...AFTER, stepsComputedDistribution: distribution } as PublishedStatistics;
    const told = compareStatistics({ ...INPUT, after: tick(INPUT.after.timestamp, needless) });
    expect(told.differences).not.toEqual([]);
  });

  it('comparison - earlier tasks may leave a window, if all numbers agree and a minute has passed', () => {
    const gone = statisticsOf(OURS);
    const kept = {
      ...gone,
      ...nodeCounts(),
      tasksLast24h: AFTER.totalTasks,
      invoicesLast24h: AFTER.totalInvoices,
    };
    const windows = { '1h': kept as unknown as PublishedStatistics };
    const left = compareStatistics({ ...INPUT, after: tick('2026-01-15T10:31:30.000Z', AFTER, windows) });
    expect(left.differences).toEqual([]);
    expect(left.notes[0]).toContain(`1h: ${BEFORE.totalTasks} earlier tasks`);
    const sameMinute = compareStatistics({
      ...INPUT,
      after: tick('2026-01-15T10:30:59.999Z', AFTER, windows),
    });
    expect(sameMinute.differences).not.toEqual([]);
    const cached = { '1h': { ...kept, cachedTasks: kept.cachedTasks + 1 } as unknown as PublishedStatistics };
    const oneCached = compareStatistics({ ...INPUT, after: tick('2026-01-15T10:31:30.000Z', AFTER, cached) });
    expect(BEFORE.cachedTasks).toBeGreaterThan(0);
    expect(oneCached.differences.map(({ member }) => member)).toEqual(['cacheHitRate']);
    const inconsistent = {
      '1h': { ...kept, totalTasks: kept.totalTasks + 1 } as unknown as PublishedStatistics,
    };
    const told = compareStatistics({
      ...INPUT,
      after: tick('2026-01-15T10:31:30.000Z', AFTER, inconsistent),
    });
    expect(told.differences.length).toBeGreaterThan(1);
  });

  it('comparison - no task may leave the period all', () => {
    const all = { ...statisticsOf(OURS), ...nodeCounts() } as unknown as PublishedStatistics;
    const { differences } = compareStatistics({
      ...INPUT,
      after: tick('2026-01-15T10:31:30.000Z', AFTER, { all }),
    });
    expect(differences.map(({ member }) => member)).toContain('totalTasks');
  });

  it('comparison - labels folded into other are not compared, and the report says so', () => {
    const { chainDistribution } = AFTER;
    const folded = Object.fromEntries(Object.entries(chainDistribution).filter(([label]) => label !== '5'));
    const data = { ...AFTER, chainDistribution: { ...folded, other: chainDistribution['5'] ?? 0 } };
    const { differences, notes } = compareStatistics({ ...INPUT, after: tick(INPUT.after.timestamp, data) });
    expect(differences).toEqual([]);
    expect(notes).toContain('all.chainDistribution: labels folded into "other" are not compared');
  });

  it('comparison - a run as long as a window is not compared in that window', () => {
    const { differences, notes } = compareStatistics({ ...INPUT, elapsedMs: 3_590_000 });
    expect(differences).toEqual([]);
    expect(notes).toEqual(['1h: not compared, the run is as long as the window']);
  });
});

function nodeCounts() {
  const { activeNodes, totalNodes, onlineNodes, staleNodes, offlineNodes } = AFTER;
  return { activeNodes, totalNodes, onlineNodes, staleNodes, offlineNodes };
}
