// The statistics of the latest tick as the API and the live feed show them, one body per period. It computes nothing;
// it only puts members together.

import type { NetworkStatistics, TickStatistics } from '../domain/statistics.ts';
import { PERIODS, type Period } from '../domain/vocabulary.ts';
import { NO_STATISTICS } from './no-statistics.ts';
import { tagged, type TaggedText } from '../../http/shared-answers.ts';

/** The statistics of one period at the latest tick. Times are public UTC text. */
export interface PeriodStatistics {
  readonly data: NetworkStatistics;
  readonly period: Period;
  /** The time of the statistics, as published. */
  readonly timestamp: string;
  readonly aggregatorId: string;
  readonly lastUpdated: string;
}

/** Splits the statistics of a tick by period. */
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

/** The body of an answer after the first tick. */
export function statisticsBody({ data, period, timestamp, aggregatorId, lastUpdated }: PeriodStatistics) {
  return { ...data, period, timestamp, aggregatorId, lastUpdated, status: 'connected' as const };
}

/** The body of an answer before the first tick. `nowMs` is this machine's clock, in milliseconds. */
export function awaitingBody(period: Period, aggregatorId: string, nowMs: number) {
  const timestamp = new Date(nowMs).toISOString();
  return { ...NO_STATISTICS, period, timestamp, aggregatorId, lastUpdated: null, status: 'awaiting_data' };
}

/** Keeps the text of each period until the next tick, because front ends ask far more often than numbers change. */
export function rememberText(): (statistics: PeriodStatistics) => TaggedText {
  const remembered = new Map<
    Period,
    { readonly statistics: PeriodStatistics; readonly answer: TaggedText }
  >();
  return (statistics) => {
    const known = remembered.get(statistics.period);
    if (known?.statistics === statistics) return known.answer;
    const answer = tagged(JSON.stringify(statisticsBody(statistics)));
    remembered.set(statistics.period, { statistics, answer });
    return answer;
  };
}
