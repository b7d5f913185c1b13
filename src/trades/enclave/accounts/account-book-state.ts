// The book of an account as plain data, as it goes into a sealed checkpoint. Types only.

import type { ExchangeErrorKind } from '../../domain/exchange-calls.ts';
import type { HourBookState } from '../../domain/hour-book.ts';
import type { MarketFiguresState } from '../../domain/market-figures.ts';
import type { PeriodsState, Span } from '../../domain/period.ts';
import type { PriceState } from '../../domain/price-book.ts';
import type { WindowState } from '../../domain/window.ts';

/** What the latest complete read could not look at. */
export interface Coverage {
  /** Markets that failed by themselves. */
  readonly unpolled: readonly { readonly symbol: string; readonly kind: ExchangeErrorKind }[];
  /** Markets of a search that goes on. */
  readonly unsearched: number;
  /** True if something moved that no fill explains. */
  readonly isIncomplete: boolean;
}

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
