// How the fills of one market are asked for: the face that readers of single markets share. Plain data and one face.

import type { TableMarket } from '../../domain/exchange-calls.ts';
import type { Trade } from '../../domain/trade.ts';
import type { KnownMarket } from './feed-state.ts';
import type { Span } from './spans.ts';

/** What one market answered. */
export interface MarketFills {
  /** Null if the account never traded this market in the span or after it. */
  readonly known: KnownMarket | null;
  /** Fills that come for the first time, all from before the end of the span. */
  readonly fresh: readonly Trade[];
  /** Further fills from before the end of the span, which come again at the next read. */
  readonly again: readonly Trade[];
  /** Fills that came before, or that showed late; absent if there is none. They are given again, and explain nothing. */
  readonly repeated?: readonly Trade[];
  /** Fills from the end of the span on, as far as they were seen; they come again. */
  readonly ahead: readonly Trade[];
}

/** Reads the fills of single markets. */
export interface MarketReader {
  /**
   * All fills of the market that are new since `known`, from before `span.toMs`. Without `known`: all of the span.
   * Rejects with an `ExchangeError`.
   */
  read(market: TableMarket, known: KnownMarket | null, span: Span): Promise<MarketFills>;
}
