// The private side of Binance's USDⓈ-M (linear) and COIN-M (inverse) futures: fills, income, positions, balances.

import {
  balancesOf,
  costOf,
  ledgerOf,
  type LedgerRow,
  positionsOf,
  realisedProfits,
} from './account-books.ts';
import { signerOf } from './binance-auth.ts';
import { eightDigits, idNumber, padded } from './binance-numbers.ts';
import { optionalLong, rowLimit } from './binance-parameters.ts';
import { badCombination, binanceRefusal, invalidSymbol, missing } from './binance-refusals.ts';
import { ascending } from './binance-spot.ts';
import { type AccountState, listedBase, listedId } from './exchange-state.ts';
import type { SimFill, SimMarket } from './scenario.ts';
import { negative, plus, signOf, type SimDecimal, textOf, ZERO } from './sim-decimal.ts';
import type { SimAnswer, SimParts, SimRequest } from './sim-wire.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/** Which of the two. */
export type FuturesKind = 'linear' | 'inverse';

/** Rows of `userTrades` without `limit`: USDⓈ-M, Account Trade List: 500; COIN-M, Account Trade List: 50. */
const TRADES_STANDARD = { linear: 500, inverse: 50 } as const;
/** USDⓈ-M, Account Trade List: only the past 6 months; COIN-M does not say. */
const TRADES_REACH_MS = { linear: 183 * DAY_MS, inverse: Infinity } as const;
/** USDⓈ-M, Get Income History: the last three months; COIN-M: at most 1 year between the times. */
const INCOME_REACH_MS = { linear: 92 * DAY_MS, inverse: Infinity } as const;
const INCOME_SPAN_MAX_MS = { linear: Infinity, inverse: 366 * DAY_MS } as const;

/**
 * Derivatives, Account Trade List: with neither time the last 7 days; at most 7 days between the times; `fromId` not with
 * the times; the most recent ones by default; maximum 1000. COIN-M: `symbol` or `pair`, `fromId` not with `pair`.
 * A longer span is answered with an empty list, as users saw it (ccxt/ccxt#14513). Unverified: rows ascend by id,
 * `startTime` alone ends now, `endTime` alone begins 7 days before, of more rows than the limit the first ones are given.
 */
export function userTrades(parts: SimParts, kind: FuturesKind): (request: SimRequest) => SimAnswer {
  return (request) => {
    const { state } = parts;
    const { account } = signerOf(request, state);
    const { nowMs } = request;
    const markets = marketsOf(parts, request, kind);
    const startMs = optionalLong(request, 'startTime');
    const endMs = optionalLong(request, 'endTime');
    const fromId = optionalLong(request, 'fromId');
    const standard = TRADES_STANDARD[kind];
    const limit = parts.pageSize(rowLimit(request, { standard, max: 1_000, isRefusedAbove: true }));
    if (fromId !== null && (startMs !== null || endMs !== null)) throw badCombination();
    if (fromId !== null && request.query.has('pair')) throw badCombination();
    const toMs = endMs ?? nowMs;
    const fromMs = startMs ?? (fromId === null ? toMs - WEEK_MS : -Infinity);
    if (startMs !== null && toMs - startMs > WEEK_MS) return { status: 200, body: [] };
    const reachMs = nowMs - TRADES_REACH_MS[kind];
    const shown = state
      .fills(account, { nowMs, kinds: [kind], fromMs: Math.max(fromMs, reachMs), toMs })
      .filter(({ market, cause }) => markets.has(market) && cause !== 'funding')
      .filter(({ id }) => fromId === null || Number(id) >= fromId);
    const fills = ascending(shown);
    const page = fromId !== null || startMs !== null ? fills.slice(0, limit) : fills.slice(-limit);
    const profits = realisedProfits(account, nowMs);
    return { status: 200, body: page.map((fill) => tradeRow(fill, profits.get(fill) ?? ZERO, nowMs)) };
  };
}

function marketsOf({ state }: SimParts, request: SimRequest, kind: FuturesKind): ReadonlySet<SimMarket> {
  const { nowMs, query } = request;
  const symbol = query.get('symbol');
  const pair = kind === 'inverse' ? query.get('pair') : null;
  if (symbol !== null && pair !== null) throw badCombination();
  if (pair !== null) {
    const isPair = (market: SimMarket) => `${listedBase(market, nowMs)}${market.quote}` === pair;
    return new Set(state.listed(kind, nowMs).filter(isPair));
  }
  if (symbol === null) throw missing('symbol');
  const market = state.market(symbol, kind, nowMs);
  if (market === undefined) throw invalidSymbol();
  return new Set([market]);
}

