// The wallets in which Binance has spot fills: spot itself, cross margin, and the pairs of isolated margin. It knows how
// balances and fills of each are asked for, and not when.
//
// Source: https://developers.binance.com/docs/margin_trading (account, isolated account, myTrades).

import type { ExchangeCalls } from '../../domain/exchange-calls.ts';
import { exact, ZERO } from '../../domain/amount.ts';
import type { RowsOptions } from './binance-rows.ts';
import { decimalOf, memberOf, rowsOf, textOf } from './answer.ts';
import type { HolderName } from './discovery.ts';
import type { TradeReader } from './trade-reader.ts';

/** One kind of wallet. */
export interface BinanceWallet {
  readonly identity: 'spot' | 'cross' | 'isolated';
  readonly fills: RowsOptions;
  readonly nameOf: HolderName;
  balances(calls: ExchangeCalls, reader: TradeReader): Promise<ReadonlyMap<string, string>>;
}

const byAsset: HolderName = (_, asset) => asset;

/** The spot wallet: 20 of the exchange's request weight per read of its balances. */
export const SPOT_WALLET: BinanceWallet = {
  identity: 'spot',
  fills: { method: 'privateGetMyTrades', parameters: {} },
  nameOf: byAsset,
  async balances(calls) {
    const answer = await calls.call('privateGetAccount', { omitZeroBalances: 'true' });
    return sumsOf(rowsOf(memberOf(answer, 'balances')).map((row) => [nameIn(row), row]));
  },
};

/** The wallet of cross margin. */
export const CROSS_WALLET: BinanceWallet = {
  identity: 'cross',
  fills: { method: 'sapiGetMarginMyTrades', parameters: { isIsolated: 'FALSE' } },
  nameOf: byAsset,
  async balances(calls) {
    const answer = await calls.call('sapiGetMarginAccount', {});
    return sumsOf(rowsOf(memberOf(answer, 'userAssets')).map((row) => [nameIn(row), row]));
  },
};

/** The wallets of isolated margin: each pair has its own two assets. */
export const ISOLATED_WALLET: BinanceWallet = {
  identity: 'isolated',
  fills: { method: 'sapiGetMarginMyTrades', parameters: { isIsolated: 'TRUE' } },
  nameOf: (market, asset) => `${market} ${asset}`,
  async balances(calls, reader) {
    const answer = await calls.call('sapiGetMarginIsolatedAccount', {});
    const held: [string, unknown][] = [];
    for (const pair of rowsOf(memberOf(answer, 'assets'))) {
      const market = await reader.marketById(textOf(memberOf(pair, 'symbol')) ?? '');
      if (market === null) continue;
      for (const side of ['baseAsset', 'quoteAsset']) {
        const row = memberOf(pair, side);
        held.push([`${market.symbol} ${nameIn(row)}`, row]);
      }
    }
    return sumsOf(held);
  },
};

function nameIn(row: unknown): string {
  return textOf(memberOf(row, 'asset')) ?? '';
}

/** Balances by name, without those that are zero. */
function sumsOf(rows: readonly (readonly [string, unknown])[]): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const [name, row] of rows) {
    // Borrowing, and interest that accrues, move nothing by themselves.
    const sum = amountIn(row, 'free').plus(amountIn(row, 'locked')).minus(amountIn(row, 'borrowed'));
    if (sum.sign !== 0) sums.set(name, sum.toText());
  }
  return sums;
}

function amountIn(row: unknown, name: string) {
  const text = decimalOf(memberOf(row, name));
  return text === null ? ZERO : exact(text);
}
