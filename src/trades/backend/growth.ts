// Makes one row per hour of a client's buckets, and of those the curve: growth and drawdown. Pure arithmetic in doubles.
//
// What is shown as total return is the compounded growth of the hourly returns, Π(1 + r/100) − 1. Adding percentages
// would say that +50 % and −50 % cancel; compounding says −25 %, as for a person who puts the same share of their money
// into each hour. `return_pct` relates to the basis of the lots closed in that hour, and never to the whole account, so
// neither is the return of an account: the page says so.

/** A bucket of a summary that counts. */
export interface StoredBucket {
  readonly atMs: number;
  readonly returnPct: number;
  readonly trades: number;
  readonly volumeBase: number;
  readonly volumeQuote: number;
  readonly fees: number;
  /** The asset of volume and fees; empty for USD. */
  readonly quote: string;
}

/** One hour of a client. */
export interface Hour {
  readonly atMs: number;
  readonly returnPct: number;
  readonly trades: number;
  /** Volume and fees of each quote asset. */
  readonly amounts: ReadonlyMap<string, { readonly volume: number; readonly fees: number }>;
}

/** The curve at the end of one hour. */
export interface CurvePoint {
  readonly atMs: number;
  /** Growth since the first hour, in percent; −100 or more. */
  readonly growthPct: number;
  /** How far below its peak the curve is, in percent, 0 to 100. */
  readonly drawdownPct: number;
}

/** A growth factor stays below this, so that it prints as a number. */
const GREATEST_FACTOR = 1e15;

/** Adds up buckets, in any order, to hours in the order of time. */
export function hoursOf(buckets: readonly StoredBucket[]): readonly Hour[] {
  const byHour = new Map<number, StoredBucket[]>();
  for (const bucket of buckets) {
    const hour = byHour.get(bucket.atMs);
    if (hour === undefined) byHour.set(bucket.atMs, [bucket]);
    else hour.push(bucket);
  }
  return [...byHour].toSorted(([a], [b]) => a - b).map(([atMs, parts]) => hourOf(atMs, parts));
}

function hourOf(atMs: number, parts: readonly StoredBucket[]): Hour {
  const amounts = new Map<string, { readonly volume: number; readonly fees: number }>();
  for (const { quote, volumeQuote, fees } of parts) {
    const sum = amounts.get(quote) ?? { volume: 0, fees: 0 };
    amounts.set(quote, { volume: sum.volume + volumeQuote, fees: sum.fees + fees });
  }
  const trades = parts.reduce((sum, part) => sum + part.trades, 0);
  return { atMs, returnPct: returnOf(parts), trades, amounts };
}

/**
 * The return of an hour that stands in several summaries: their mean, weighted by volume. The exact weight is the basis,
 * which a summary does not tell. A part whose return is 0 closed no lots and has no weight.
 */
function returnOf(parts: readonly StoredBucket[]): number {
  const closing = parts.filter(({ returnPct }) => returnPct !== 0);
  const [only] = closing;
  if (only === undefined) return 0;
  if (closing.length === 1) return only.returnPct;
  const weight = closing.reduce((sum, { volumeQuote }) => sum + volumeQuote, 0);
  if (weight <= 0) return closing.reduce((sum, { returnPct }) => sum + returnPct, 0) / closing.length;
  return closing.reduce((sum, { returnPct, volumeQuote }) => sum + returnPct * (volumeQuote / weight), 0);
}

/** The curve over the hours, which must be in the order of time. An hour that loses 100 % or more ends it at −100 %. */
export function curveOf(hours: readonly Hour[]): readonly CurvePoint[] {
  let factor = 1;
  let peak = 1;
  return hours.map(({ atMs, returnPct }) => {
    factor = Math.min(GREATEST_FACTOR, Math.max(0, factor * (1 + returnPct / 100)));
    peak = Math.max(peak, factor);
    return { atMs, growthPct: percent(factor - 1), drawdownPct: percent(1 - factor / peak) };
  });
}

/** The greatest drawdown of a curve, in percent. */
export function maximumDrawdown(curve: readonly CurvePoint[]): number {
  return curve.reduce((greatest, { drawdownPct }) => Math.max(greatest, drawdownPct), 0);
}

/** Nine fractional digits: beyond them are errors of rounding. */
function percent(share: number): number {
  return Math.round(share * 1e11) / 1e9;
}
