// The rules of Binance: which addresses it has with what they cost, how it names keys and words refusals. The answers
// themselves are in the files beside this one.

import { BinanceBudget } from './binance-budget.ts';
import { futuresAccount, futuresBalance, income, positionRisk, userTrades } from './binance-futures.ts';
import { exchangeInfo, klines, marginPairs, serverTime } from './binance-market-data.ts';
import { banned, tooMuchWeight } from './binance-refusals.ts';
import {
  account,
  apiRestrictions,
  crossAccount,
  isolatedAccount,
  marginTrades,
  myTrades,
} from './binance-spot.ts';
import type { Fault } from './scenario.ts';
import type { ExchangeRules, ExchangeService, Route, SimAnswer, SimParts, SimRequest } from './sim-wire.ts';
import { standardMarket } from './standard-markets.ts';

/**
 * Weight by minute and address. `api`: rest-api.md and its CHANGELOG (6,000 since 2023-08); `sapi`: 12,000 by ccxt's
 * table (binance.js, `api.sapi`); `fapi`, `dapi`: 2,400, derivatives, General Info, unverified for `dapi`.
 */
const LIMITS = { api: 6_000, sapi: 12_000, fapi: 2_400, dapi: 2_400 } as const;
type Host = keyof typeof LIMITS;

/** Weight of an address that is not in the tables, and the least of all. */
const WEIGHT_LEAST = 1;

/** Weights by path: the page of each address in Binance's documentation ("Weight"), as of 2025. */
const WEIGHTS: Readonly<Record<string, number>> = {
  '/api/v3/exchangeInfo': 20,
  '/api/v3/klines': 2,
  '/api/v3/account': 20,
  '/api/v3/myTrades': 20,
  '/sapi/v1/margin/myTrades': 10,
  '/sapi/v1/margin/account': 10,
  '/sapi/v1/margin/isolated/account': 10,
  '/fapi/v1/userTrades': 5,
  '/fapi/v1/income': 30,
  '/fapi/v2/positionRisk': 5,
  '/fapi/v3/positionRisk': 5,
  '/fapi/v2/balance': 5,
  '/fapi/v3/balance': 5,
  '/fapi/v2/account': 5,
  '/fapi/v3/account': 5,
  '/dapi/v1/userTrades': 20,
  '/dapi/v1/income': 20,
  '/dapi/v1/account': 5,
};

type Answers = Readonly<Record<string, (request: SimRequest) => SimAnswer>>;

function answersOf(parts: SimParts, limits: Readonly<Record<Host, number>>): Answers {
  return {
    '/api/v3/ping': () => ({ status: 200, body: {} }),
    '/api/v3/time': serverTime,
    '/api/v3/exchangeInfo': exchangeInfo(parts, 'spot', limits.api),
    '/api/v3/klines': klines(parts),
    '/api/v3/account': account(parts),
    '/api/v3/myTrades': myTrades(parts),
    '/sapi/v1/account/apiRestrictions': apiRestrictions(parts),
    '/sapi/v1/margin/myTrades': marginTrades(parts),
    '/sapi/v1/margin/account': crossAccount(parts),
    '/sapi/v1/margin/isolated/account': isolatedAccount(parts),
    '/sapi/v1/margin/allPairs': marginPairs(parts),
    '/sapi/v1/margin/isolated/allPairs': marginPairs(parts),
    '/fapi/v1/time': serverTime,
    '/fapi/v1/exchangeInfo': exchangeInfo(parts, 'linear', limits.fapi),
    '/fapi/v1/userTrades': userTrades(parts, 'linear'),
    '/fapi/v1/income': income(parts, 'linear'),
    '/fapi/v2/positionRisk': positionRisk(parts, 'linear', false),
    '/fapi/v3/positionRisk': positionRisk(parts, 'linear', true),
    '/fapi/v2/balance': futuresBalance(parts, 'linear'),
    '/fapi/v3/balance': futuresBalance(parts, 'linear'),
    '/fapi/v2/account': futuresAccount(parts, 'linear'),
    '/fapi/v3/account': futuresAccount(parts, 'linear'),
    '/dapi/v1/time': serverTime,
    '/dapi/v1/exchangeInfo': exchangeInfo(parts, 'inverse', limits.dapi),
    '/dapi/v1/userTrades': userTrades(parts, 'inverse'),
    '/dapi/v1/income': income(parts, 'inverse'),
    '/dapi/v1/positionRisk': positionRisk(parts, 'inverse', false),
    '/dapi/v1/balance': futuresBalance(parts, 'inverse'),
    '/dapi/v1/account': futuresAccount(parts, 'inverse'),
  };
}

