// The figures of a job: all its trades at once, and no price source.

import { figuresOf } from './figures.ts';
import { HourBook } from './hour-book.ts';
import type { HourSums } from './hour-sums.ts';
import { countsAsUsd } from './market.ts';
import type { ReturnBasis, SummaryFigures } from './summary.ts';
import type { Trade } from './trade.ts';
import { compareTrades } from './trade-order.ts';
import { NO_PRICES, Valuation } from './valuation.ts';

/** Trades that are held at a time while they come nearly in order. */
const HELD_MAX = 16_384;

/** The only quote asset, unless it counts as USD; else null. */
function unitOf(hours: readonly HourSums[]): string | null {
  const quotes = new Set(hours.flatMap((hour) => hour.sums.volume.assets()));
  const [quote] = quotes;
  return quote === undefined || quotes.size > 1 || countsAsUsd(quote) ? null : quote;
}

/** Null if a trade comes after more than half of `HELD_MAX` trades that it belongs before. */
function foldNearlyOrdered(trades: Iterable<Trade>, returnBasis: ReturnBasis): HourBook | null {
  const book = new HourBook(returnBasis);
  let held: Trade[] = [];
  let folded: Trade | null = null;
  for (const trade of trades) {
    if (folded !== null && compareTrades(trade, folded) < 0) return null;
    held.push(trade);
    if (held.length < HELD_MAX) continue;
    const ordered = held.toSorted(compareTrades);
    held = ordered.splice(HELD_MAX / 2);
    for (const due of ordered) book.fold(due);
    folded = ordered.at(-1) ?? null;
  }
  for (const due of held.toSorted(compareTrades)) book.fold(due);
  return book;
}

function foldAny(trades: Iterable<Trade>, returnBasis: ReturnBasis): HourBook {
  const book = new HourBook(returnBasis);
  for (const trade of [...trades].toSorted(compareTrades)) book.fold(trade);
  return book;
}

/**
 * Folds the trades of a job, in any order, repeated ones already removed. Trades that come nearly in order take little
 * memory; others are all held at once, and so are iterated a second time. Throws if an amount is no decimal number or a
 * sum is too great for a number of the wire.
 */
export function foldJob(
  trades: Iterable<Trade>,
  { returnBasis }: { readonly returnBasis: ReturnBasis },
): SummaryFigures {
  const book = foldNearlyOrdered(trades, returnBasis) ?? foldAny(trades, returnBasis);
  const hours = book.hours();
  return figuresOf(hours, new Valuation(unitOf(hours), NO_PRICES), returnBasis);
}
