// The part of ccxt's exchange class that is used here. ccxt's own declarations take the compiler seconds.

/** An answer as ccxt reads it. */
export interface FetchAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: () => Promise<string>;
}

/** A request as ccxt makes it. */
export interface FetchRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** ccxt's hook for sending requests. */
export type FetchImplementation = (url: string, request: FetchRequest) => Promise<FetchAnswer>;

/** A market of ccxt. */
export interface CcxtMarket {
  readonly id: string;
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly settle?: string | null;
  readonly type: string;
  readonly linear?: boolean | null;
  readonly inverse?: boolean | null;
  readonly active?: boolean | null;
  readonly contractSize?: string | number | null;
}

/** A fill of ccxt; amounts are text, because instances are made with `number: String`. */
export interface CcxtTrade {
  readonly id?: string | null;
  readonly order?: string | null;
  readonly symbol?: string | null;
  readonly side?: string | null;
  readonly timestamp?: number | null;
  readonly price?: string | null;
  readonly amount?: string | null;
  readonly fee?: CcxtFee | null;
  readonly fees?: readonly CcxtFee[] | null;
}

/** A fee of a fill. */
export interface CcxtFee {
  readonly currency?: string | null;
  readonly cost?: string | null;
}

/** An instance of an exchange. Never print it: it holds credentials. */
export interface CcxtExchange {
  readonly id: string;
  readonly has: Readonly<Record<string, unknown>>;
  readonly requiredCredentials: Readonly<Record<string, unknown>>;
  readonly rateLimit: number;
  readonly features?: unknown;
  readonly urls: Readonly<Record<string, unknown>>;
  options: Record<string, unknown>;
  markets?: Readonly<Record<string, CcxtMarket>> | null;
  markets_by_id?: Readonly<Record<string, readonly CcxtMarket[]>> | null;
  fetch2: (...parameters: readonly unknown[]) => Promise<unknown>;
  nonce: () => number;
  setSandboxMode(isEnabled: boolean): void;
  enableDemoTrading(isEnabled: boolean): void;
  setMarketsFromExchange(source: CcxtExchange): unknown;
  /** Loads the table of markets; `true`: although there is one. */
  loadMarkets(reload?: boolean): Promise<unknown>;
  fetchTime(): Promise<unknown>;
  fetchOHLCV(symbol: string, timeframe: string, sinceMs: number, limit?: number): Promise<unknown>;
  parseTrade(raw: unknown, market?: CcxtMarket): CcxtTrade;
  fetchMyTrades(
    symbol: string | undefined,
    sinceMs: number | undefined,
    limit: number | undefined,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<readonly CcxtTrade[]>;
  fetchBalance(parameters: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** The class of an exchange. */
export type ExchangeClass = new (configuration: Readonly<Record<string, unknown>>) => CcxtExchange;
