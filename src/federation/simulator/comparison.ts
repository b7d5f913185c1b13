// Compares the published statistics with the baseline plus the oracle's expectation for the simulator's messages. It
// compares every member except geography (continentDistribution, locationDistribution: computed at most once an hour,
// folded for privacy) and the tails of open vocabularies (labels that are folded into `other` before or after the run).

import type { ExpectedStatistics } from './expected-rows.ts';
import { percentRoundedDown } from './expected-statistics.ts';
import type { PublishedStatistics, Tick } from './publication.ts';
import {
  CLOSED,
  distributionOf,
  flatCounts,
  isInTail,
  LAST_24_HOURS,
  NODE_COUNTS,
  numberOf,
  OPEN,
  RATES,
} from './statistic-members.ts';
import type { Period } from './vocabulary.ts';
import { PERIODS } from './vocabulary.ts';
import { canHaveLeft, isPossible } from './window-leavers.ts';

/** One number that differs from its expectation. */
export interface Difference {
  readonly period: Period;
  readonly member: string;
  readonly expected: string;
  readonly published: string;
}

/** The result of a comparison. */
export interface Comparison {
  /** Number of compared values. */
  readonly compared: number;
  readonly differences: readonly Difference[];
  /** What was not compared, and why. */
  readonly notes: readonly string[];
}

/** The ticks before and after a run, and what must lie between them. */
export interface ComparisonInput {
  readonly before: Tick;
  readonly after: Tick;
  /** The oracle's expectation for the simulator's messages alone. */
  readonly ours: ExpectedStatistics;
  /** Number of other active nodes at `after`: they come and go independently of the simulator. */
  readonly othersOnline: number;
  readonly othersStale: number;
  /** Duration of the run. If a window is shorter, the run's own first tasks leave it. */
  readonly elapsedMs: number;
}

const WINDOW_MS: Readonly<Record<Period, number>> = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  all: Infinity,
};
/** A window must be longer than the run by at least this much to be compared. */
const WINDOW_MARGIN_MS = 300_000;

type Check = (member: string, expected: number, published: number) => void;

function expectedNodes(input: ComparisonInput): Readonly<Record<(typeof NODE_COUNTS)[number], number>> {
  const { before, ours, othersOnline, othersStale } = input;
  const totalNodes = numberOf(before.periods.all, 'totalNodes') + ours.totalNodes;
  const onlineNodes = othersOnline + ours.onlineNodes;
  const staleNodes = othersStale + ours.staleNodes;
  const activeNodes = onlineNodes + staleNodes;
  return { totalNodes, onlineNodes, staleNodes, activeNodes, offlineNodes: totalNodes - activeNodes };
}

/**
 * Compares totals and distributions of one period. Returns the expected values, and the earlier tasks and invoices that
 * left the window.
 */
function compareCounts(input: ComparisonInput, period: Period, check: Check) {
  const [before, after] = [input.before.periods[period], input.after.periods[period]];
  const [was, ours, is] = [flatCounts(before), flatCounts({ ...input.ours }), flatCounts(after)];
  const names = [...new Set([...was.keys(), ...ours.keys(), ...is.keys()])];
  const compared = names.filter((name) => !isInTail(name, before, after));
  const tails = new Set<string>(OPEN.filter((member) => names.some((name) => name === `${member}.other`)));
  const expected = new Map(compared.map((name) => [name, (was.get(name) ?? 0) + (ours.get(name) ?? 0)]));
  const shortfall = new Map<string, number>();
  for (const [name, value] of expected) {
    const short = value - (is.get(name) ?? 0);
    if (short !== 0) shortfall.set(name, short);
  }
  const mayLeave =
    period !== 'all' && canHaveLeft(Date.parse(input.before.timestamp), Date.parse(input.after.timestamp));
  const left = shortfall.size > 0 && mayLeave && isPossible(shortfall, was, tails);
  if (left) for (const [name, short] of shortfall) expected.set(name, (expected.get(name) ?? 0) - short);
  for (const [name, value] of expected) check(name, value, is.get(name) ?? 0);
  return { expected, left: left ? shortfall : null, tails };
}

/** The labels of a closed vocabulary: every label in order, zeros included, and `unknown` only if it is not zero. */
function labelsInOrder(data: PublishedStatistics, member: string): { expected: string; published: string } {
  const distribution = distributionOf(data, member);
  const labels = [...(CLOSED[member] ?? []), ...((distribution['unknown'] ?? 0) === 0 ? [] : ['unknown'])];
  return { expected: labels.join(' '), published: Object.keys(distribution).join(' ') };
}

function comparePeriod(input: ComparisonInput, period: Period) {
  const after = input.after.periods[period];
  const differences: Difference[] = [];
  let compared = 0;
  const add = (member: string, expected: string, published: string): void => {
    compared += 1;
    if (expected !== published) differences.push({ period, member, expected, published });
  };
  const check: Check = (member, expected, published) => add(member, String(expected), String(published));
  const { expected, left, tails } = compareCounts(input, period, check);
  const expectedOf = (name: string): number => expected.get(name) ?? 0;
  const ended = expectedOf('completedTasks') + expectedOf('failedTasks');
  const rates = {
    successRate: percentRoundedDown(expectedOf('completedTasks'), ended),
    cacheHitRate: percentRoundedDown(expectedOf('cachedTasks'), ended),
  };
  for (const rate of RATES) check(rate, rates[rate], numberOf(after, rate));
  const nodes = expectedNodes(input);
  for (const member of NODE_COUNTS) check(member, nodes[member], numberOf(after, member));
  // The 24 h counts must equal those of the period 24h of the same tick, which is compared itself.
  const day = input.after.periods['24h'];
  for (const member of LAST_24_HOURS) {
    const total = member === 'tasksLast24h' ? 'totalTasks' : 'totalInvoices';
    check(member, numberOf(day, total), numberOf(after, member));
  }
  for (const member of Object.keys(CLOSED)) {
    const labels = labelsInOrder(after, member);
    add(`${member} (labels)`, labels.expected, labels.published);
  }
  return { compared, differences, left, tails };
}

/** Compares all periods of two ticks. */
export function compareStatistics(input: ComparisonInput): Comparison {
  const differences: Difference[] = [];
  const notes: string[] = [];
  let compared = 0;
  for (const period of PERIODS) {
    if (input.elapsedMs + WINDOW_MARGIN_MS > WINDOW_MS[period]) {
      notes.push(`${period}: not compared, the run is as long as the window`);
      continue;
    }
    const result = comparePeriod(input, period);
    compared += result.compared;
    differences.push(...result.differences);
    if (result.left !== null) {
      const tasks = result.left.get('totalTasks') ?? 0;
      const invoices = result.left.get('totalInvoices') ?? 0;
      notes.push(`${period}: ${tasks} earlier tasks and ${invoices} earlier invoices left the window`);
    }
    for (const member of result.tails) {
      notes.push(`${period}.${member}: labels folded into "other" are not compared`);
    }
  }
  return { compared, differences, notes };
}
