// An exchange in memory for tests of readers: it pages exactly as the documentation of Binance, Bybit and Kraken says,
// and its clock moves on with each request, so that fills arrive while pages are being read.

import { exact, ZERO } from '../../../../src/trades/domain/amount.ts';
import {
  type ExchangeCalls,
  ExchangeError,
  type FillSink,
  type MarketTable,
  type ReadFillFields,
  type TableMarket,
} from '../../../../src/trades/domain/exchange-calls.ts';

export const DAY = 86_400_000;
export const START_MS = Date.parse('2025-01-01T00:00:00.000Z');

export interface FakeFill {
  readonly id: string;
  readonly market: TableMarket;
  readonly atMs: number;
  /** When lists show it. */
  readonly visibleMs: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly amount: string;
  readonly fee: string;
  readonly feeAsset: string;
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface Deposit {
  readonly atMs: number;
  readonly asset: string;
  readonly amount: string;
}

export function spotMarket(base: string, quote: string, isActive = true): TableMarket {
  return { id: `${base}${quote}`, symbol: `${base}/${quote}`, base, quote, type: 'spot', isActive };
}

export function swapMarket(base: string, quote: string, settle = quote): TableMarket {
  const isInverse = settle === base;
  return {
    id: isInverse ? `${base}${quote}_PERP` : `${base}${quote}`,
    symbol: `${base}/${quote}:${settle}`,
    base,
    quote,
    settle,
    linear: !isInverse,
    inverse: isInverse,
    contractSize: isInverse ? '100' : '1',
    type: 'swap',
    isActive: true,
  };
}

/** Collects the ids that a reader gave, and how often. */
export class CountingSink implements FillSink {
  readonly counts = new Map<string, number>();
  take: FillSink['take'] = (fills, identity) => {
    for (const { market, id } of fills) {
      const name = `${identity} ${market.symbol} ${id ?? ''}`;
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    }
  };
}

type Answer = (parameters: Readonly<Record<string, string | number | boolean>>, nowMs: number) => unknown;

export interface FakeOptions {
  readonly exchange: string;
  readonly markets: readonly TableMarket[];
  readonly methods: Readonly<Record<string, Answer>>;
  readonly isSymbolRequired?: boolean;
  readonly pageMax?: number;
  /** What ccxt's unified calls see. */
  readonly fills?: readonly FakeFill[];
  readonly deposits?: readonly Deposit[];
  readonly startMs?: number;
  /** The clock moves on by so much with each request, in ms. */
  readonly stepMs?: number;
}

export class FakeCalls implements ExchangeCalls {
  readonly exchange: string;
  readonly isSandbox = false;
  readonly features: ExchangeCalls['features'];
  readonly requests: { readonly method: string; readonly parameters: Readonly<Record<string, unknown>> }[] =
    [];
  refreshes = 0;
  clockMs: number;
  markedMarkets: readonly TableMarket[];
  readonly #options: FakeOptions;

  constructor(options: FakeOptions) {
    this.#options = options;
    this.exchange = options.exchange;
    this.features = {
      isSymbolRequired: options.isSymbolRequired ?? true,
      pageMax: options.pageMax ?? null,
      daysBack: null,
      untilDays: 1,
    };
    this.markedMarkets = options.markets;
    this.clockMs = options.startMs ?? START_MS;
  }

  nowMs(): number {
    return this.clockMs;
  }

  markets(): Promise<MarketTable> {
    return Promise.resolve(tableOf(this.markedMarkets));
  }

  refreshMarkets(): Promise<MarketTable> {
    this.refreshes++;
    return this.markets();
  }

  async call(
    method: string,
    parameters: Readonly<Record<string, string | number | boolean>>,
  ): Promise<unknown> {
    await Promise.resolve();
    this.requests.push({ method, parameters });
    const answer = this.#options.methods[method];
    if (answer === undefined) throw new Error(`no such method: ${method}`);
    const value = answer(parameters, this.clockMs);
    this.clockMs += this.#options.stepMs ?? 1;
    return value;
  }

  readFill(raw: unknown, market: TableMarket | null): ReadFillFields | null {
    const { fill } = raw as { readonly fill: FakeFill };
    return fieldsOf(fill, (market ?? fill.market).symbol);
  }