function hostOf(path: string): Host {
  const [, first = ''] = path.split('/');
  return Object.hasOwn(LIMITS, first) ? (first as Host) : 'api';
}

/** COIN-M, Account Trade List: 20 with `symbol`, 40 with `pair`. */
function weightOf({ path, query }: SimRequest): number {
  const weight = WEIGHTS[path] ?? WEIGHT_LEAST;
  return path === '/dapi/v1/userTrades' && query.has('pair') ? 2 * weight : weight;
}

class BinanceService implements ExchangeService {
  readonly routes: readonly Route[];
  readonly #budgets: Readonly<Record<Host, BinanceBudget>>;

  constructor(parts: SimParts) {
    const limit = (host: Host) => parts.scenario.weightPerMinute ?? LIMITS[host];
    const limits = { api: limit('api'), sapi: limit('sapi'), fapi: limit('fapi'), dapi: limit('dapi') };
    this.#budgets = {
      api: new BinanceBudget(limits.api),
      sapi: new BinanceBudget(limits.sapi),
      fapi: new BinanceBudget(limits.fapi),
      dapi: new BinanceBudget(limits.dapi),
    };
    this.routes = Object.entries(answersOf(parts, limits)).map(([path, answer]) => ({
      method: 'GET',
      path,
      answer,
    }));
  }

  gate(request: SimRequest): SimAnswer | null {
    request.notes.weight = weightOf(request);
    const refused = this.#budgets[hostOf(request.path)].take(request);
    if (refused !== null) request.notes.code = '-1003';
    return refused;
  }

  failure({ kind, retryAfter, banUntilMs }: Fault, request: SimRequest): SimAnswer {
    const { nowMs, notes } = request;
    if (kind === 429 || kind === 418) notes.code = '-1003';
    if (kind === 429) return tooMuchWeight(this.#budgets[hostOf(request.path)].limit, retryAfter);
    if (kind === 418) {
      const untilMs = banUntilMs ?? nowMs + (retryAfter ?? 120) * 1000;
      // A ban is of the address: every host refuses.
      if (banUntilMs !== null) for (const budget of Object.values(this.#budgets)) budget.banUntil(untilMs);
      return banned(untilMs, retryAfter);
    }
    // rest-api.md, HTTP Return Codes: 403 comes from the firewall before Binance's own servers. Its text is unverified.
    if (kind === 403) return { status: 403, body: '<html><body><h1>403 Forbidden</h1></body></html>' };
    notes.code = '-1001';
    const msg = 'Internal error; unable to process your request. Please try again.';
    return { status: 500, body: { code: -1001, msg } };
  }

  /** That an unknown address is 404 with text of a web server is unverified. */
  unknownPath(): SimAnswer {
    return { status: 404, body: '<html><body>404 Not found</body></html>' };
  }

  /** rest-api.md, IP Limits: the used weight is in every answer. Name for `sapi`: wallet, General Info. */
  headers({ path }: SimRequest): Readonly<Record<string, string>> {
    const host = hostOf(path);
    const used = String(this.#budgets[host].used);
    if (host === 'sapi') return { 'x-sapi-used-ip-weight-1m': used };
    if (host === 'api') return { 'x-mbx-used-weight': used, 'x-mbx-used-weight-1m': used };
    return { 'x-mbx-used-weight-1m': used };
  }
}

/** Binance. */
export const binanceRules: ExchangeRules = {
  name: 'binance',
  port: 9101,
  markets: [
    standardMarket('spot', 'BTCUSDT', ['BTC', 'USDT']),
    standardMarket('spot', 'ETHUSDT', ['ETH', 'USDT']),
    standardMarket('spot', 'BNBUSDT', ['BNB', 'USDT']),
    standardMarket('spot', 'ETHBTC', ['ETH', 'BTC']),
    standardMarket('linear', 'BTCUSDT', ['BTC', 'USDT']),
    standardMarket('linear', 'ETHUSDT', ['ETH', 'USDT']),
    standardMarket('inverse', 'BTCUSD_PERP', ['BTC', 'USD'], '100'),
  ],
  // Ids are numbers that ascend: rest-api.md, Account trade list, example and `fromId`.
  fillId: (ordinal) => String(28_000_000 + ordinal),
  orderId: (ordinal) => String(100_000_000 + ordinal),
  // rest-api.md, Endpoint security type: keys come in the header `X-MBX-APIKEY`.
  apiKeyOf: ({ 'x-mbx-apikey': key }) => (typeof key === 'string' ? key : null),
  serve: (parts) => new BinanceService(parts),
};
