// Trades for tests, written as in the table of docs/trades.md: `buy 2@100 f2`.

import { jobMarket } from '../../../src/trades/domain/market.ts';
import type { Fee, Market, Trade } from '../../../src/trades/domain/trade.ts';

/** 2025-01-01T10:00:00.000Z. */
export const TEN_O_CLOCK_MS = Date.parse('2025-01-01T10:00:00.000Z');
export const HOUR = 3_600_000;

export function marketOf(symbol: string): Market {
  const market = jobMarket(symbol);
  if (market === null) throw new Error('an inverse contract');
  return market;
}

export const SPOT = marketOf('BTC/USDT');
export const LINEAR = marketOf('BTC/USDT:USDT');

/** A trade at ten o'clock of one unit at 100. */
export function tradeOf(some: Partial<Trade> = {}): Trade {
  return {
    market: SPOT,
    side: 'buy',
    price: '100',
    amount: '1',
    timestampMs: TEN_O_CLOCK_MS,
    id: null,
    fees: [],
    position: null,
    ...some,
  };
}

export const fee = (amount: string, asset = 'USDT'): Fee => ({ asset, amount });

/** The fills of a text, a second apart: `buy 2@100 f2; sell 1@110`. */
export function fills(text: string, some: Partial<Trade> = {}): readonly Trade[] {
  return text.split(/;\s*/).map((fill, index) => {
    const [, side = '', amount = '', price = '', paid] =
      /^(buy|sell) ([\d.]+)@([\d.]+)(?: f(-?[\d.]+))?$/.exec(fill) ?? [];
    if (side !== 'buy' && side !== 'sell') throw new Error(`not a fill: ${fill}`);
    return tradeOf({
      side,
      amount,
      price,
      timestampMs: TEN_O_CLOCK_MS + index * 1000,
      fees: paid === undefined ? [] : [fee(paid)],
      ...some,
    });
  });
}
