// Bybit's public market data: server time, instruments and candles.
// Sources: bybit-exchange.github.io/docs/v5/market/time, /market/instrument, /market/kline.

import { bybitResult, wholeParameter, wrongParameter } from './bybit-answer.ts';
import { listedBase, listedId } from './exchange-state.ts';
import type { SimMarket, SimMarketKind } from './scenario.ts';
import type { Route, SimAnswer, SimParts, SimRequest } from './sim-wire.ts';

/** Docs/v5/market/instrument: `limit` [1, 1000], default 500. */
const INSTRUMENTS_MAX = 1_000;
const INSTRUMENTS_STANDARD = 500;
/** Docs/v5/market/kline: `limit`, default 200. The stored page says up to 200, ccxt 4.5.84 up to 1000. */
const CANDLES_MAX = 1_000;
const CANDLES_STANDARD = 200;
const MINUTE_MS = 60_000;
/** Docs/v5/enum, interval; weeks and months are not simulated. */
const STEPS_MS: ReadonlyMap<string, number> = new Map([
  ...[1, 3, 5, 15, 30, 60, 120, 240, 360, 720].map(
    (minutes) => [String(minutes), minutes * MINUTE_MS] as const,
  ),
  ['D', 1_440 * MINUTE_MS],
]);

const CATEGORIES: ReadonlyMap<string, SimMarketKind> = new Map([
  ['spot', 'spot'],
  ['linear', 'linear'],
  ['inverse', 'inverse'],
]);

/** The kind of market that a category names; undefined for options, of which there are none, and for other words. */
export function categoryOf(request: SimRequest): SimMarketKind | undefined {
  return CATEGORIES.get(request.query.get('category') ?? '');
}

/** The addresses of market data. */
export function bybitMarketRoutes(parts: SimParts): readonly Route[] {
  return [
    { method: 'GET', path: '/v5/market/time', answer: serverTime },
    {
      method: 'GET',
      path: '/v5/market/instruments-info',
      answer: (request) => instruments(parts, request),
    },
    { method: 'GET', path: '/v5/market/kline', answer: (request) => candles(parts, request) },
  ];
}

/** Docs/v5/market/time: seconds and nanoseconds, as text. */
function serverTime(request: SimRequest): SimAnswer {
  const timeSecond = String(Math.floor(request.nowMs / 1_000));
  return bybitResult(request, { timeSecond, timeNano: `${Math.floor(request.nowMs)}000000` });
}

function instruments(parts: SimParts, request: SimRequest): SimAnswer {
  const { query, nowMs } = request;
  const category = query.get('category');
  if (category === 'option') return bybitResult(request, { category, nextPageCursor: '', list: [] });
  const kind = categoryOf(request);
  if (kind === undefined) return wrongParameter(request, 'Category is invalid');
  const limit = wholeParameter(query, 'limit', INSTRUMENTS_STANDARD);
  if (kind !== 'spot' && !(limit >= 1 && limit <= INSTRUMENTS_MAX)) {
    return wrongParameter(request, 'limit is invalid');
  }
  const symbol = query.get('symbol');
  const found = marketsOf(parts, kind, query.get('status') ?? 'Trading', nowMs)
    .filter((market) => symbol === null || listedId(market, nowMs) === symbol)
    .toSorted((a, b) => (listedId(a, nowMs) < listedId(b, nowMs) ? -1 : 1));
  // "Spot does not support pagination, so limit, cursor are invalid."
  if (kind === 'spot') {
    return bybitResult(request, { category, list: found.map((market) => spotInstrument(market, nowMs)) });
  }
  const after = /^first(?:=|%3D)[^&%]*(?:&|%26)last(?:=|%3D)(.+)$/.exec(query.get('cursor') ?? '')?.[1];
  const rest = found.filter((market) => after === undefined || listedId(market, nowMs) > after);
  const page = rest.slice(0, Math.min(limit, parts.pageSize(INSTRUMENTS_MAX)));
  const [first, last] = [page[0], page.at(-1)];
  // The form of the cursor is that of the documentation's example; it is empty on the last page.
  const nextPageCursor =
    first === undefined || last === undefined || page.length === rest.length
      ? ''
      : `first%3D${listedId(first, nowMs)}%26last%3D${listedId(last, nowMs)}`;
  const list = page.map((market) => contractInstrument(market, nowMs));
  return bybitResult(request, { category, list, nextPageCursor });
}

/** "By default returns only Trading symbols"; `Closed` gives those that are delisted. */
function marketsOf(
  { state }: SimParts,
  kind: SimMarketKind,
  status: string,
  nowMs: number,
): readonly SimMarket[] {
  if (status === 'Trading') return state.listed(kind, nowMs);
  if (status !== 'Closed') return [];
  return state.markets.filter((market) => market.kind === kind && nowMs >= market.delistedAtMs);
}

