// Published statistics against before + what the oracle expects of our messages. Every member but geography
// (continentDistribution, locationDistribution: computed at most hourly, folded for privacy) and the tails of open
// vocabularies (labels that are folded into `other` before or after).

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

/** One number that is not what it must be. */
export interface Difference {
  readonly period: Period;
  readonly member: string;
  readonly expected: string;
  readonly published: string;
}

export interface Comparison {
  /** How many numbers were compared. */
  readonly compared: number;
  readonly differences: readonly Difference[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

export interface ComparisonInput {
  readonly before: Tick;
  readonly after: Tick;
  /** What the oracle expects of our messages alone. */
  readonly ours: ExpectedStatistics;
  /** Nodes of others that are active at `after`: they come and go without us. */
  readonly othersOnline: number;
  readonly othersStale: number;
  /** How long the run took: our own first tasks leave a window that is shorter. */
  readonly elapsedMs: number;
}

const WINDOW_MS: Readonly<Record<Period, number>> = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  all: Infinity,
};
/** A window that is not this much longer than the run is not compared. */
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

/** Totals and distributions of one period; returns them as expected, and what left the window. */
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

/** Closed vocabularies carry every label in order, zeros included, `unknown` only when it is not zero. */
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
  const of = (name: string): number => expected.get(name) ?? 0;
  const ended = of('completedTasks') + of('failedTasks');
  const rates = {
    successRate: percentRoundedDown(of('completedTasks'), ended),
    cacheHitRate: percentRoundedDown(of('cachedTasks'), ended),
  };
  for (const rate of RATES) check(rate, rates[rate], numberOf(after, rate));
  const nodes = expectedNodes(input);
  for (const member of NODE_COUNTS) check(member, nodes[member], numberOf(after, member));
  // The 24 h counts are those of the period 24h of the same tick, which is compared by itself.
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
