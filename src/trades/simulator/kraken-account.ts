// What Kraken says of an account and its key: rights, balances, open margin positions.
// Sources: docs.kraken.com Get API Key Info, Get Account Balance, Get Extended Balance, Get Open Positions.

import { balancesOf, costOf } from './account-books.ts';
import { type AccountState, listedId } from './exchange-state.ts';
import { krakenParameters, krakenResult } from './kraken-answer.ts';
import type { KrakenCaller } from './kraken-auth.ts';
import { krakenAssetId } from './kraken-names.ts';
import { krakenTrades } from './kraken-trade-row.ts';
import { decimal, fixedText, negative, plus, signOf, type SimDecimal, textOf, ZERO } from './sim-decimal.ts';
import type { SimAnswer, SimRequest } from './sim-wire.ts';

/**
 * Words of rights. `query-funds`, `withdraw-funds`, `query-open-trades` and `modify-trades` are in the documentation's
 * example; the others are unverified.
 */
const READING = ['query-funds', 'query-open-trades', 'query-closed-trades', 'query-ledger'];
const TRADING = ['modify-trades', 'close-trades'];

/** Answers `POST /0/private/GetApiKeyInfo`: "API Key Permissions Required: None". */
export function apiKeyInformation({ key, account, nonce }: KrakenCaller, { nowMs }: SimRequest): SimAnswer {
  const permissions = [
    ...(key.canRead ? READING : []),
    ...(key.canTrade ? TRADING : []),
    ...(key.canWithdraw ? ['withdraw-funds'] : []),
  ];
  return krakenResult({
    apiKeyName: 'sim',
    apiKey: key.apiKey,
    nonce: String(nonce),
    nonceWindow: 0,
    permissions,
    // The one member that names the account.
    iban: account.userId,
    // "Unix timestamp indicating when key expires, or 0 if no expiration": docs.kraken.com Fast API, Create Key.
    validUntil: Number.isFinite(key.expiresAtMs) ? String(Math.floor(key.expiresAtMs / 1_000)) : '0',
    queryFrom: '0',
    queryTo: '0',
    createdTime: '1772542900',
    modifiedTime: '1772543095',
    // Empty without a restriction, as in the example.
    ipAllowlist: key.isIpBound ? ['127.0.0.1'] : [],
    lastUsed: String(Math.floor(nowMs / 1_000)),
  });
}

/** Spot and margin share one wallet. */
function balances(account: AccountState, nowMs: number): ReadonlyMap<string, SimDecimal> {
  const sums = new Map<string, SimDecimal>();
  for (const wallet of ['spot', 'cross', 'isolated'] as const) {
    for (const [asset, amount] of balancesOf(account, nowMs, wallet)) {
      const id = krakenAssetId(asset);
      sums.set(id, plus(sums.get(id) ?? ZERO, amount));
    }
  }
  return sums;
}

/** Answers `POST /0/private/Balance`. Assets whose balance is 0 are left out (unverified). */
export function balance(account: AccountState, { nowMs }: SimRequest): SimAnswer {
  const rows = [...balances(account, nowMs)].filter(([, amount]) => signOf(amount) !== 0);
  return krakenResult(Object.fromEntries(rows.map(([id, amount]) => [id, textOf(amount)])));
}

/** Answers `POST /0/private/BalanceEx`. */
export function extendedBalance(account: AccountState, { nowMs }: SimRequest): SimAnswer {
  const rows = [...balances(account, nowMs)].filter(([, amount]) => signOf(amount) !== 0);
  return krakenResult(
    Object.fromEntries(rows.map(([id, amount]) => [id, { balance: textOf(amount), hold_trade: '0.0000' }])),
  );
}

/** Answers `POST /0/private/OpenPositions`: by trade, or by market where `consolidation` asks for it. */
export function openPositions(account: AccountState, request: SimRequest): SimAnswer {
  const rows = krakenTrades(account, request.nowMs)
    .filter(({ margin }) => margin?.closed != null && !margin.isPositionClosed)
    .map(({ fill, margin }) => {
      const closed = margin?.closed?.volume ?? ZERO;
      const row = {
        ordertxid: fill.orderId,
        posstatus: 'open',
        pair: listedId(fill.market, request.nowMs),
        time: fill.atMs / 1_000,
        type: fill.side,
        ordertype: 'limit',
        cost: fixedText(costOf(fill), 5),
        fee: '0',
        vol: fixedText(decimal(fill.amount), 8),
        vol_closed: fixedText(closed, 8),
        margin: '0',
        terms: '0.0200% per 4 hours',
        rollovertm: '0',
        misc: '',
        oflags: '',
      };
      return { id: fill.id, row, open: plus(decimal(fill.amount), negative(closed)) };
    });
  if (krakenParameters(request).get('consolidation') !== 'market') {
    return krakenResult(Object.fromEntries(rows.map(({ id, row }) => [id, row])));
  }
  const markets = [...new Set(rows.map(({ row }) => row.pair))];
  return krakenResult(
    markets.map((pair) => {
      const own = rows.filter(({ row }) => row.pair === pair);
      const volume = own.reduce((sum, { open }) => plus(sum, open), ZERO);
      const type = own[0]?.row.type ?? 'buy';
      const vol = fixedText(volume, 8);
      return {
        pair,
        positions: String(own.length),
        type,
        leverage: '5.00000',
        cost: '0',
        fee: '0',
        vol,
        vol_closed: '0',
        margin: '0',
      };
    }),
  );
}
