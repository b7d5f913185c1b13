// Very small Binance, Bybit and Kraken for tests of how requests are sent: tables of a few markets, the time, and answers
// that a test sets by path.

import type { ServerResponse } from 'node:http';
import { type AnsweringServer, answeringServer, type Seen } from '../../../support/http-servers.ts';

/** An answer of a path. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** How the answer of a path is made. */
export type Answerer = (seen: Seen, nth: number) => Reply | Promise<Reply>;

/** A server with its answers. */
export interface TinyExchange {
  readonly server: AnsweringServer;
  readonly origin: string;
  /** Sets the answer of a path. */
  on(path: string, answer: Answerer): void;
  /** Requests of a path, in their order. */
  seen(path: string): readonly Seen[];
}

const pathOf = (seen: Seen) => seen.path.split('?')[0] ?? '';

/** A server that answers 404 for paths without an answer. */
export async function tinyExchange(answers: Readonly<Record<string, Answerer>> = {}): Promise<TinyExchange> {
  const byPath = new Map(Object.entries(answers));
  const counts = new Map<string, number>();
  const write = async (seen: Seen, response: ServerResponse) => {
    const path = pathOf(seen);
    const nth = (counts.get(path) ?? 0) + 1;
    counts.set(path, nth);
    const answer = byPath.get(path);
    const { status = 200, headers = {}, body } = (await answer?.(seen, nth)) ?? { status: 404, body: {} };
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = await answeringServer((seen, response) => void write(seen, response));
  return {
    server,
    origin: server.url,
    on: (path, answer) => void byPath.set(path, answer),
    seen: (path) => server.seen.filter((each) => pathOf(each) === path),
  };
}

const spotMarket = (base: string, quote: string) => ({
  symbol: `${base}${quote}`,
  status: 'TRADING',
  baseAsset: base,
  baseAssetPrecision: 8,
  quoteAsset: quote,
  quotePrecision: 8,
  orderTypes: ['LIMIT', 'MARKET'],
  isSpotTradingAllowed: true,
  isMarginTradingAllowed: true,
  filters: [
    { filterType: 'PRICE_FILTER', minPrice: '0.01', maxPrice: '1000000', tickSize: '0.01' },
    { filterType: 'LOT_SIZE', minQty: '0.00001', maxQty: '9000', stepSize: '0.00001' },
  ],
  permissions: ['SPOT', 'MARGIN'],
});

const contract = (symbol: string, base: string, quote: string, margin: string, extra: object) => ({
  symbol,
  pair: `${base}${quote}`,
  contractType: 'PERPETUAL',
  deliveryDate: 4_133_404_800_000,
  onboardDate: 1_569_398_400_000,
  status: 'TRADING',
  contractStatus: 'TRADING',
  baseAsset: base,
  quoteAsset: quote,
  marginAsset: margin,
  pricePrecision: 2,
  quantityPrecision: 3,
  filters: [{ filterType: 'PRICE_FILTER', minPrice: '0.1', maxPrice: '1000000', tickSize: '0.1' }],
  ...extra,
});

/** The exchange's time in ms. */
export type Now = () => number;

/** Binance with two spot markets, a linear and an inverse contract. */
export function tinyBinance(now: Now): Promise<TinyExchange> {
  const time: Answerer = () => ({ body: { serverTime: now() } });
  return tinyExchange({
    '/api/v3/time': time,
    '/fapi/v1/time': time,
    '/api/v3/exchangeInfo': () => ({
      body: { timezone: 'UTC', symbols: [spotMarket('BTC', 'USDT'), spotMarket('BNB', 'USDT')] },
    }),
    '/fapi/v1/exchangeInfo': () => ({ body: { symbols: [contract('BTCUSDT', 'BTC', 'USDT', 'USDT', {})] } }),
    '/dapi/v1/exchangeInfo': () => ({
      body: { symbols: [contract('BTCUSD_PERP', 'BTC', 'USD', 'BTC', { contractSize: 100 })] },
    }),
    '/api/v3/myTrades': () => ({ body: [] }),
  });
}

/** Kraken with one market. */
export function tinyKraken(now: Now): Promise<TinyExchange> {
  return tinyExchange({
    '/0/public/Time': () => ({ body: { error: [], result: { unixtime: Math.floor(now() / 1000) } } }),
    '/0/public/AssetPairs': () => ({
      body: {
        error: [],
        result: {
          XXBTZUSD: {
            altname: 'XBTUSD',
            wsname: 'XBT/USD',
            aclass_base: 'currency',
            base: 'XXBT',
            aclass_quote: 'currency',
            quote: 'ZUSD',
            pair_decimals: 1,
            lot_decimals: 8,
            fees: [[0, 0.26]],
            fees_maker: [[0, 0.16]],
            ordermin: '0.0001',
            costmin: '0.5',
            tick_size: '0.1',
            status: 'online',
          },
        },
      },
    }),
  });
}

/** Bybit with a spot market, a linear and an inverse contract. */
export function tinyBybit(now: Now): Promise<TinyExchange> {
  const ok = (result: object) => ({ body: { retCode: 0, retMsg: 'OK', result, time: now() } });
  const market = (category: string) =>
    category === 'inverse'
      ? {
          symbol: 'BTCUSD',
          baseCoin: 'BTC',
          quoteCoin: 'USD',
          settleCoin: 'BTC',
          contractType: 'InversePerpetual',
        }
      : {
          symbol: 'BTCUSDT',
          baseCoin: 'BTC',
          quoteCoin: 'USDT',
          settleCoin: 'USDT',
          contractType: 'LinearPerpetual',
        };
  return tinyExchange({
    '/v5/market/time': () =>
      ok({ timeSecond: String(Math.floor(now() / 1000)), timeNano: String(now() * 1e6) }),
    '/v5/market/instruments-info': ({ path }) => {
      const query = new URLSearchParams(path.split('?')[1]);
      const category = query.get('category') ?? '';
      if (query.get('status') === 'PreLaunch') return ok({ category, list: [], nextPageCursor: '' });
      const common = { status: 'Trading', launchTime: '0', deliveryTime: '0', priceScale: '2' };
      const filters = {
        priceFilter: { minPrice: '0.1', maxPrice: '999999', tickSize: '0.1' },
        lotSizeFilter: {
          basePrecision: '0.000001',
          quotePrecision: '0.01',
          minOrderQty: '0.001',
          qtyStep: '0.001',
        },
        leverageFilter: { minLeverage: '1', maxLeverage: '100' },
      };
      return ok({ category, list: [{ ...market(category), ...common, ...filters }], nextPageCursor: '' });
    },
    '/v5/user/query-api': () =>
      ok({
        id: '1',
        readOnly: 1,
        permissions: { Spot: ['SpotTrade'], Wallet: ['AccountTransfer'] },
        ips: ['*'],
        expiredAt: '2027-01-01T00:00:00Z',
        userID: 24_617_703,
        uta: 1,
        unified: 0,
      }),
    '/v5/account/info': () => ok({ unifiedMarginStatus: 5, marginMode: 'REGULAR_MARGIN' }),
    '/v5/account/wallet-balance': () =>
      ok({
        list: [
          { accountType: 'UNIFIED', coin: [{ coin: 'BTC', walletBalance: '1.50000001', locked: '0.5' }] },
        ],
      }),
  });
}
