// The shape of a signed summary: which members it has, and of what kind each is (docs/trades.md#the-summary). It looks at
// plain data only.

import { isObject } from '../../lib/is-object.ts';
import type { HourlyBucket, SummaryMetadata, SummaryPayload, SummaryTotals } from './summary.ts';

type Check = (value: unknown) => boolean;
type Shape<T> = Readonly<Record<keyof T, Check>>;

const TEXT_CHARACTERS_MAX = 256;
const HOUR_MS = 3_600_000;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const DIGEST = /^[0-9a-f]{64}$/;

const isText: Check = (value) =>
  typeof value === 'string' && value !== '' && value.length <= TEXT_CHARACTERS_MAX && !/\p{Cc}/u.test(value);
const isNumber: Check = (value) => typeof value === 'number';
const isAmount: Check = (value) => typeof value === 'number' && value >= 0;
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime: Check = (value) => typeof value === 'string' && TIME.test(value) && isDate(value);
/** Not the 30th of February, which the engine reads as a day of March. */
const isDate = (text: string) =>
  !Number.isNaN(Date.parse(text)) && new Date(Date.parse(text)).toISOString() === text;
const isHour: Check = (value) => isTime(value) && Date.parse(value as string) % HOUR_MS === 0;
const isDigest: Check = (value) => typeof value === 'string' && DIGEST.test(value);
const isOneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const isTrue = isOneOf(true);
const isAnObject: Check = (value) => isObject(value);

const BUCKET: Shape<HourlyBucket> = {
  t: isHour,
  return_pct: isNumber,
  trades: isCount,
  volume_base: isAmount,
  volume_quote: isAmount,
  fees_usd: isNumber,
};

const TOTALS: Shape<SummaryTotals> = {
  trades: isCount,
  volume_base: isAmount,
  volume_quote: isAmount,
  fees_usd: isNumber,
};

const PAYLOAD: Shape<Required<SummaryPayload> & { readonly signature: string }> = {
  client_id: isText,
  exchange: isText,
  connector_version: isText,
  period_start: isTime,
  period_end: isTime,
  hourly_buckets: Array.isArray,
  totals: isAnObject,
  metadata: isAnObject,
  signature: (value) => typeof value === 'string',
};

/** Members that a later schema adds are unknown here, and are covered by the signature like the others. */
const METADATA: Shape<Required<SummaryMetadata>> = {
  schema: isOneOf(1),
  key_id: isText,
  provenance: isOneOf('client_reported', 'polled'),
  return_basis: isOneOf('realized_fifo', 'price_move'),
  scope: isOneOf('fills'),
  canonical: isOneOf('plain'),
  quote: isText,
  assumed_usd: isTrue,
  mixed_base: isTrue,
  unconverted: isAnObject,
  unmatched_sells: isAnObject,
  seq: isCount,
  prev: isDigest,
  revises: isDigest,
  opening: isOneOf('unknown'),
  gap: isAnObject,
  unpolled_markets: isCount,
};

const METADATA_NEEDED = ['schema', 'key_id', 'provenance'];

/** Why a value is no signed summary: a clause without any text of the value; null if it is one. */
export function shapeFault(value: unknown): string | null {
  if (!isObject(value)) return 'it is not a JSON object';
  const { metadata, ...rest } = value;
  const { metadata: _check, ...members } = PAYLOAD;
  return (
    faultIn(rest, members, 'the summary') ??
    faultIn(value['totals'], TOTALS, 'totals') ??
    (Object.hasOwn(value, 'metadata') ? metadataFault(metadata) : null) ??
    periodFault(value as unknown as SummaryPayload)
  );
}

/** An object must have these members, all of them and no other. */
function faultIn(value: unknown, shape: Readonly<Record<string, Check>>, what: string): string | null {
  if (!isObject(value)) return `${what} is not an object`;
  for (const name in shape) {
    if (!Object.hasOwn(value, name)) return `${what} has no member ${name}`;
    if (shape[name]?.(value[name]) !== true) return `${name} in ${what} is not what it must be`;
  }
  const hasOthers = Object.keys(value).length !== Object.keys(shape).length;
  return hasOthers ? `${what} has an unknown member` : null;
}

function metadataFault(value: unknown): string | null {
  if (!isObject(value)) return 'metadata is not an object';
  const missing = METADATA_NEEDED.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `metadata has no member ${missing}`;
  for (const [name, check] of Object.entries(METADATA)) {
    if (Object.hasOwn(value, name) && !check(value[name]))
      return `${name} in metadata is not what it must be`;
  }
  return null;
}

/** Hours are ascending, each once, and each has a part in the period. */
function periodFault({ period_start, period_end, hourly_buckets }: SummaryPayload): string | null {
  const [startMs, endMs] = [Date.parse(period_start), Date.parse(period_end)];
  if (startMs > endMs) return 'the period ends before it starts';
  let nextMs = startMs - HOUR_MS + 1;
  for (const bucket of hourly_buckets) {
    const fault = faultIn(bucket, BUCKET, 'a bucket');
    if (fault !== null) return fault;
    const atMs = Date.parse(bucket.t);
    if (atMs < nextMs || atMs >= endMs) return 'the hours are not ascending, or not within the period';
    nextMs = atMs + 1;
  }
  return null;
}
