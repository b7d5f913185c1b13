// The statistics of the latest tick as the API and the live feed show them, one body per period. It puts members together
// and computes none.

import type { NetworkStatistics, TickStatistics } from '../domain/statistics.ts';
import { PERIODS, type Period } from '../domain/vocabulary.ts';
import { NO_STATISTICS } from './no-statistics.ts';
import { tagged, type TaggedText } from '../../http/shared-answers.ts';

/** The statistics of one period, of the latest tick. Times are public UTC text. */
export interface PeriodStatistics {
  readonly data: NetworkStatistics;
  readonly period: Period;
  /** As published: the moment the statistics are of. */
  readonly timestamp: string;
  readonly aggregatorId: string;
  readonly lastUpdated: string;
}

/** Those of a tick, of every period. */
export function statisticsByPeriod(
  tick: TickStatistics,
  aggregatorId: string,
): ReadonlyMap<Period, PeriodStatistics> {
  const timestamp = new Date(tick.nowMs).toISOString();
  const entry = (period: Period): [Period, PeriodStatistics] => [
    period,
    { data: tick.periods[period], period, timestamp, aggregatorId, lastUpdated: timestamp },
  ];
  return new Map(PERIODS.map(entry));
}

/** The body of an answer. */
export function statisticsBody({ data, period, timestamp, aggregatorId, lastUpdated }: PeriodStatistics) {
  return { ...data, period, timestamp, aggregatorId, lastUpdated, status: 'connected' as const };
}

/** The body before the first tick. `nowMs` is our clock, in milliseconds. */
export function awaitingBody(period: Period, aggregatorId: string, nowMs: number) {
  const timestamp = new Date(nowMs).toISOString();
  return { ...NO_STATISTICS, period, timestamp, aggregatorId, lastUpdated: null, status: 'awaiting_data' };
}

/** Keeps the text of each period until the next tick: front ends ask far more often than numbers change. */
export function rememberText(): (statistics: PeriodStatistics) => TaggedText {
  const remembered = new Map<Period, { readonly of: PeriodStatistics; readonly answer: TaggedText }>();
  return (statistics) => {
    const known = remembered.get(statistics.period);
    if (known?.of === statistics) return known.answer;
    const answer = tagged(JSON.stringify(statisticsBody(statistics)));
    remembered.set(statistics.period, { of: statistics, answer });
    return answer;
  };
}
