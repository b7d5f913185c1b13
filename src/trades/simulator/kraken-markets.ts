// Kraken's public market data: server time, assets, pairs and candles.
// Source: docs.kraken.com REST API (krakenfx/api-specs, spot-rest/openapi_v3.yaml): Get Server Time, Get Asset Info, Get
// Tradable Asset Pairs, Get OHLC Data.

import { listedBase, listedId } from './exchange-state.ts';
import { KRAKEN_ERRORS, krakenRefusal, krakenResult } from './kraken-answer.ts';
import { krakenAltName, krakenAssetId } from './kraken-names.ts';
import type { SimMarket } from './scenario.ts';
import type { Route, SimAnswer, SimParts, SimRequest } from './sim-wire.ts';

/** "Returns up to 720 of the most recent entries (older data cannot be retrieved)". */
const CANDLES_MAX = 720;
/** Get OHLC Data, `interval`: minutes. */
const INTERVALS: ReadonlySet<number> = new Set([1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600]);
const MINUTE_S = 60;
const MONEY: ReadonlySet<string> = new Set('USD EUR GBP CAD JPY AUD CHF'.split(' '));

/** The addresses of market data. */
export function krakenMarketRoutes(parts: SimParts): readonly Route[] {
  return [
    { method: 'GET', path: '/0/public/Time', answer: serverTime },
    { method: 'GET', path: '/0/public/Assets', answer: (request) => assets(parts, request) },
    { method: 'GET', path: '/0/public/AssetPairs', answer: (request) => pairs(parts, request) },
    { method: 'GET', path: '/0/public/OHLC', answer: (request) => candles(parts, request) },
  ];
}

/** Whole seconds. */
function serverTime({ nowMs }: SimRequest): SimAnswer {
  const unixtime = Math.floor(nowMs / 1_000);
  return krakenResult({ unixtime, rfc1123: new Date(unixtime * 1_000).toUTCString() });
}

function assets({ state }: SimParts, { nowMs, query }: SimRequest): SimAnswer {
  const wanted = query.get('asset')?.split(',') ?? null;
  const names = new Set(
    state.listed('spot', nowMs).flatMap((market) => [listedBase(market, nowMs), market.quote]),
  );
  const rows = [...names]
    .filter(
      (name) => wanted?.some((each) => each === krakenAltName(name) || each === krakenAssetId(name)) ?? true,
    )
    .map((name) => {
      const decimals = MONEY.has(name) ? 4 : 10;
      const displayed = MONEY.has(name) ? 2 : 5;
      const row = {
        aclass: 'currency',
        altname: krakenAltName(name),
        decimals,
        display_decimals: displayed,
        status: 'enabled',
      };
      return [krakenAssetId(name), row] as const;
    });
  return krakenResult(Object.fromEntries(rows));
}

/** The alternative name of a pair, for example `XBTUSD`. */
function altNameOf(market: SimMarket, nowMs: number): string {
  return `${krakenAltName(listedBase(market, nowMs))}${krakenAltName(market.quote)}`;
}

/** A pair is named by its id, its alternative name or its WebSocket name: "BTC/USD,ETH/BTC" is the example of a query. */
function pairNamed({ state }: SimParts, name: string, nowMs: number): SimMarket | undefined {
  return state.listed('spot', nowMs).find((market) => {
    const base = listedBase(market, nowMs);
    const names = [
      listedId(market, nowMs),
      altNameOf(market, nowMs),
      `${krakenAltName(base)}/${krakenAltName(market.quote)}`,
      `${base}/${market.quote}`,
    ];
    return names.includes(name);
  });
}

function pairs(parts: SimParts, request: SimRequest): SimAnswer {
  const { nowMs, query } = request;
  const wanted = query.get('pair')?.split(',') ?? null;
  const found = wanted?.map((name) => pairNamed(parts, name, nowMs)) ?? [
    ...parts.state.listed('spot', nowMs),
  ];
  const rows: [string, unknown][] = [];
  for (const market of found) {
    if (market === undefined) return krakenRefusal(request, KRAKEN_ERRORS.pair);
    rows.push([listedId(market, nowMs), pairRow(market, nowMs)]);
  }
  return krakenResult(Object.fromEntries(rows));
}

/** Numbers that nobody here reads are those of the documentation's example. */
function pairRow(market: SimMarket, nowMs: number): unknown {
  const base = listedBase(market, nowMs);
  return {
    altname: altNameOf(market, nowMs),
    wsname: `${krakenAltName(base)}/${krakenAltName(market.quote)}`,
    aclass_base: 'currency',
    base: krakenAssetId(base),
    aclass_quote: 'currency',
    quote: krakenAssetId(market.quote),
    lot: 'unit',
    cost_decimals: 5,
    pair_decimals: 5,
    lot_decimals: 8,
    lot_multiplier: 1,
    leverage_buy: [2, 3, 4, 5],
    leverage_sell: [2, 3, 4, 5],
    fees: [
      [0, 0.26],
      [50_000, 0.24],
    ],
    fees_maker: [
      [0, 0.16],
      [50_000, 0.14],
    ],
    fee_volume_currency: 'ZUSD',
    margin_call: 80,
    margin_stop: 40,
    ordermin: '0.0001',
    costmin: '0.5',
    tick_size: '0.00001',
    status: 'online',
    long_position_limit: 250,
    short_position_limit: 200,
  };
}

/** Every price of a candle is its open; a candle without a price is left out. */
function candles(parts: SimParts, request: SimRequest): SimAnswer {
  const { query, nowMs } = request;
  const market = pairNamed(parts, query.get('pair') ?? '', nowMs);
  if (market === undefined) return krakenRefusal(request, KRAKEN_ERRORS.pair);
  const interval = Number(query.get('interval') ?? '1');
  if (!INTERVALS.has(interval)) return krakenRefusal(request, `${KRAKEN_ERRORS.arguments}:interval`);
  const since = Number(query.get('since') ?? '0');
  if (!Number.isFinite(since)) return krakenRefusal(request, `${KRAKEN_ERRORS.arguments}:since`);
  const stepS = interval * MINUTE_S;
  // "The last entry … is for the current, not-yet-committed timeframe, and will always be present, regardless of since".
  const currentS = Math.floor(nowMs / 1_000 / stepS) * stepS;
  const rows: unknown[] = [];
  for (let atS = currentS - (CANDLES_MAX - 1) * stepS; atS <= currentS; atS += stepS) {
    // That `since` is exclusive is said by an earlier edition of the documentation, and assumed by ccxt.
    if (atS <= since && atS !== currentS) continue;
    const open = parts.candleOpen(`${listedBase(market, nowMs)}/${market.quote}`, atS * 1_000);
    if (open !== null) rows.push([atS, open, open, open, open, open, '1.00000000', 1]);
  }
  return krakenResult({ [listedId(market, nowMs)]: rows, last: currentS - stepS });
}