  /** The newest fills of the span, oldest first: as many exchanges do. */
  async fetchMyTrades(
    symbol: string | null,
    sinceMs: number | null,
    limit: number | null,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<readonly ReadFillFields[]> {
    await Promise.resolve();
    this.requests.push({ method: 'fetchMyTrades', parameters: { symbol, sinceMs, ...parameters } });
    const rows = (this.#options.fills ?? [])
      .filter((fill) => symbol === null || fill.market.symbol === symbol)
      .filter((fill) => fill.visibleMs <= this.clockMs)
      .filter((fill) => fill.atMs >= (sinceMs ?? 0) && fill.atMs <= Number(parameters['until']))
      .toSorted((one, other) => one.atMs - other.atMs);
    this.clockMs += this.#options.stepMs ?? 1;
    return rows.slice(-(limit ?? 50)).map((fill) => fieldsOf(fill, fill.market.symbol));
  }

  async fetchBalance(): Promise<ReadonlyMap<string, string>> {
    await Promise.resolve();
    this.requests.push({ method: 'fetchBalance', parameters: {} });
    const sums = balancesOf(this.#options.fills ?? [], this.#options.deposits ?? [], this.clockMs);
    this.clockMs += this.#options.stepMs ?? 1;
    return sums;
  }
}

function fieldsOf(fill: FakeFill, symbol: string): ReadFillFields {
  return {
    id: fill.id === '' ? null : fill.id,
    orderId: null,
    symbol,
    side: fill.side,
    timestampMs: fill.atMs,
    price: fill.price,
    amount: fill.amount,
    fees: [{ asset: fill.feeAsset, amount: fill.fee }],
  };
}

/** What an account holds; zeros are left out. */
function balancesOf(
  fills: readonly FakeFill[],
  deposits: readonly Deposit[],
  nowMs: number,
): ReadonlyMap<string, string> {
  const sums = new Map<string, ReturnType<typeof exact>>();
  const add = (asset: string, amount: ReturnType<typeof exact>) =>
    sums.set(asset, (sums.get(asset) ?? ZERO).plus(amount));
  for (const fill of fills.filter(({ atMs }) => atMs <= nowMs)) {
    const amount = exact(fill.amount);
    const value = amount.times(exact(fill.price));
    const [base, quote] = fill.side === 'buy' ? [amount, ZERO.minus(value)] : [ZERO.minus(amount), value];
    add(fill.market.base, base);
    add(fill.market.quote, quote);
    add(fill.feeAsset, ZERO.minus(exact(fill.fee)));
  }
  for (const deposit of deposits.filter(({ atMs }) => atMs <= nowMs)) {
    add(deposit.asset, exact(deposit.amount));
  }
  return new Map([...sums].filter(([, sum]) => sum.sign !== 0).map(([asset, sum]) => [asset, sum.toText()]));
}

export function tableOf(markets: readonly TableMarket[]): MarketTable {
  return {
    bySymbol: (symbol) => markets.find((market) => market.symbol === symbol) ?? null,
    byId: (id, type) =>
      markets.find((market) => market.id === id && (type === undefined || market.type === type)) ?? null,
    all: (types) => markets.filter((market) => types.includes(market.type)),
  };
}

const newestFirst = (one: FakeFill, other: FakeFill) =>
  other.atMs - one.atMs || (one.id < other.id ? 1 : one.id > other.id ? -1 : 0);

/** Bybit's list of executions. */
export function bybitMethods(fills: readonly FakeFill[], pageRows: number) {
  const answer: Answer = ({ category, startTime, endTime, cursor, limit }, nowMs) => {
    const [fromMs, toMs] = [Number(startTime), Number(endTime)];
    if (toMs - fromMs > 7 * DAY || fromMs < nowMs - 730 * DAY) throw new ExchangeError('exchange_error');
    const rows = fills
      .filter((fill) => (category === 'spot') === (fill.market.type === 'spot'))
      .filter((fill) => category !== 'inverse' || fill.market.inverse === true)
      .filter((fill) => category !== 'linear' || fill.market.linear === true)
      .filter((fill) => fill.visibleMs <= nowMs && fill.atMs >= fromMs && fill.atMs <= toMs)
      .toSorted(newestFirst);
    const begin =
      cursor === undefined
        ? 0
        : rows.findIndex((fill) => {
            const [atMs = '', id = ''] = String(cursor).split('_');
            return fill.atMs < Number(atMs) || (fill.atMs === Number(atMs) && fill.id < id);
          });
    const page = begin < 0 ? [] : rows.slice(begin, begin + Math.min(pageRows, Number(limit)));
    const last = page.at(-1);
    return {
      retCode: 0,
      result: {
        list: page.map((fill) => ({
          symbol: fill.market.id,
          execId: fill.id,
          execType: 'Trade',
          ...fill.more,
          fill,
        })),
        nextPageCursor: last === undefined ? '' : `${last.atMs}_${last.id}`,
      },
    };
  };
  return { privateGetV5ExecutionList: answer };
}

/** Kraken's history of trades. */
export function krakenMethods(fills: readonly FakeFill[], pageRows: number) {
  const answer: Answer = ({ start, end, ofs }, nowMs) => {
    if (!Number.isInteger(Number(start)) || !Number.isInteger(Number(end)))
      throw new ExchangeError('exchange_error');
    const rows = fills
      .filter((fill) => fill.visibleMs <= nowMs)
      .filter((fill) => fill.atMs / 1000 > Number(start) && fill.atMs / 1000 <= Number(end))
      .toSorted(newestFirst);
    const page = rows.slice(Number(ofs), Number(ofs) + pageRows);
    const trades = Object.fromEntries(
      page.map((fill) => [fill.id, { pair: fill.market.id, margin: '0.00000', ...fill.more, fill }]),
    );
    return { error: [], result: { trades, count: rows.length } };
  };
  return { privatePostTradesHistory: answer };
}

/** Binance's spot account: balances, and fills by market and id. */
export function binanceMethods(
  fills: readonly FakeFill[],
  deposits: readonly Deposit[],
  pageRows: number,
  isDelisted: (id: string) => boolean = () => false,
) {
  const account: Answer = (_, nowMs) => ({
    balances: [...balancesOf(fills, deposits, nowMs)].map(([asset, free]) => ({ asset, free, locked: '0' })),
  });
  const trades: Answer = ({ symbol, fromId, limit }, nowMs) => {
    if (isDelisted(String(symbol))) throw new ExchangeError('market_unavailable', '-1121');
    const rows = fills
      .filter((fill) => fill.market.id === symbol && fill.visibleMs <= nowMs)
      .toSorted((one, other) => Number(one.id) - Number(other.id));
    const size = Math.min(Number(limit), pageRows);
    const page =
      fromId === undefined
        ? rows.slice(-size)
        : rows.filter((fill) => Number(fill.id) >= Number(fromId)).slice(0, size);
    return page.map((fill) => ({ id: Number(fill.id), time: fill.atMs, symbol, ...fill.more, fill }));
  };
  return { privateGetAccount: account, privateGetMyTrades: trades };
}

/** Binance's contracts: positions, income, and fills by market, in windows of seven days or by id. */
export function futuresMethods(
  fills: readonly FakeFill[],
  pageRows: number,
  some: { readonly listed?: readonly FakeFill[]; readonly hasFees?: boolean } = {},
) {
  const listed = some.listed ?? fills;
  const account =
    (isInverse: boolean): Answer =>
    (_, nowMs) => {
      const sums = new Map<string, ReturnType<typeof exact>>();
      let money = exact('1000');
      for (const { market, atMs, side, amount, fee } of fills) {
        if (atMs > nowMs || (market.inverse === true) !== isInverse) continue;
        const before = sums.get(market.id) ?? ZERO;
        sums.set(market.id, side === 'buy' ? before.plus(exact(amount)) : before.minus(exact(amount)));
        if (some.hasFees !== false) money = money.minus(exact(fee));
      }
      return {
        assets: [{ asset: isInverse ? 'BTC' : 'USDT', walletBalance: money.toText() }],
        positions: [...sums].map(([symbol, sum]) => ({
          symbol,
          positionSide: 'BOTH',
          positionAmt: sum.toText(),
        })),
      };
    };
  const income =
    (isInverse: boolean): Answer =>
    ({ startTime, endTime, page, limit }, nowMs) => {
      const rows = listed
        .filter((fill) => some.hasFees !== false && (fill.market.inverse === true) === isInverse)
        .filter((fill) => fill.visibleMs <= nowMs)
        .filter((fill) => fill.atMs >= Number(startTime) && fill.atMs <= Number(endTime))
        .toSorted((one, other) => one.atMs - other.atMs);
      const size = Math.min(Number(limit), pageRows);
      return rows.slice((Number(page) - 1) * size, Number(page) * size).map((fill) => ({
        symbol: fill.market.id,
        incomeType: 'COMMISSION',
        tradeId: fill.id,
      }));
    };
  const trades: Answer = ({ symbol, fromId, startTime, endTime, limit }, nowMs) => {
    const [fromMs, toMs] = [Number(startTime ?? 0), Number(endTime ?? Infinity)];
    if (fromId !== undefined && (startTime !== undefined || endTime !== undefined))
      throw new ExchangeError('exchange_error', '-1128');
    // As users saw it: no error.
    if (startTime !== undefined && toMs - fromMs > 7 * DAY) return [];
    return listed
      .filter((fill) => fill.market.id === symbol && fill.visibleMs <= nowMs)
      .filter((fill) => Number(fill.id) >= Number(fromId ?? 0) && fill.atMs >= fromMs && fill.atMs <= toMs)
      .toSorted(
        (one, other) =>
          (fromId === undefined ? one.atMs - other.atMs : 0) || Number(one.id) - Number(other.id),
      )
      .slice(0, Math.min(Number(limit), pageRows))
      .map((fill) => ({ id: Number(fill.id), time: fill.atMs, symbol, ...fill.more, fill }));
  };
  return {
    fapiPrivateV3GetAccount: account(false),
    dapiPrivateGetAccount: account(true),
    fapiPrivateGetIncome: income(false),
    dapiPrivateGetIncome: income(true),
    fapiPrivateGetUserTrades: trades,
    dapiPrivateGetUserTrades: trades,
  };
}
