// The private side of Binance's spot and margin: account, fills, rights of the key.

import { balancesOf, costOf, ledgerOf } from './account-books.ts';
import { type Signer, signerOf } from './binance-auth.ts';
import { eightDigits, idNumber, padded } from './binance-numbers.ts';
import { mandatory, optionalLong, rowLimit } from './binance-parameters.ts';
import { badCombination, binanceRefusal, invalidSymbol } from './binance-refusals.ts';
import { listedBase, listedId } from './exchange-state.ts';
import type { FillKind, SimFill, SimMarket } from './scenario.ts';
import { negative, signOf, type SimDecimal, ZERO } from './sim-decimal.ts';
import type { SimAnswer, SimParts, SimRequest } from './sim-wire.ts';

const DAY_MS = 86_400_000;

/** rest-api.md, Account information. */
export function account({ state }: SimParts): (request: SimRequest) => SimAnswer {
  return (request) => {
    const signer = signerOf(request, state);
    const { nowMs } = request;
    // "When set to `true`, emits only the non-zero balances of an account."
    const isZeroOmitted = request.query.get('omitZeroBalances') === 'true';
    const balances = [...balancesOf(signer.account, nowMs, 'spot')]
      .filter(([, amount]) => !isZeroOmitted || signOf(amount) !== 0)
      .map(([asset, amount]) => ({ asset, free: eightDigits(amount), locked: '0.00000000' }));
    const moves = ledgerOf(signer.account, nowMs).filter(({ wallet }) => wallet === 'spot');
    return {
      status: 200,
      body: {
        makerCommission: 10,
        takerCommission: 10,
        buyerCommission: 0,
        sellerCommission: 0,
        canTrade: true,
        canWithdraw: true,
        canDeposit: true,
        brokered: false,
        requireSelfTradePrevention: false,
        preventSor: false,
        updateTime: moves.at(-1)?.atMs ?? 0,
        accountType: 'SPOT',
        balances,
        permissions: ['SPOT'],
        uid: idNumber(signer.account.userId),
      },
    };
  };
}

/**
 * rest-api.md, Account trade list: the symbol is mandatory; `fromId` gives fills with ids from it on (included), without it
 * the most recent ones; at most 24 hours between `startTime` and `endTime`; these parameters go together: none,
 * `startTime`, `endTime`, both, `fromId`. Limit default 500, maximum 1000. Unverified: rows ascend by id, `startTime`
 * alone has no end, and of more rows than the limit between two times the first ones are given.
 */
export function myTrades(parts: SimParts): (request: SimRequest) => SimAnswer {
  return (request) => tradeList(parts, request, 'spot');
}

/**
 * margin_trading, Query Margin Account's Trade List: as the list of spot; `isIsolated` is `TRUE` or `FALSE`, and ccxt
 * sends `true`.
 */
export function marginTrades(parts: SimParts): (request: SimRequest) => SimAnswer {
  return (request) => {
    const isIsolated = request.query.get('isIsolated')?.toUpperCase() === 'TRUE';
    return tradeList(parts, request, isIsolated ? 'isolated' : 'cross');
  };
}

function tradeList(parts: SimParts, request: SimRequest, kind: FillKind): SimAnswer {
  const { state } = parts;
  const signer = signerOf(request, state);
  const { nowMs } = request;
  const market = state.market(mandatory(request, 'symbol'), 'spot', nowMs);
  if (market === undefined) throw invalidSymbol();
  const fromMs = optionalLong(request, 'startTime');
  const toMs = optionalLong(request, 'endTime');
  const fromId = optionalLong(request, 'fromId');
  const limit = parts.pageSize(rowLimit(request, { standard: 500, max: 1_000, isRefusedAbove: false }));
  if (fromId !== null && (fromMs !== null || toMs !== null)) throw badCombination();
  if (fromMs !== null && toMs !== null && toMs - fromMs > DAY_MS) {
    throw binanceRefusal(-1127, 'More than 24 hours between startTime and endTime.');
  }
  const fills = ascending(
    state
      .fills(signer.account, {
        nowMs,
        kinds: [kind],
        market,
        fromMs: fromMs ?? -Infinity,
        toMs: toMs ?? Infinity,
      })
      .filter(({ id, cause }) => cause !== 'funding' && (fromId === null || Number(id) >= fromId)),
  );
  const isFromTheFirst = fromId !== null || fromMs !== null;
  const page = isFromTheFirst ? fills.slice(0, limit) : fills.slice(-limit);
  return { status: 200, body: page.map((fill) => tradeRow(fill, kind, nowMs)) };
}

/** In the order of ids. */
export function ascending(fills: readonly SimFill[]): readonly SimFill[] {
  return fills.toSorted((a, b) => Number(a.id) - Number(b.id));
}

