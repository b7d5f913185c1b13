// Decodes published statistics, and collects them into ticks (all four periods of one moment).

import type { Period } from './vocabulary.ts';
import { PERIODS } from './vocabulary.ts';
import { isObject } from '../../lib/is-object.ts';

/** The `data` of a statistics message: numbers, and distributions from label to count. */
export type PublishedStatistics = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

/** One decoded statistics message. */
export interface Publication {
  readonly period: Period;
  readonly timestamp: string;
  readonly aggregatorId: string;
  readonly data: PublishedStatistics;
}

/** All periods of one tick. */
export interface Tick {
  readonly timestamp: string;
  readonly periods: Readonly<Record<Period, PublishedStatistics>>;
}

function isStatistic(value: unknown): value is number | Readonly<Record<string, number>> {
  if (typeof value === 'number') return true;
  return isObject(value) && Object.values(value).every((count) => typeof count === 'number');
}

/** Keeps the members that are statistics; others (text, null) are left out. */
export function decodeStatistics(value: unknown): PublishedStatistics {
  if (!isObject(value)) return {};
  const data: Record<string, number | Readonly<Record<string, number>>> = {};
  for (const [member, statistic] of Object.entries(value)) {
    if (isStatistic(statistic)) data[member] = statistic;
  }
  return data;
}

/** Decodes a message; null if it is not a statistics message. */
export function decodePublication(payload: Uint8Array): Publication | null {
  let message: unknown;
  try {
    message = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return null;
  }
  if (!isObject(message)) return null;
  const { timestamp, aggregatorId, data } = message;
  const period = PERIODS.find((name) => name === message['period']);
  if (period === undefined || typeof timestamp !== 'string' || typeof aggregatorId !== 'string') return null;
  return { period, timestamp, aggregatorId, data: decodeStatistics(data) };
}

/** The latest ticks of one aggregator; only complete ones are returned. */
export interface Ticks {
  add(payload: Uint8Array): void;
  /** The first complete tick that is later than `afterMs` (Unix milliseconds). */
  firstAfter(afterMs: number): Tick | null;
  at(timestamp: string): Tick | null;
}

/** Maximum number of ticks kept; the oldest are dropped first. */
const TICKS_MAX = 64;

/**
 * Collects the publications of `aggregatorId` and ignores those of other aggregators on the same broker. With an empty
 * id (which the aggregator has before its first tick) it takes every publication.
 */
export function createTicks(aggregatorId: string): Ticks {
  const gathered = new Map<string, Map<Period, PublishedStatistics>>();

  function at(timestamp: string): Tick | null {
    const periods = gathered.get(timestamp);
    const [hour, day, week, all] = PERIODS.map((period) => periods?.get(period));
    if (!hour || !day || !week || !all) return null;
    return { timestamp, periods: { '1h': hour, '24h': day, '7d': week, all } };
  }

  return {
    add(payload) {
      const publication = decodePublication(payload);
      if (publication === null) return;
      if (aggregatorId !== '' && publication.aggregatorId !== aggregatorId) return;
      const periods = gathered.get(publication.timestamp) ?? new Map<Period, PublishedStatistics>();
      gathered.set(publication.timestamp, periods.set(publication.period, publication.data));
      const [oldest] = gathered.keys();
      if (gathered.size > TICKS_MAX && oldest !== undefined) gathered.delete(oldest);
    },
    firstAfter(afterMs) {
      const later = [...gathered.keys()].filter((timestamp) => Date.parse(timestamp) > afterMs).toSorted();
      return later.map(at).find((tick) => tick !== null) ?? null;
    },
    at,
  };
}
