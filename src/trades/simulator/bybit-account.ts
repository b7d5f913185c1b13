// What Bybit says of an account and its key: rights, mode, balances, positions, coins.
// Sources: bybit-exchange.github.io/docs/v5/user/apikey-info, /account/account-info, /account/wallet-balance,
// /position (Get Position Info), /asset/balance/coin-info.

import { balancesOf, type Position, positionsOf } from './account-books.ts';
import { bybitResult, wholeParameter, wrongParameter } from './bybit-answer.ts';
import type { BybitCaller } from './bybit-auth.ts';
import { type AccountState, listedBase, listedId } from './exchange-state.ts';
import { FILL_KINDS } from './scenario.ts';
import { decimal, negative, plus, signOf, type SimDecimal, textOf, times, ZERO } from './sim-decimal.ts';
import type { SimAnswer, SimParts, SimRequest } from './sim-wire.ts';

/** Docs/v5/position: `limit` [1, 200], default 20. */
const POSITIONS_MAX = 200;
const POSITIONS_STANDARD = 20;
const DAY_MS = 86_400_000;

/** Answers `GET /v5/user/query-api`: "Any permission can access this endpoint". */
export function keyInformation({ key, account }: BybitCaller, request: SimRequest): SimAnswer {
  const { canTrade, canWithdraw, isIpBound, expiresAtMs } = key;
  // A key that may only read can have the same permissions as one that may trade: `readOnly` tells them apart.
  const mayActOrRead = canTrade || !canWithdraw;
  const hasEnd = Number.isFinite(expiresAtMs);
  const userId = Number(account.userId);
  return bybitResult(
    request,
    {
      id: '16651472',
      note: 'sim',
      apiKey: key.apiKey,
      readOnly: canTrade || canWithdraw ? 0 : 1,
      secret: '',
      permissions: {
        ContractTrade: mayActOrRead ? ['Order', 'Position'] : [],
        Spot: mayActOrRead ? ['SpotTrade'] : [],
        Wallet: canWithdraw ? ['AccountTransfer', 'SubMemberTransfer', 'Withdraw'] : ['AccountTransfer'],
        Options: [],
        Derivatives: [],
        CopyTrading: [],
        BlockTrade: [],
        Exchange: mayActOrRead ? ['ExchangeHistory'] : [],
        NFT: [],
      },
      ips: isIpBound ? ['127.0.0.1'] : ['*'],
      type: 1,
      // Both are "only for those api key with no IP bound or the password has been changed"; what stands there for
      // others is unverified.
      deadlineDay: hasEnd ? Math.ceil((expiresAtMs - request.nowMs) / DAY_MS) : 0,
      expiredAt: hasEnd ? secondsText(expiresAtMs) : '1970-01-01T00:00:00Z',
      createdAt: '2023-02-15T03:13:24Z',
      unified: 0,
      uta: 1,
      userID: Number.isSafeInteger(userId) ? userId : account.userId,
      inviterID: 0,
      vipLevel: 'No VIP',
      mktMakerLevel: '0',
      affiliateID: 0,
      rsaPublicKey: '',
      isMaster: true,
      parentUid: '0',
      kycLevel: 'LEVEL_DEFAULT',
      kycRegion: '',
    },
    '',
  );
}

function secondsText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Answers `GET /v5/account/info`. Docs/v5/enum, unifiedMarginStatus: 6 is "Unified trading account 2.0 (pro version)". */
export function accountInformation(request: SimRequest): SimAnswer {
  return bybitResult(request, {
    unifiedMarginStatus: 6,
    marginMode: 'REGULAR_MARGIN',
    dcpStatus: 'OFF',
    timeWindow: 10,
    smpGroup: 0,
    isMasterTrader: false,
    spotHedgingStatus: 'OFF',
    updatedTime: '1697078946000',
  });
}

