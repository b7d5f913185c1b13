// A single module of ccxt, pointed at a local server, as far as tests use it.

/** A fill as ccxt reads it. */
interface CcxtTrade {
  readonly id: string;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly amount: string;
  readonly timestamp: number;
  readonly fee?: { readonly currency?: string; readonly cost?: string };
}

/** An exchange of ccxt. */
export interface CcxtExchange {
  readonly markets: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  loadTimeDifference(): Promise<number>;
  loadMarkets(): Promise<unknown>;
  fetchMyTrades(
    symbol?: string,
    since?: number,
    limit?: number,
    parameters?: Readonly<Record<string, unknown>>,
  ): Promise<readonly CcxtTrade[]>;
  fetchBalance(parameters: Readonly<Record<string, unknown>>): Promise<{
    readonly total: Readonly<Record<string, string>>;
  }>;
  fapiPrivateV3GetPositionRisk(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  fetchOHLCV(symbol: string, interval: string, since: number, limit: number): Promise<readonly unknown[]>;
}

interface Changeable extends CcxtExchange {
  urls: { api: Record<string, string> };
  has: Record<string, unknown>;
  number: unknown;
}

type Constructor = new (options: Readonly<Record<string, unknown>>) => Changeable;

/** ccxt's Binance whose every address leads to the server, with amounts as text. */
export async function binanceOfCcxt(
  url: string,
  [apiKey, secret]: readonly [string, string],
): Promise<CcxtExchange> {
  const address = new URL('src/binance.js', import.meta.resolve('ccxt')).href;
  const { default: Binance } = (await import(address)) as { default: Constructor };
  const exchange = new Binance({ apiKey, secret, enableRateLimit: false });
  exchange.number = String;
  exchange.has['fetchCurrencies'] = false;
  for (const [name, from] of Object.entries(exchange.urls.api)) {
    exchange.urls.api[name] = `${url}${new URL(from).pathname}`;
  }
  return exchange;
}
