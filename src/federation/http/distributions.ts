// Distributions as bars. An array keeps its order; a JSON object would put labels that look like whole numbers first.
// Closed vocabularies keep their own order; open ones have the largest first and `other` last.

import type { Distribution, NetworkStatistics } from '../domain/statistics.ts';

/** One label of a distribution. */
export interface Bar {
  readonly label: string;
  readonly count: number;
  /** 0 … 1 of the total. */
  readonly share: number;
}

/** One distribution as ordered bars. */
export interface Bars {
  readonly total: number;
  readonly bars: readonly Bar[];
}

const CLOSED: ReadonlySet<string> = new Set([
  'executionTimeDistribution',
  'gasUsageDistribution',
  'stepsComputedDistribution',
  'memoryUsedDistribution',
]);

/** Returns all distributions of the statistics, by name. */
export function barsOf(statistics: NetworkStatistics): Readonly<Record<string, Bars>> {
  const bars: Record<string, Bars> = {};
  for (const [name, value] of Object.entries(statistics) as [string, number | Distribution][]) {
    if (typeof value === 'object') bars[name] = toBars(value, CLOSED.has(name));
  }
  return bars;
}

function toBars(distribution: Distribution, isClosed: boolean): Bars {
  const entries = Object.entries(distribution);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  if (!isClosed)
    entries.sort(
      ([a, m], [b, n]) => Number(a === 'other') - Number(b === 'other') || n - m || (a < b ? -1 : 1),
    );
  return {
    total,
    bars: entries.map(([label, count]) => ({ label, count, share: total === 0 ? 0 : count / total })),
  };
}