/** Answers `GET /v5/account/wallet-balance`. A unified account has one wallet for everything. */
export function walletBalance(account: AccountState, request: SimRequest): SimAnswer {
  const accountType = request.query.get('accountType');
  if (accountType !== 'UNIFIED') return wrongParameter(request, 'accountType only support UNIFIED');
  const wanted = request.query.get('coin')?.split(',') ?? null;
  const balances = new Map<string, SimDecimal>();
  for (const wallet of FILL_KINDS) {
    for (const [asset, amount] of balancesOf(account, request.nowMs, wallet)) {
      balances.set(asset, plus(balances.get(asset) ?? ZERO, amount));
    }
  }
  // "If not passed, it returns non-zero asset info".
  const coin = [...balances]
    .filter(([asset, amount]) => (wanted === null ? signOf(amount) !== 0 : wanted.includes(asset)))
    .map(([asset, amount]) => coinRow(asset, textOf(amount)));
  return bybitResult(request, { list: [{ accountType, accountLTV: '', totalEquity: '', coin }] });
}

function coinRow(coin: string, amount: string): unknown {
  return {
    coin,
    equity: amount,
    walletBalance: amount,
    locked: '0',
    borrowAmount: '0',
    accruedInterest: '0',
    availableToBorrow: '',
    availableToWithdraw: '',
    totalOrderIM: '0',
    totalPositionIM: '0',
    totalPositionMM: '0',
    unrealisedPnl: '0',
    cumRealisedPnl: '0',
    bonus: '0',
    usdValue: '0',
  };
}

/** Answers `GET /v5/position/list`. */
export function positionList(parts: SimParts, account: AccountState, request: SimRequest): SimAnswer {
  const { query, nowMs } = request;
  const category = query.get('category');
  if (category !== 'linear' && category !== 'inverse') return wrongParameter(request, 'Category is invalid');
  const symbol = query.get('symbol');
  const settleCoin = query.get('settleCoin');
  // "For linear, either symbol or settleCoin is required".
  if (category === 'linear' && symbol === null && settleCoin === null) {
    return wrongParameter(request, 'symbol or settleCoin is required');
  }
  const limit = wholeParameter(query, 'limit', POSITIONS_STANDARD);
  const from = wholeParameter(query, 'cursor', 0);
  if (!(limit >= 1 && limit <= POSITIONS_MAX) || Number.isNaN(from))
    return wrongParameter(request, 'limit is invalid');
  const found = positionsOf(account, parts.state.markets, nowMs).filter(
    ({ market, amount }) =>
      market.kind === category &&
      (symbol === null
        ? signOf(amount) !== 0 && (settleCoin ?? market.settle) === market.settle
        : listedId(market, nowMs) === symbol),
  );
  const end = from + Math.min(limit, parts.pageSize(POSITIONS_MAX));
  const list = found.slice(from, end).map((position) => positionRow(position, nowMs));
  return bybitResult(request, { list, category, nextPageCursor: end < found.length ? String(end) : '' });
}

function positionRow({ market, side, amount, entryPrice }: Position, nowMs: number): unknown {
  const isShort = signOf(amount) < 0;
  const size = times(isShort ? negative(amount) : amount, decimal(market.contractSize));
  return {
    // Docs/v5/enum, positionIdx: one-way, or the buy or the sell side of hedge mode.
    positionIdx: side === null ? 0 : side === 'long' ? 1 : 2,
    riskId: 1,
    riskLimitValue: '150',
    symbol: listedId(market, nowMs),
    side: signOf(amount) === 0 ? '' : isShort ? 'Sell' : 'Buy',
    size: textOf(size),
    avgPrice: textOf(entryPrice),
    positionValue: textOf(times(size, entryPrice)),
    tradeMode: 0,
    positionStatus: 'Normal',
    autoAddMargin: 0,
    leverage: '10',
    positionBalance: '0',
    markPrice: textOf(entryPrice),
    liqPrice: '',
    bustPrice: '',
    unrealisedPnl: '0',
    cumRealisedPnl: '0',
    isReduceOnly: false,
    createdTime: '1676538056258',
    updatedTime: '1697673600012',
    seq: 5_723_621_632,
  };
}

/** Answers `GET /v5/asset/coin/query-info`: the coins of all markets. */
export function coinInformation(parts: SimParts, request: SimRequest): SimAnswer {
  const wanted = request.query.get('coin');
  const coins = new Set(
    parts.state.markets.flatMap((market) => [listedBase(market, request.nowMs), market.quote, market.settle]),
  );
  const rows = [...coins]
    .filter((coin) => wanted === null || wanted === coin)
    .map((coin) => ({ name: coin, coin, remainAmount: '0', chains: [] }));
  return bybitResult(request, { rows }, '');
}
