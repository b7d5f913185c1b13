// The metrics of the federation's own numbers, from the last tick: of this process, or of the publisher that a replica
// heard. Before the first tick no series exists, so that no reader takes "not known" for 0. Open labels (chains, task
// types) and places are left out, because their number has no limit.

import type { Distribution, NetworkStatistics, TickStatistics } from '../domain/statistics.ts';
import {
  EXECUTION_TIMES,
  GAS_AMOUNTS,
  MEMORY_SIZES,
  PERIODS,
  type Period,
  STEP_COUNTS,
} from '../domain/vocabulary.ts';
import type { Reading, SeriesValue } from '../../metrics/reading.ts';

/** The statistics of the last tick; null before the first. */
export interface NetworkMoment {
  readonly tick: Pick<TickStatistics, 'periods'> | null;
}

/** The closed distributions: the value of the label `distribution`, the buckets, and where the counts are. */
const DISTRIBUTIONS: readonly (readonly [
  name: string,
  buckets: readonly string[],
  counts: (statistics: NetworkStatistics) => Distribution,
])[] = [
  ['execution_time', EXECUTION_TIMES, ({ executionTimeDistribution }) => executionTimeDistribution],
  ['gas_used', GAS_AMOUNTS, ({ gasUsageDistribution }) => gasUsageDistribution],
  ['steps_computed', STEP_COUNTS, ({ stepsComputedDistribution }) => stepsComputedDistribution],
  ['memory_used', MEMORY_SIZES, ({ memoryUsedDistribution }) => memoryUsedDistribution],
];

/** All gauges of the federation's numbers. */
export const NETWORK_READINGS: readonly Reading<NetworkMoment>[] = [
  {
    name: 'aggregator_network_nodes',
    type: 'gauge',
    help: 'Nodes of the whole federation by state. A node that was deleted counts as offline.',
    labels: ['state'],
    read: ({ tick }) => {
      // The counts of nodes are the same in every period of a tick (docs/federation.md#counts).
      const all = tick?.periods.all;
      return all === undefined
        ? []
        : [
            [{ state: 'online' }, all.onlineNodes],
            [{ state: 'stale' }, all.staleNodes],
            [{ state: 'offline' }, all.offlineNodes],
          ];
    },
  },
  perPeriod('aggregator_network_tasks', 'Tasks first seen in the period.', ({ totalTasks }) => totalTasks),
  perPeriod(
    'aggregator_network_completed_tasks',
    'Tasks of the period that were completed with success.',
    ({ completedTasks }) => completedTasks,
  ),
  perPeriod(
    'aggregator_network_failed_tasks',
    'Tasks of the period that failed.',
    ({ failedTasks }) => failedTasks,
  ),
  perPeriod(
    'aggregator_network_cached_tasks',
    'Tasks of the period whose result came from a cache.',
    ({ cachedTasks }) => cachedTasks,
  ),
  perPeriod(
    'aggregator_network_invoices',
    'Invoices first seen in the period.',
    ({ totalInvoices }) => totalInvoices,
  ),
  perPeriod(
    'aggregator_network_success_ratio',
    'Completed tasks of the finished tasks of the period, 0 to 1; no series while there is none.',
    (statistics) => ratio(statistics, statistics.successRate),
  ),
  perPeriod(
    'aggregator_network_cache_hit_ratio',
    'Cached tasks of the finished tasks of the period, 0 to 1; no series while there is none.',
    (statistics) => ratio(statistics, statistics.cacheHitRate),
  ),
  {
    name: 'aggregator_network_distribution',
    type: 'gauge',
    help: 'Finished tasks or invoices of the period by bucket, for each closed distribution.',
    labels: ['distribution', 'bucket', 'period'],
    read: ({ tick }) =>
      eachPeriod(tick, (statistics, period) =>
        DISTRIBUTIONS.flatMap(([distribution, buckets, countsOf]) => {
          const counts = countsOf(statistics);
          return [...buckets, 'unknown'].map(
            (bucket): SeriesValue => [{ distribution, bucket, period }, counts[bucket] ?? 0],
          );
        }),
      ),
  },
];

/** A gauge with one series for each period; none for a period of which `read` returns null. */
function perPeriod(
  name: string,
  help: string,
  read: (statistics: NetworkStatistics) => number | null,
): Reading<NetworkMoment> {
  return {
    name,
    type: 'gauge',
    help,
    labels: ['period'],
    read: ({ tick }) =>
      eachPeriod(tick, (statistics, period) => {
        const value = read(statistics);
        return value === null ? [] : [[{ period }, value]];
      }),
  };
}

function eachPeriod(
  tick: NetworkMoment['tick'],
  read: (statistics: NetworkStatistics, period: Period) => readonly SeriesValue[],
): readonly SeriesValue[] {
  return tick === null ? [] : PERIODS.flatMap((period) => read(tick.periods[period], period));
}

/** A published rate, in percent, as a ratio; null without a finished task, because then the rate says nothing. */
function ratio({ completedTasks, failedTasks }: NetworkStatistics, percent: number): number | null {
  return completedTasks + failedTasks === 0 ? null : percent / 100;
}
