// A trade as the program holds it until it is folded, and the market that it was made in. Amounts are decimal text, as
// the outside wrote them. Plain data.

/** A finite decimal number as text: digits, and optionally a sign, a point and an exponent. */
export type Decimal = string;

/** What the taker of the trade did. */
export type Side = 'buy' | 'sell';

/**
 * `spot`: assets change hands, and only what was bought can be sold. `linear`: a contract whose results are in its quote,
 * in both directions. `inverse`: a contract whose results are in its base.
 */
export type MarketKind = 'spot' | 'linear' | 'inverse';

/** A market, as far as arithmetic needs it. Trades of one market share the object. */
export interface Market {
  /** Tells the market from others: the exchange's symbol, or of a job the client's in capitals. */
  readonly symbol: string;
  readonly kind: MarketKind;
  /** Asset that is traded, for example `BTC`; the whole symbol if it could not be cut. */
  readonly base: string;
  /** Asset in which the price is, for example `USDT`. */
  readonly quote: string;
  /** Asset of the results; of a spot market the quote. */
  readonly settle: string;
  /** Size of one contract: in the base if linear, in the quote if inverse; `1` for spot. */
  readonly contractSize: Decimal;
  /** True if the symbol did not tell the quote, so that amounts count as USD. */
  readonly isAssumedUsd: boolean;
}

/** One fee of a trade; negative for a rebate. */
export interface Fee {
  readonly asset: string;
  readonly amount: Decimal;
}

/** One trade. */
export interface Trade {
  readonly market: Market;
  readonly side: Side;
  /** Above 0, in the quote. */
  readonly price: Decimal;
  /** Above 0: units of the base, or contracts. */
  readonly amount: Decimal;
  /** When it happened, in ms since 1970. */
  readonly timestampMs: number;
  /** The exchange's or the client's id; null if it has none. */
  readonly id: string | null;
  readonly fees: readonly Fee[];
  /** In hedge mode the position that it changes; null otherwise. */
  readonly position: 'long' | 'short' | null;
}
