// What the readers of fills need of an exchange, and what the exchanges give them: the border between
// enclave/exchanges, which owns ccxt, and enclave/feeds, which knows in what order to ask for fills. Plain data and one
// face.

import type { ListedMarket } from './market.ts';
import type { Trade } from './trade.ts';

/** What kind of failure a request had. */
export type ExchangeErrorKind =
  /** The key, its address or its rights: nothing that is repeated helps. */
  | 'key_refused'
  /** The nonce was not above the last one: the key is used elsewhere too. */
  | 'nonce'
  /** Our time was too far from the exchange's. */
  | 'clock'
  /** Too many requests. */
  | 'rate_limited'
  /** No answer, or one that the exchange's server did not mean (5xx, maintenance). */
  | 'unreachable'
  /** This market only: it is delisted, or the key may not read it. */
  | 'market_unavailable'
  /** The exchange does not have what was asked for. */
  | 'unsupported'
  /** The exchange refused the request for another reason, or answered what cannot be read. */
  | 'exchange_error';

/** A failed request. It holds no text of the exchange or of ccxt: that has the signed address in it. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  readonly kind: ExchangeErrorKind;
  /** The exchange's own number or word, for example `-2015` or `10003`; null without one. */
  readonly exchangeCode: string | null;

  constructor(kind: ExchangeErrorKind, exchangeCode: string | null = null) {
    super(`the exchange request failed: ${kind}${exchangeCode === null ? '' : ` (${exchangeCode})`}`);
    this.kind = kind;
    this.exchangeCode = exchangeCode;
  }
}

/** A market of an exchange's table, as ccxt names its members. */
export interface TableMarket extends ListedMarket {
  /** The exchange's own name, for example `BTCUSDT`. */
  readonly id: string;
  readonly type: 'spot' | 'swap' | 'future' | 'option' | 'index';
  readonly isActive: boolean;
}

/** The markets of one exchange; accounts share the table. */
export interface MarketTable {
  /** Null if there is none with this unified symbol. */
  bySymbol(symbol: string): TableMarket | null;
  /** Null if there is none with this name of the exchange; `type` where one name is several markets. */
  byId(id: string, type?: TableMarket['type']): TableMarket | null;
  /** Those of the types, delisted ones included. */
  all(types: readonly TableMarket['type'][]): readonly TableMarket[];
}

/** A fill as ccxt reads it: amounts are text. Members that an exchange does not tell are null. */
export interface ReadFillFields {
  readonly id: string | null;
  readonly orderId: string | null;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly timestampMs: number;
  readonly price: string;
  readonly amount: string;
  readonly fees: readonly { readonly asset: string | null; readonly amount: string }[];
}

/**
 * An exchange, for one account and as long as the account is being polled. Requests of one key are made one after the
 * other, paced by the budget that all accounts of the exchange share. Every method rejects with an {@link ExchangeError}
 * and nothing else.
 */
export interface ExchangeCalls {
  readonly exchange: string;
  readonly isSandbox: boolean;
  /** Now by the exchange's clock, in ms since 1970. */
  nowMs(): number;
  markets(): Promise<MarketTable>;
  /** Fetches the table again: a fill came from a market that it lacks. At most once in five minutes; else the old one. */
  refreshMarkets(): Promise<MarketTable>;
  /**
   * Calls one of ccxt's implicit methods, for example `privateGetMyTrades`, and returns the answer as the exchange sent
   * it; JSON numbers that double precision cannot hold come as text where ccxt keeps them so.
   */
  call(method: string, parameters: Readonly<Record<string, string | number | boolean>>): Promise<unknown>;
  /**
   * Reads one fill of an answer with ccxt's own `parseTrade`, amounts as text. Null if it is none that can be read.
   * `market`: where the answer alone does not tell the market.
   */
  readFill(raw: unknown, market: TableMarket | null): ReadFillFields | null;
  /** ccxt's unified `fetchMyTrades`, for exchanges without a reader of their own. */
  fetchMyTrades(
    symbol: string | null,
    sinceMs: number | null,
    limit: number | null,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<readonly ReadFillFields[]>;
  /** Assets with a balance, free and locked together, as text; ccxt's unified `fetchBalance`. */
  fetchBalance(parameters: Readonly<Record<string, unknown>>): Promise<ReadonlyMap<string, string>>;
  /** What ccxt says of this exchange's `fetchMyTrades`; null for what it does not say. */
  readonly features: {
    readonly isSymbolRequired: boolean;
    readonly pageMax: number | null;
    readonly daysBack: number | null;
    readonly untilDays: number | null;
  };
}

/** A span of the exchange's time: half open, in ms since 1970. */
export interface ReadSpan {
  readonly fromMs: number;
  readonly toMs: number;
  /**
   * True for the poll that ends an hour: every market that was ever seen is asked, not only those that seem to have
   * changed.
   */
  readonly isThorough: boolean;
}

/** Takes fills as they come. */
export interface FillSink {
  /**
   * Takes one answer's fills, in any order; a fill that comes again counts once. `identity` tells apart accounts whose ids
   * can be equal, for example `spot`, `cross`, `isolated`, `linear`, `inverse`. Throws `TooManyFills` if no more can be
   * held: the span is read again, shorter.
   */
  take(fills: readonly Trade[], identity: string): void;
}

/** The span has more fills than can be held. */
export class TooManyFills extends Error {
  override readonly name = 'TooManyFills';
}

/** How a read ended that came to its end. */
export interface ReadReport {
  /** Markets that failed by themselves; all others were read to the end of the span. */
  readonly unpolled: readonly { readonly symbol: string; readonly kind: ExchangeErrorKind }[];
  /** Markets of a search that still has to look at them. */
  readonly unsearched: number;
  /** True if balances or positions moved in a way that no fill explains, and a whole search found nothing. */
  readonly isIncomplete: boolean;
  /** The exchange's id of the account that the fills name; null if they name none. */
  readonly userId: string | null;
}

/**
 * Reads the fills of one kind of account at one exchange. It keeps nothing: what it remembers is a state of plain data,
 * which goes into the sealed checkpoint. A read that rejects changes no state, and is repeated from the state before.
 */
export interface FeedReader<State> {
  /** The state of an account whose collection begins at `startMs`. `symbols`: unified ones that the user named. */
  initial(startMs: number, symbols: readonly string[]): State;
  /**
   * Gives the sink every fill from before `span.toMs` that may be new: at least those of the span. Rejects with an
   * `ExchangeError` if the account as a whole cannot be read, or with what the sink threw.
   */
  read(
    calls: ExchangeCalls,
    state: State,
    span: ReadSpan,
    sink: FillSink,
  ): Promise<{ readonly state: State; readonly report: ReadReport }>;
  /** The longest span that the exchange answers at once, in ms. */
  readonly spanMaxMs: number;
  /** How far back the exchange serves fills, in ms; null if it does not say. */
  readonly reachMs: number | null;
  /** How much of what was read is read again each time, in ms, because fills may show late; 0 where ids tell. */
  readonly overlapMs: number;
}
