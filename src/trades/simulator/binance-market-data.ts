// What anybody may ask Binance: the time, the tables of markets and the candles.

import { optionalLong, mandatory, rowLimit } from './binance-parameters.ts';
import { badKeyFormat, binanceRefusal, invalidSymbol } from './binance-refusals.ts';
import { listedBase, listedId } from './exchange-state.ts';
import type { SimMarket, SimMarketKind } from './scenario.ts';
import type { SimAnswer, SimParts, SimRequest } from './sim-wire.ts';

const HOUR_MS = 3_600_000;
/** Delivery of a perpetual contract: derivatives/usds-margined-futures, Exchange Information, example. */
const NEVER_MS = 4_133_404_800_000;

/** rest-api.md, Check server time; the same under `/fapi/v1/time` and `/dapi/v1/time`. */
export function serverTime({ nowMs }: SimRequest): SimAnswer {
  return { status: 200, body: { serverTime: nowMs } };
}

/** rest-api.md, Exchange information; derivatives, Exchange Information. Of the filters only steps are given. */
export function exchangeInfo(
  { state }: SimParts,
  kind: SimMarketKind,
  weightLimit: number,
): (request: SimRequest) => SimAnswer {
  return ({ nowMs }) => ({
    status: 200,
    body: {
      timezone: 'UTC',
      serverTime: nowMs,
      rateLimits: [
        { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: weightLimit },
      ],
      exchangeFilters: [],
      symbols: state
        .listed(kind, nowMs)
        .map((market) => (kind === 'spot' ? spotSymbol(market, nowMs) : contractSymbol(market, nowMs))),
    },
  });
}

const FILTERS = [
  {
    filterType: 'PRICE_FILTER',
    minPrice: '0.00000001',
    maxPrice: '1000000.00000000',
    tickSize: '0.00000001',
  },
  { filterType: 'LOT_SIZE', minQty: '0.00000001', maxQty: '900000000.00000000', stepSize: '0.00000001' },
];

function spotSymbol(market: SimMarket, nowMs: number): unknown {
  return {
    symbol: listedId(market, nowMs),
    status: 'TRADING',
    baseAsset: listedBase(market, nowMs),
    baseAssetPrecision: 8,
    quoteAsset: market.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: ['LIMIT', 'MARKET'],
    icebergAllowed: true,
    ocoAllowed: true,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: true,
    filters: FILTERS,
    permissions: [],
    permissionSets: [['SPOT', 'MARGIN']],
  };
}

function contractSymbol(market: SimMarket, nowMs: number): unknown {
  const symbol = listedId(market, nowMs);
  const [, year, month, day] = /_(\d\d)(\d\d)(\d\d)$/.exec(symbol) ?? [];
  const deliveryDate =
    year === undefined ? NEVER_MS : Date.UTC(2000 + Number(year), Number(month) - 1, Number(day), 8);
  const status = market.kind === 'linear' ? { status: 'TRADING' } : { contractStatus: 'TRADING' };
  // A linear contract is one unit of its base: the table of USDⓈ-M futures has no `contractSize`.
  const size = market.contractSize === '1' ? {} : { contractSize: Number(market.contractSize) };
  return {
    symbol,
    pair: `${listedBase(market, nowMs)}${market.quote}`,
    contractType: year === undefined ? 'PERPETUAL' : 'CURRENT_QUARTER',
    deliveryDate,
    onboardDate: 1_569_398_400_000,
    ...status,
    ...size,
    baseAsset: listedBase(market, nowMs),
    quoteAsset: market.quote,
    marginAsset: market.settle,
    pricePrecision: 8,
    quantityPrecision: 8,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    filters: FILTERS,
  };
}

/**
 * margin_trading, Get All Cross Margin Pairs and Get All Isolated Margin Symbol: market data that wants a key and no
 * signature. ccxt asks for them beside the table of markets if it has a key.
 */
export function marginPairs({ state }: SimParts): (request: SimRequest) => SimAnswer {
  return ({ nowMs, apiKey }) => {
    if (apiKey === null) throw badKeyFormat();
    const body = state.listed('spot', nowMs).map((market, index) => ({
      id: index + 1,
      symbol: listedId(market, nowMs),
      base: listedBase(market, nowMs),
      quote: market.quote,
      isMarginTrade: true,
      isBuyAllowed: true,
      isSellAllowed: true,
    }));
    return { status: 200, body };
  };
}

/**
 * rest-api.md, Kline/Candlestick data: limit default 500, maximum 1000; without times the most recent ones; ascending.
 * Only the interval `1h` is simulated. An hour without a price in the scenario has no candle.
 */
export function klines(parts: SimParts): (request: SimRequest) => SimAnswer {
  return (request) => {
    const { nowMs } = request;
    const pair = pairOf(parts, mandatory(request, 'symbol'), nowMs);
    if (mandatory(request, 'interval') !== '1h') throw binanceRefusal(-1120, 'Invalid interval.');
    const limit = parts.pageSize(rowLimit(request, { standard: 500, max: 1_000, isRefusedAbove: false }));
    const from = optionalLong(request, 'startTime');
    const endMs = Math.min(optionalLong(request, 'endTime') ?? nowMs, nowMs);
    const lastMs = Math.floor(endMs / HOUR_MS) * HOUR_MS;
    const firstMs = from === null ? lastMs - (limit - 1) * HOUR_MS : Math.ceil(from / HOUR_MS) * HOUR_MS;
    const rows: unknown[] = [];
    for (let ms = firstMs; ms <= lastMs && rows.length < limit; ms += HOUR_MS) {
      const open = parts.candleOpen(pair, ms);
      if (open !== null) rows.push(candle(ms, open));
    }
    return { status: 200, body: rows };
  };
}

function pairOf({ state, scenario }: SimParts, symbol: string, nowMs: number): string {
  const market = state.market(symbol, 'spot', nowMs);
  if (market !== undefined) return `${listedBase(market, nowMs)}/${market.quote}`;
  const pair = [...scenario.candles.keys()].find((each) => each.replace('/', '') === symbol);
  if (pair === undefined) throw invalidSymbol();
  return pair;
}

function candle(openMs: number, open: string): readonly unknown[] {
  return [openMs, open, open, open, open, '0', openMs + HOUR_MS - 1, '0', 0, '0', '0', '0'];
}
