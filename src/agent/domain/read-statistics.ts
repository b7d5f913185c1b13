// Reads a message of statistics (docs/agent.md#statistics) into the row that is kept and shown. Anyone may be able to
// publish there, so it is read strictly and within bounds. It checks no signature and remembers nothing.

import { holdsPersonalData } from '../../federation/domain/privacy.ts';
import { isObject } from '../../lib/is-object.ts';
import {
  COUNT_NAMES,
  type Distribution,
  DISTRIBUTION_NAMES,
  NODE_COUNT_NAMES,
  SHORT_PERIODS,
  type ShortPeriod,
  type SignatureState,
  type StatisticsRow,
} from './network-statistics.ts';

/** A longer message of statistics is not read. */
export const STATISTICS_BYTES_MAX = 65_536;
/** Labels of one distribution. An aggregator publishes at most 51 of an open vocabulary. */
export const STATISTICS_LABELS_MAX = 1_000;

/** When a message came, and what is known of its signature. */
export interface Arrival {
  /** Ms since the epoch. */
  readonly receivedMs: number;
  readonly signature: SignatureState;
}

/** What was read: the period, and the row. */
export interface ReadStatistics {
  readonly period: 'all' | ShortPeriod;
  readonly row: StatisticsRow;
}

/** Why nothing was read. */
export type StatisticsFault = 'too_large' | 'malformed';

/** Reads the payload of a message on a subject below `truebit.stats.`. Never throws. */
export function readStatistics(payload: Uint8Array, arrival: Arrival): ReadStatistics | StatisticsFault {
  if (payload.length > STATISTICS_BYTES_MAX) return 'too_large';
  try {
    return read(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)), arrival);
  } catch {
    // `Malformed`, or an error of the decoder or the parser.
    return 'malformed';
  }
}

class Malformed extends Error {
  override readonly name = 'Malformed';
}

type Members = Readonly<Record<string, unknown>>;

const VERSION = /^1(\.\d{1,9}){0,2}$/;
const AGGREGATOR_ID = /^[A-Za-z0-9._:-]{1,64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
const LABEL = /^[\x20-\x7e]{1,64}$/;
const DECIMAL = /^\d{1,3}(\.\d{1,9})?$/;
const GREATEST_PERCENT = 100;

function read(message: unknown, { receivedMs, signature }: Arrival): ReadStatistics {
  const envelope = objectOf(message);
  const data = objectOf(envelope['data']);
  const { version, aggregatorId, timestamp } = envelope;
  demand(isAbsent(version) || (typeof version === 'string' && VERSION.test(version)));
  demand(typeof timestamp === 'string' && TIME.test(timestamp));
  const publishedMs = Date.parse(String(timestamp));
  demand(Number.isFinite(publishedMs));
  // Every aggregator publishes these two; the others may be missing from an earlier one.
  demand(!isAbsent(data['activeNodes']) && !isAbsent(data['totalTasks']));
  return {
    period: periodOf(envelope['type'], envelope['period']),
    row: {
      counts: eachOf(COUNT_NAMES, (name) => (isAbsent(data[name]) ? 0 : countOf(data[name]))),
      nodeCounts: eachOf(NODE_COUNT_NAMES, (name) => (isAbsent(data[name]) ? null : countOf(data[name]))),
      successRate: percentOf(data['successRate']),
      cacheHitRate: percentOf(data['cacheHitRate']),
      distributions: eachOf(DISTRIBUTION_NAMES, (name) => distributionOf(data[name])),
      publishedMs,
      receivedMs,
      aggregatorId: nameOf(aggregatorId),
      signature,
    },
  };
}

/** Empty if the message names no aggregator. */
function nameOf(aggregatorId: unknown): string {
  if (isAbsent(aggregatorId)) return '';
  if (typeof aggregatorId !== 'string') throw new Malformed('the name is no text');
  demand(AGGREGATOR_ID.test(aggregatorId) && !holdsPersonalData(aggregatorId));
  return aggregatorId;
}

/** The earlier aggregator names no period: its one message covers everything. */
function periodOf(type: unknown, period: unknown): ReadStatistics['period'] {
  const short = SHORT_PERIODS.find((each) => each === period);
  if (type === 'network_stats_period' && short !== undefined) return short;
  demand(type === 'network_stats');
  if (short !== undefined) return short;
  demand(isAbsent(period) || period === 'all');
  return 'all';
}

function demand(condition: boolean): void {
  if (!condition) throw new Malformed('a member is not as it must be');
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function objectOf(value: unknown): Members {
  if (!isObject(value)) throw new Malformed('an object is missing');
  return value;
}

function countOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new Malformed('a count is not a whole number');
  return value;
}

/** Percent as published; an earlier aggregator may write it as text. Absent is 0. */
function percentOf(value: unknown): number {
  if (isAbsent(value)) return 0;
  const percent = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  if (typeof percent !== 'number' || !(percent >= 0 && percent <= GREATEST_PERCENT))
    throw new Malformed('a rate is not a percentage');
  return percent;
}

function distributionOf(value: unknown): Distribution {
  if (isAbsent(value)) return {};
  const entries = Object.entries(objectOf(value));
  demand(entries.length <= STATISTICS_LABELS_MAX);
  return Object.fromEntries(
    entries.map(([label, count]) => {
      demand(LABEL.test(label) && !holdsPersonalData(label));
      return [label, countOf(count)];
    }),
  );
}

function eachOf<Name extends string, Value>(
  names: readonly Name[],
  valueOf: (name: Name) => Value,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<Name, Value>;
}