/** Derivatives, Account Trade List, examples. Liquidations are rows like others. That a row names another owner: unverified. */
function tradeRow(fill: SimFill, profit: SimDecimal, nowMs: number): unknown {
  const { market, id, orderId, price, amount, side, atMs, owner, position } = fill;
  const fee = fill.fees[0] ?? { asset: market.settle, amount: '0' };
  const cost = eightDigits(costOf(fill));
  const isInverse = market.kind === 'inverse';
  return {
    symbol: listedId(market, nowMs),
    id: idNumber(id),
    orderId: idNumber(orderId),
    ...(isInverse ? { pair: `${listedBase(market, nowMs)}${market.quote}` } : {}),
    side: side.toUpperCase(),
    price: padded(price),
    qty: padded(amount),
    realizedPnl: eightDigits(profit),
    ...(isInverse ? { marginAsset: market.settle, baseQty: cost } : { quoteQty: cost }),
    commission: padded(fee.amount),
    commissionAsset: fee.asset,
    time: atMs,
    positionSide: position?.toUpperCase() ?? 'BOTH',
    buyer: side === 'buy',
    maker: false,
    ...(owner === null ? {} : { accountId: idNumber(owner) }),
  };
}

/**
 * Derivatives, Get Income History: `startTime` and `endTime` included; with neither the last 7 days; default 100, maximum
 * 1000; `page`; `tranId` is unique within a type. Unverified: rows ascend by time.
 */
export function income(parts: SimParts, kind: FuturesKind): (request: SimRequest) => SimAnswer {
  return (request) => {
    const { account } = signerOf(request, parts.state);
    const { nowMs, query } = request;
    const startMs = optionalLong(request, 'startTime');
    const endMs = optionalLong(request, 'endTime') ?? nowMs;
    if (startMs !== null && endMs - startMs > INCOME_SPAN_MAX_MS[kind]) {
      throw binanceRefusal(-1127, 'Lookup interval is too big.');
    }
    const fromMs = Math.max(startMs ?? endMs - WEEK_MS, nowMs - INCOME_REACH_MS[kind]);
    const limit = parts.pageSize(rowLimit(request, { standard: 100, max: 1_000, isRefusedAbove: true }));
    const page = Math.max(1, optionalLong(request, 'page') ?? 1);
    const type = query.get('incomeType');
    const symbol = query.get('symbol');
    const rows = incomeRows(account, kind, nowMs).filter(
      (row) =>
        row.time >= fromMs &&
        row.time <= endMs &&
        (type === null || row.incomeType === type) &&
        (symbol === null || row.symbol === symbol),
    );
    return { status: 200, body: rows.slice((page - 1) * limit, page * limit) };
  };
}

interface IncomeRow {
  readonly symbol: string;
  readonly incomeType: string;
  readonly income: string;
  readonly asset: string;
  readonly info: string;
  readonly time: number;
  readonly tranId: number;
  readonly tradeId: string;
}

function incomeRows(account: AccountState, kind: FuturesKind, nowMs: number): readonly IncomeRow[] {
  return ledgerOf(account, nowMs)
    .filter(({ wallet }) => wallet === kind)
    .flatMap((row) => [...incomeOf(row)].map((part, index) => incomeRow(row, part, index, nowMs)));
}

/** What one row of the ledger is to the income history. */
function* incomeOf({ fill, cause, amount, fee }: LedgerRow): Generator<readonly [string, SimDecimal]> {
  if (fill === null) {
    yield ['TRANSFER', amount];
    return;
  }
  if (cause === 'funding') {
    yield ['FUNDING_FEE', plus(amount, negative(fee))];
    return;
  }
  if (signOf(amount) !== 0) yield ['REALIZED_PNL', amount];
  if (signOf(fee) !== 0) yield [cause === 'liquidation' ? 'INSURANCE_CLEAR' : 'COMMISSION', negative(fee)];
}

