// Makes the statistics messages (docs/federation.md#statistics): one per period, each on its own subject. Pure.

import type { NetworkStatistics } from '../domain/statistics.ts';
import type { Period } from '../domain/vocabulary.ts';

/**
 * The subjects of the periods must not match `truebit.stats.*`: deployed monitors keep any `network_stats` message that
 * arrives there.
 */
const SUBJECTS: Readonly<Record<Period, string>> = {
  all: 'truebit.stats.aggregated',
  '1h': 'truebit.stats.period.1h',
  '24h': 'truebit.stats.period.24h',
  '7d': 'truebit.stats.period.7d',
};

/** One message to publish. */
export interface StatisticsMessage {
  readonly subject: string;
  readonly payload: string;
}

/** The message with the statistics of one period at `nowMs`. */
export function statisticsMessage(
  period: Period,
  data: NetworkStatistics,
  nowMs: number,
  aggregatorId: string,
): StatisticsMessage {
  return {
    subject: SUBJECTS[period],
    payload: JSON.stringify({
      version: '1.0',
      type: period === 'all' ? 'network_stats' : 'network_stats_period',
      timestamp: new Date(nowMs).toISOString(),
      aggregatorId,
      period,
      data,
    }),
  };
}
