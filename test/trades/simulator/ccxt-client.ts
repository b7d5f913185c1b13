// ccxt's own client of one exchange, pointed at a simulated one. Only the modules that are named are loaded.

import type { TestKey } from './signed-requests.ts';

/** The calls of ccxt that tests use. */
export interface CcxtClient {
  readonly urls: { readonly api: Record<string, unknown> };
  readonly options: Record<string, unknown>;
  readonly has: Record<string, unknown>;
  readonly markets: Readonly<Record<string, CcxtMarket>>;
  fetchTime(): Promise<number>;
  loadMarkets(): Promise<unknown>;
  fetchMyTrades(
    symbol?: string,
    sinceMs?: number,
    limit?: number,
    parameters?: Readonly<Record<string, unknown>>,
  ): Promise<readonly CcxtTrade[]>;
  fetchOHLCV(
    symbol: string,
    timeframe: string,
    sinceMs?: number,
    limit?: number,
  ): Promise<readonly number[][]>;
  fetchBalance(
    parameters?: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly total: Record<string, string> }>;
  fetchPositions(): Promise<
    readonly { readonly symbol: string; readonly contracts: string; readonly side: string }[]
  >;
}

/** A market of ccxt's table. */
export interface CcxtMarket {
  readonly id: string;
  readonly type: string;
  readonly contractSize?: string;
  readonly settle?: string;
}

/** A trade as ccxt reads it. */
export interface CcxtTrade {
  readonly id: string;
  readonly symbol: string;
  readonly side: string;
  readonly timestamp: number;
  readonly price: string;
  readonly amount: string;
  readonly cost: string;
  readonly takerOrMaker?: string;
  readonly fee: { readonly cost?: string; readonly currency?: string };
  readonly info: Readonly<Record<string, unknown>>;
}

interface ClientSettings extends TestKey {
  readonly number: unknown;
  readonly enableRateLimit: boolean;
}

/** Makes a client whose addresses all lead to `url`; amounts stay text. */
export async function ccxtClient(
  exchange: 'bybit' | 'kraken',
  url: string,
  key: TestKey,
): Promise<CcxtClient> {
  const address = new URL(`./src/${exchange}.js`, import.meta.resolve('ccxt')).href;
  const module = (await import(address)) as { default: new (settings: ClientSettings) => CcxtClient };
  const client = new module.default({ ...key, number: String, enableRateLimit: false });
  for (const name of Object.keys(client.urls.api)) client.urls.api[name] = url;
  return client;
}
