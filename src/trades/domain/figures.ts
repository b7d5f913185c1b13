// The figures of a summary: values the exact sums of its hours, adds them, and rounds each once.

import { AMOUNT_FRACTION_DIGITS, type Exact, HUNDRED, PERCENT_FRACTION_DIGITS, ZERO } from './amount.ts';
import { AssetSums } from './amounts.ts';
import type { HourSums } from './hour-sums.ts';
import type {
  FigureNotes,
  HourlyBucket,
  ReturnBasis,
  SummaryFigures,
  UnconvertedAmounts,
} from './summary.ts';
import type { Valuation } from './valuation.ts';

/** An amount as a number of the wire. */
export const amountNumber = (value: Exact): number => value.toNumber(AMOUNT_FRACTION_DIGITS);

/** Amounts without a price, and fees of lots whose quote has none, by asset. */
class Unconverted {
  readonly volume = new AssetSums();
  readonly fees = new AssetSums();
  readonly profit = new AssetSums();

  /** Undefined if every amount had a price. */
  note(): Readonly<Record<string, UnconvertedAmounts>> | undefined {
    const { volume, fees, profit } = this;
    const assets = new Set([volume, fees, profit].flatMap((sums) => sums.assets()));
    if (assets.size === 0) return undefined;
    return Object.fromEntries(
      [...assets].toSorted().map((asset) => [
        asset,
        {
          volume: amountNumber(volume.of(asset)),
          fees: amountNumber(fees.of(asset)),
          profit: amountNumber(profit.of(asset)),
        },
      ]),
    );
  }
}

/** Valued sums, exact. */
export interface ValuedSums {
  readonly volume: Exact;
  readonly fees: Exact;
  readonly profit: Exact;
  readonly basis: Exact;
}

/** Profit and basis of the same lots: a result whose quote has no price is out of both, with all its fees. */
function valuedResults({ hourMs, sums }: HourSums, valuation: Valuation, unconverted: Unconverted) {
  let [profit, basis] = [ZERO, ZERO];
  const unpricedFee = (asset: string, amount: Exact) => unconverted.profit.add(asset, ZERO.minus(amount));
  for (const [quote, result] of sums.results) {
    const price = valuation.price(quote, hourMs);
    const fees = result.fees.amounts();
    if (price === null) {
      unconverted.profit.add(quote, result.gross.value);
      for (const { asset, amount } of fees) unpricedFee(asset, amount);
    } else {
      const gross = result.gross.value.times(price);
      profit = profit.plus(gross).minus(valuation.sum(fees, unpricedFee));
      basis = basis.plus(result.basis.value.times(price));
    }
  }
  return { profit, basis };
}

function valued(hour: HourSums, valuation: Valuation, unconverted: Unconverted): ValuedSums {
  const { hourMs } = hour;
  const lost = (sums: AssetSums) => (asset: string, amount: Exact) => sums.add(asset, amount);
  return {
    volume: valuation.sum(hour.sums.volume.pricedAt(hourMs), lost(unconverted.volume)),
    fees: valuation.sum(hour.sums.fees.pricedAt(hourMs), lost(unconverted.fees)),
    ...valuedResults(hour, valuation, unconverted),
  };
}

/** The valued sums of one hour; amounts without a price are left out. */
export function valuedSums(hour: HourSums, valuation: Valuation): ValuedSums {
  return valued(hour, valuation, new Unconverted());
}

/** 100 · part ÷ whole, rounded; 0 if the whole is 0. */
export function percent(part: Exact, whole: Exact): number {
  return whole.sign === 0 ? 0 : part.times(HUNDRED).div(whole).toNumber(PERCENT_FRACTION_DIGITS);
}

function returnOf(hour: HourSums, { profit, basis }: ValuedSums, valuation: Valuation): number {
  if (hour.sums.moves === null) return percent(profit, basis);
  const { moved, volume } = hour.sums.moves.byQuote();
  return percent(valuation.sum(moved.pricedAt(hour.hourMs)), valuation.sum(volume.pricedAt(hour.hourMs)));
}

function unmatchedNote(hours: readonly HourSums[], valuation: Valuation) {
  const count = hours.reduce((sum, hour) => sum + hour.unmatchedSells, 0);
  const volume = hours.reduce(
    (sum, hour) => sum.plus(valuation.sum(hour.sums.unmatchedVolume.pricedAt(hour.hourMs))),
    ZERO,
  );
  return count === 0 ? undefined : { count, volume_quote: amountNumber(volume) };
}

function notesOf(
  hours: readonly HourSums[],
  valuation: Valuation,
  unconverted: Unconverted,
  returnBasis: ReturnBasis,
): FigureNotes {
  const bases = new Set(hours.flatMap((hour) => [...hour.bases]));
  const unconvertedNote = unconverted.note();
  const unmatched = unmatchedNote(hours, valuation);
  return {
    return_basis: returnBasis,
    ...(valuation.unit === null ? {} : { quote: valuation.unit }),
    ...(hours.some((hour) => hour.isAssumedUsd) ? { assumed_usd: true as const } : {}),
    ...(bases.size > 1 ? { mixed_base: true as const } : {}),
    ...(unconvertedNote === undefined ? {} : { unconverted: unconvertedNote }),
    ...(unmatched === undefined ? {} : { unmatched_sells: unmatched }),
  };
}

/** The figures of these hours, which ascend. Throws if a sum is too great for a number of the wire. */
export function figuresOf(
  hours: readonly HourSums[],
  valuation: Valuation,
  returnBasis: ReturnBasis,
): SummaryFigures {
  const unconverted = new Unconverted();
  const buckets: HourlyBucket[] = [];
  let [trades, volumeBase, volume, fees] = [0, ZERO, ZERO, ZERO];
  for (const hour of hours) {
    const values = valued(hour, valuation, unconverted);
    trades += hour.trades;
    volumeBase = volumeBase.plus(hour.volumeBase.value);
    volume = volume.plus(values.volume);
    fees = fees.plus(values.fees);
    buckets.push({
      t: new Date(hour.hourMs).toISOString(),
      return_pct: returnOf(hour, values, valuation),
      trades: hour.trades,
      volume_base: amountNumber(hour.volumeBase.value),
      volume_quote: amountNumber(values.volume),
      fees_usd: amountNumber(values.fees),
    });
  }
  return {
    buckets,
    totals: {
      trades,
      volume_base: amountNumber(volumeBase),
      volume_quote: amountNumber(volume),
      fees_usd: amountNumber(fees),
    },
    notes: notesOf(hours, valuation, unconverted, returnBasis),
  };
}