/** rest-api.md, Account trade list, example; margin adds `isIsolated`. That a row names another owner is unverified. */
function tradeRow(fill: SimFill, kind: FillKind, nowMs: number): unknown {
  const { market, id, orderId, price, amount, side, atMs, owner } = fill;
  // A row has one commission: further fees of a scenario cannot be shown.
  const fee = fill.fees[0] ?? { asset: market.quote, amount: '0' };
  return {
    symbol: listedId(market, nowMs),
    id: idNumber(id),
    orderId: idNumber(orderId),
    ...(kind === 'spot' ? { orderListId: -1 } : { isIsolated: kind === 'isolated' }),
    price: padded(price),
    qty: padded(amount),
    quoteQty: eightDigits(costOf(fill)),
    commission: padded(fee.amount),
    commissionAsset: fee.asset,
    time: atMs,
    isBuyer: side === 'buy',
    isMaker: false,
    isBestMatch: true,
    ...(owner === null ? {} : { accountId: idNumber(owner) }),
  };
}

/** wallet, Account, Get API Key Permission. `tradingAuthorityExpirationTime` stands there only if it is set (unverified). */
export function apiRestrictions({ state }: SimParts): (request: SimRequest) => SimAnswer {
  return (request) => {
    const { key } = signerOf(request, state);
    return {
      status: 200,
      body: {
        ipRestrict: key.isIpBound,
        createTime: 1_623_840_271_000,
        enableReading: true,
        enableWithdrawals: key.canWithdraw,
        enableInternalTransfer: false,
        enableMargin: key.canTrade,
        enableFutures: key.canTrade,
        permitsUniversalTransfer: false,
        enableVanillaOptions: false,
        enableFixApiTrade: false,
        enableFixReadOnly: true,
        enableSpotAndMarginTrading: key.canTrade,
        enablePortfolioMarginTrading: false,
        ...(key.expiresAtMs === Infinity ? {} : { tradingAuthorityExpirationTime: key.expiresAtMs }),
      },
    };
  };
}

/** margin_trading, Query Cross Margin Account Details. */
export function crossAccount({ state }: SimParts): (request: SimRequest) => SimAnswer {
  return (request) => {
    const signer = signerOf(request, state);
    const balances = balancesOf(signer.account, request.nowMs, 'cross');
    return {
      status: 200,
      body: {
        created: true,
        borrowEnabled: true,
        marginLevel: '999.00000000',
        totalAssetOfBtc: '0.00000000',
        totalLiabilityOfBtc: '0.00000000',
        totalNetAssetOfBtc: '0.00000000',
        tradeEnabled: true,
        transferInEnabled: true,
        transferOutEnabled: true,
        accountType: 'MARGIN_1',
        userAssets: [...balances].map(([asset, amount]) => marginAsset(asset, amount)),
      },
    };
  };
}

/** margin_trading, Query Isolated Margin Account Info: all symbols, or those of `symbols`, comma-separated. */
export function isolatedAccount({ state }: SimParts): (request: SimRequest) => SimAnswer {
  return (request) => {
    const signer = signerOf(request, state);
    const { nowMs } = request;
    const wanted = request.query.get('symbols')?.split(',');
    const assets = isolatedMarkets(signer)
      .filter((market) => wanted === undefined || wanted.includes(listedId(market, nowMs)))
      .map((market) => isolatedRow(signer, market, nowMs));
    return {
      status: 200,
      body: { assets, totalAssetOfBtc: '0', totalLiabilityOfBtc: '0', totalNetAssetOfBtc: '0' },
    };
  };
}

function isolatedMarkets(signer: Signer): readonly SimMarket[] {
  const fills = signer.account.fills.filter(({ kind }) => kind === 'isolated');
  return [...new Set(fills.map(({ market }) => market))];
}

function isolatedRow(signer: Signer, market: SimMarket, nowMs: number): unknown {
  const balances = balancesOf(signer.account, nowMs, 'isolated', market);
  const side = (asset: string) => ({
    ...marginAsset(asset, balances.get(asset) ?? ZERO),
    borrowEnabled: true,
    repayEnabled: true,
    netAssetOfBtc: '0.00000000',
    totalAsset: eightDigits(balances.get(asset) ?? ZERO),
  });
  return {
    symbol: listedId(market, nowMs),
    isolatedCreated: true,
    enabled: true,
    marginLevel: '999.00000000',
    marginLevelStatus: 'EXCESSIVE',
    marginRatio: '5.00000000',
    indexPrice: '0.00000000',
    liquidatePrice: '0.00000000',
    liquidateRate: '0.00000000',
    tradeEnabled: true,
    baseAsset: side(listedBase(market, nowMs)),
    quoteAsset: side(market.quote),
  };
}

/** What is below zero is borrowed. */
function marginAsset(asset: string, amount: SimDecimal): Readonly<Record<string, string>> {
  const isBorrowed = signOf(amount) < 0;
  return {
    asset,
    borrowed: eightDigits(isBorrowed ? negative(amount) : ZERO),
    free: eightDigits(isBorrowed ? ZERO : amount),
    interest: '0.00000000',
    locked: '0.00000000',
    netAsset: eightDigits(amount),
  };
}