function incomeRow(
  { fill, asset, atMs, ordinal }: LedgerRow,
  [incomeType, amount]: readonly [string, SimDecimal],
  index: number,
  nowMs: number,
): IncomeRow {
  return {
    symbol: fill === null ? '' : listedId(fill.market, nowMs),
    incomeType,
    income: eightDigits(amount),
    asset,
    info: incomeType,
    time: atMs,
    tranId: 9_689_000_000 + ordinal * 10 + index,
    tradeId: fill?.id ?? '',
  };
}

/**
 * Derivatives, Position Information: `/fapi/v3` lists only symbols with a position or an open order, `/fapi/v2` and
 * `/dapi/v1` every symbol.
 */
export function positionRisk(
  { state }: SimParts,
  kind: FuturesKind,
  isOpenOnly: boolean,
): (request: SimRequest) => SimAnswer {
  return (request) => {
    const { account } = signerOf(request, state);
    const { nowMs, query } = request;
    const open = positionsOf(account, state.markets, nowMs).filter(({ market }) => market.kind === kind);
    const rows = open
      .filter(({ amount }) => !isOpenOnly || signOf(amount) !== 0)
      .map(({ market, side, amount, entryPrice }) => positionRow(market, side, amount, entryPrice, nowMs));
    const others = isOpenOnly
      ? []
      : state
          .listed(kind, nowMs)
          .filter((market) => !open.some((position) => position.market === market))
          .map((market) => positionRow(market, null, ZERO, ZERO, nowMs));
    const symbol = query.get('symbol');
    const body = [...rows, ...others].filter((row) => symbol === null || row['symbol'] === symbol);
    return { status: 200, body };
  };
}

function positionRow(
  market: SimMarket,
  side: 'long' | 'short' | null,
  amount: SimDecimal,
  entryPrice: SimDecimal,
  nowMs: number,
): Readonly<Record<string, unknown>> {
  return {
    symbol: listedId(market, nowMs),
    positionSide: side?.toUpperCase() ?? 'BOTH',
    positionAmt: textOf(amount),
    entryPrice: eightDigits(entryPrice),
    breakEvenPrice: eightDigits(entryPrice),
    markPrice: eightDigits(entryPrice),
    unRealizedProfit: '0.00000000',
    liquidationPrice: '0',
    leverage: '20',
    marginType: 'cross',
    isolatedMargin: '0.00000000',
    isolatedWallet: '0',
    isAutoAddMargin: 'false',
    notional: '0',
    marginAsset: market.settle,
    initialMargin: '0',
    maintMargin: '0',
    updateTime: nowMs,
  };
}

/** Derivatives, Futures Account Balance. */
export function futuresBalance({ state }: SimParts, kind: FuturesKind): (request: SimRequest) => SimAnswer {
  return (request) => {
    const { account } = signerOf(request, state);
    const body = [...balancesOf(account, request.nowMs, kind)].map(([asset, amount]) => ({
      accountAlias: 'SgsR',
      asset,
      balance: eightDigits(amount),
      crossWalletBalance: eightDigits(amount),
      crossUnPnl: '0.00000000',
      availableBalance: eightDigits(amount),
      maxWithdrawAmount: eightDigits(amount),
      marginAvailable: true,
      updateTime: request.nowMs,
    }));
    return { status: 200, body };
  };
}

/** Derivatives, Account Information, as far as balances and open positions go. */
export function futuresAccount({ state }: SimParts, kind: FuturesKind): (request: SimRequest) => SimAnswer {
  return (request) => {
    const { account } = signerOf(request, state);
    const { nowMs } = request;
    const assets = [...balancesOf(account, nowMs, kind)].map(([asset, amount]) => ({
      asset,
      walletBalance: eightDigits(amount),
      unrealizedProfit: '0.00000000',
      marginBalance: eightDigits(amount),
      maintMargin: '0.00000000',
      initialMargin: '0.00000000',
      availableBalance: eightDigits(amount),
      crossWalletBalance: eightDigits(amount),
      updateTime: nowMs,
    }));
    const positions = positionsOf(account, state.markets, nowMs)
      .filter(({ market, amount }) => market.kind === kind && signOf(amount) !== 0)
      .map(({ market, side, amount, entryPrice }) => positionRow(market, side, amount, entryPrice, nowMs));
    return {
      status: 200,
      body: { feeTier: 0, canTrade: true, canDeposit: true, updateTime: 0, assets, positions },
    };
  };
}
