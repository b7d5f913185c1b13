// The figures of a job: all its trades at once, and no price source.

import { figuresOf } from './figures.ts';
import { HourBook } from './hour-book.ts';
import type { HourSums } from './hour-sums.ts';
import { countsAsUsd } from './market.ts';
import type { ReturnBasis, SummaryFigures } from './summary.ts';
import type { Trade } from './trade.ts';
import { compareTrades } from './trade-order.ts';
import { NO_PRICES, Valuation } from './valuation.ts';

/** The only quote asset, unless it counts as USD; else null. */
function unitOf(hours: readonly HourSums[]): string | null {
  const quotes = new Set(hours.flatMap((hour) => hour.sums.volume.assets()));
  const [quote] = quotes;
  return quote === undefined || quotes.size > 1 || countsAsUsd(quote) ? null : quote;
}

/**
 * Folds the trades of a job, in any order, repeated ones already removed. Throws if an amount is no decimal number or a
 * sum is too great for a number of the wire.
 */
export function foldJob(
  trades: Iterable<Trade>,
  { returnBasis }: { readonly returnBasis: ReturnBasis },
): SummaryFigures {
  const book = new HourBook(returnBasis);
  for (const trade of [...trades].toSorted(compareTrades)) book.fold(trade);
  const hours = book.hours();
  return figuresOf(hours, new Valuation(unitOf(hours), NO_PRICES), returnBasis);
}
