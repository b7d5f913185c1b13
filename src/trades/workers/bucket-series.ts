// Reads the charts: the sums of each step of a span, without gaps. A long span has longer steps. It only reads.

import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { BucketPoint, BucketQuery, BucketSeries } from '../domain/questions.ts';
import { HOUR_MS } from '../store/codes.ts';

/** Points of a series. */
export const SERIES_POINTS_MAX = 800;
/** Steps in hours that a person reads easily; above them, whole multiples of the last. */
const STEPS_HOURS = [1, 2, 3, 6, 12, 24, 48, 168, 336] as const;
const LONGEST_STEP_HOURS = 672;

interface Row {
  readonly step: number;
  readonly trades: number;
  readonly volumeQuote: number;
  readonly feesUsd: number;
}

/** The series of a span. Steps begin at whole multiples of their length since 1970. */
export function readBuckets(database: ReadDatabase, { fromMs, toMs, clientId }: BucketQuery): BucketSeries {
  const [from, to] = [Math.floor(fromMs / HOUR_MS), Math.ceil(toMs / HOUR_MS)];
  const hours = stepFor(Math.max(1, to - from));
  const isOfClient =
    clientId === null ? '' : 'AND client IN (SELECT number FROM clients WHERE client_id = ?)';
  // Numbers are bound as REAL, and a division by one would not be of whole numbers.
  const rows = statement<unknown[], Row>(
    database,
    `SELECT hour / CAST(? AS INTEGER) AS step, sum(trades) AS trades,
         coalesce(sum(volume_quote) FILTER (WHERE quote IS NULL), 0) AS volumeQuote,
         coalesce(sum(fees_usd) FILTER (WHERE quote IS NULL), 0) AS feesUsd
       FROM buckets WHERE hour >= ? AND hour < ? ${isOfClient} GROUP BY step`,
  ).all(hours, from, to, ...(clientId === null ? [] : [clientId]));
  const found = new Map(rows.map((row) => [row.step, row]));
  const points: BucketPoint[] = [];
  for (let step = Math.floor(from / hours); step * hours < to; step++) {
    const { trades = 0, volumeQuote = 0, feesUsd = 0 } = found.get(step) ?? {};
    points.push({ atMs: step * hours * HOUR_MS, trades, volumeQuote, feesUsd });
  }
  return { stepMs: hours * HOUR_MS, points };
}

/** The shortest step that keeps this many hours within the limit of points; a span can touch one more step. */
function stepFor(hours: number): number {
  const stepHours = hours / (SERIES_POINTS_MAX - 1);
  return (
    STEPS_HOURS.find((step) => step >= stepHours) ??
    Math.ceil(stepHours / LONGEST_STEP_HOURS) * LONGEST_STEP_HOURS
  );
}