/** Numbers that nobody here reads are those of the documentation's example. */
function spotInstrument(market: SimMarket, nowMs: number): unknown {
  return {
    symbolId: 9,
    symbol: listedId(market, nowMs),
    baseCoin: listedBase(market, nowMs),
    quoteCoin: market.quote,
    innovation: '0',
    status: 'Trading',
    marginTrading: 'utaOnly',
    stTag: '0',
    lotSizeFilter: {
      basePrecision: '0.000001',
      quotePrecision: '0.0000001',
      minOrderQty: '0.000011',
      maxOrderQty: '83',
      minOrderAmt: '5',
      maxOrderAmt: '8000000',
      maxLimitOrderQty: '83',
      maxMarketOrderQty: '41.5',
      postOnlyMaxLimitOrderSize: '60000',
    },
    priceFilter: { tickSize: '0.1' },
    riskParameters: { priceLimitRatioX: '0.005', priceLimitRatioY: '0.01' },
    symbolType: '',
  };
}

/**
 * All contracts are perpetual. A contract of Bybit is 1 of the base (linear) or 1 of the quote (inverse) always: the
 * least order, which ccxt takes for the size of an inverse contract, is 1 there.
 */
function contractInstrument(market: SimMarket, nowMs: number): unknown {
  const isInverse = market.kind === 'inverse';
  const smallest = isInverse ? '1' : '0.001';
  return {
    symbol: listedId(market, nowMs),
    symbolId: 5,
    contractType: isInverse ? 'InversePerpetual' : 'LinearPerpetual',
    status: nowMs >= market.delistedAtMs ? 'Closed' : 'Trading',
    baseCoin: listedBase(market, nowMs),
    quoteCoin: market.quote,
    launchTime: '1585526400000',
    deliveryTime: '0',
    deliveryFeeRate: '',
    priceScale: '2',
    leverageFilter: { minLeverage: '1', maxLeverage: '100.00', leverageStep: '0.01' },
    priceFilter: { minPrice: '0.10', maxPrice: '1999999.80', tickSize: '0.10' },
    lotSizeFilter: {
      maxOrderQty: '1190.000',
      minOrderQty: smallest,
      qtyStep: smallest,
      postOnlyMaxOrderQty: '1190.000',
      maxMktOrderQty: '500.000',
      minNotionalValue: '5',
    },
    unifiedMarginTrade: true,
    fundingInterval: 480,
    settleCoin: market.settle,
    copyTrading: 'both',
    upperFundingRate: '0.00375',
    lowerFundingRate: '-0.00375',
    isPreListing: false,
    preListingInfo: null,
    riskParameters: { priceLimitRatioX: '0.01', priceLimitRatioY: '0.02' },
    symbolType: '',
  };
}

/** Every price of a candle is its open; a candle without a price is left out. */
function candles(parts: SimParts, request: SimRequest): SimAnswer {
  const { query, nowMs } = request;
  const kind = categoryOf(request) ?? 'linear';
  const symbol = query.get('symbol') ?? '';
  const market = parts.state.market(symbol, kind, nowMs);
  if (market === undefined) return wrongParameter(request, 'Symbol Is Invalid');
  const stepMs = STEPS_MS.get(query.get('interval') ?? '');
  if (stepMs === undefined) return wrongParameter(request, 'Invalid interval');
  const limit = wholeParameter(query, 'limit', CANDLES_STANDARD);
  const start = wholeParameter(query, 'start', null);
  const end = wholeParameter(query, 'end', null);
  if (!(limit >= 1 && limit <= CANDLES_MAX) || Number.isNaN(start) || Number.isNaN(end)) {
    return wrongParameter(request, 'invalid request');
  }
  const count = Math.min(limit, parts.pageSize(CANDLES_MAX));
  const latestMs = floorTo(Math.min(end ?? nowMs, nowMs), stepMs);
  // The candle that contains `start` is answered too: mirumirumi/ro-soku issue 3. With `start` alone the candles from it
  // on are answered, and not the latest (unverified).
  const earliestMs = start === null ? latestMs - (count - 1) * stepMs : floorTo(start, stepMs);
  const lastMs =
    end === null && start !== null ? Math.min(latestMs, earliestMs + (count - 1) * stepMs) : latestMs;
  const firstMs = Math.max(earliestMs, lastMs - (count - 1) * stepMs);
  const list: string[][] = [];
  // "Sort in reverse by startTime".
  for (let atMs = lastMs; atMs >= firstMs; atMs -= stepMs) {
    const open = parts.candleOpen(`${listedBase(market, nowMs)}/${market.quote}`, atMs);
    if (open !== null) list.push([String(atMs), open, open, open, open, '1', open]);
  }
  return bybitResult(request, { symbol, category: query.get('category') ?? 'linear', list });
}

function floorTo(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}
