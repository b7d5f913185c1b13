// The book of an account as plain data, as it goes into a sealed checkpoint, and the first state of one.

import { HourBook, type HourBookState } from '../../domain/hour-book.ts';
import { MarketFigures, type MarketFiguresState } from '../../domain/market-figures.ts';
import { Periods, type PeriodsState, type Span } from '../../domain/period.ts';
import type { PriceState } from '../../domain/price-book.ts';
import { TradeWindow, type WindowState } from '../../domain/window.ts';
import { type AccountBookOptions, windowOptions } from './account-book-options.ts';
import { type Coverage, NO_COVERAGE } from './coverage.ts';

/** Times are the exchange's, in ms since 1970. */
export interface AccountBookState {
  /** Where collection began. */
  readonly startMs: number;
  readonly readToMs: number;
  readonly completeToMs: number;
  /** Up to here hours are sealed, or held back because they are empty. */
  readonly closedToMs: number;
  /** Where the present session began to collect. */
  readonly sessionFromMs: number;
  readonly window: WindowState;
  readonly hours: HourBookState;
  readonly prices: readonly PriceState[];
  readonly periods: PeriodsState;
  readonly figures: MarketFiguresState;
  /** Starts of sealed periods that a late trade changed. */
  readonly changed: readonly number[];
  /** A span whose trades are not known, and that no summary has named yet. */
  readonly gap: Span | null;
  readonly coverage: Coverage;
  /** The state of the reader of fills. */
  readonly feed: unknown;
}

/** The state of an account whose collection begins here. `feed`: the first state of the reader of fills. */
export function firstBookState(
  startMs: number,
  feed: unknown,
  options: AccountBookOptions,
): AccountBookState {
  const hours = new HourBook(options.returnBasis);
  // A start within an hour cuts it.
  hours.cut(startMs);
  return {
    startMs,
    readToMs: startMs,
    completeToMs: startMs,
    closedToMs: startMs,
    sessionFromMs: startMs,
    window: new TradeWindow(startMs, windowOptions(options)).toState(),
    hours: hours.toState(),
    prices: [],
    periods: Periods.from(startMs).toState(),
    figures: new MarketFigures().toState(),
    changed: [],
    gap: null,
    coverage: NO_COVERAGE,
    feed,
  };
}
