// Statistics as flat numbers by name (`totalTasks`, `chainDistribution.137`), so that expectations can be added.

import type { PublishedStatistics } from './publication.ts';
import { AMOUNT_BUCKETS, MEMORY_BUCKETS, TIME_BUCKETS } from './vocabulary.ts';

/** Counts of tasks and invoices that each period has for itself. */
export const TOTALS = [
  'totalTasks',
  'completedTasks',
  'failedTasks',
  'cachedTasks',
  'totalInvoices',
] as const;
/** The 24 h counts that every message carries. */
export const LAST_24_HOURS = ['tasksLast24h', 'invoicesLast24h'] as const;
/** The rates, in percent. */
export const RATES = ['successRate', 'cacheHitRate'] as const;
/** The counts of nodes, which are the same in all periods. */
export const NODE_COUNTS = [
  'totalNodes',
  'onlineNodes',
  'staleNodes',
  'activeNodes',
  'offlineNodes',
] as const;

/** Distributions over closed vocabularies: they always contain every label, and `unknown` only if it is not zero. */
export const CLOSED: Readonly<Record<string, readonly string[]>> = {
  executionTimeDistribution: TIME_BUCKETS,
  gasUsageDistribution: AMOUNT_BUCKETS,
  stepsComputedDistribution: AMOUNT_BUCKETS,
  memoryUsedDistribution: MEMORY_BUCKETS,
};
/** Distributions over open vocabularies; `other` counts the labels beyond the 50 largest. */
export const OPEN = ['chainDistribution', 'taskTypeDistribution'] as const;

/** One distribution; empty if the member is missing or a number. */
export function distributionOf(data: PublishedStatistics, member: string): Readonly<Record<string, number>> {
  const distribution = data[member];
  return typeof distribution === 'object' ? distribution : {};
}

/** Totals and distributions by flat name. A missing total is NaN, so that it equals no number. */
export function flatCounts(data: PublishedStatistics): ReadonlyMap<string, number> {
  const flat = new Map<string, number>();
  for (const member of TOTALS) flat.set(member, numberOf(data, member));
  for (const member of [...Object.keys(CLOSED), ...OPEN]) {
    for (const [label, count] of Object.entries(distributionOf(data, member)))
      flat.set(`${member}.${label}`, count);
  }
  return flat;
}

/** One number; NaN if it is missing or not a number. */
export function numberOf(data: PublishedStatistics, member: string): number {
  const value = data[member];
  return typeof value === 'number' ? value : NaN;
}

/**
 * True for a label of an open distribution that cannot be compared, because before or after the run some labels are
 * folded into `other`.
 */
export function isInTail(name: string, before: PublishedStatistics, after: PublishedStatistics): boolean {
  const member = OPEN.find((open) => name.startsWith(`${open}.`));
  if (member === undefined) return false;
  const [was, is] = [distributionOf(before, member), distributionOf(after, member)];
  if (was['other'] === undefined && is['other'] === undefined) return false;
  const label = name.slice(member.length + 1);
  return label === 'other' || was[label] === undefined || is[label] === undefined;
}
