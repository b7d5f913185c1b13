// Trades by chance, of a few markets of every kind, within three hours.

import fc from 'fast-check';
import type { Market, Trade } from '../../../src/trades/domain/trade.ts';
import { fee, HOUR, LINEAR, SPOT, TEN_O_CLOCK_MS, tradeOf } from './fills.ts';

export const CONTRACTS: Market = { ...LINEAR, symbol: 'DOGE/USDT:USDT', base: 'DOGE', contractSize: '100' };
export const INVERSE: Market = {
  symbol: 'BTC/USD:BTC',
  kind: 'inverse',
  base: 'BTC',
  quote: 'USD',
  settle: 'BTC',
  contractSize: '100',
  isAssumedUsd: false,
};
const CROSS: Market = { ...SPOT, symbol: 'ETH/BTC', base: 'ETH', quote: 'BTC', settle: 'BTC' };

const amounts = fc.oneof(
  fc.constantFrom('1', '2', '0.5', '3'),
  fc.integer({ min: 1, max: 10 ** 9 }).map((units) => `${units}e-8`),
);
const prices = fc.oneof(
  fc.constantFrom('100', '110', '0.03881'),
  fc.integer({ min: 1, max: 10 ** 9 }).map((cents) => (cents / 100).toFixed(2)),
);
const fees = fc.array(
  fc.record({
    asset: fc.constantFrom('USDT', 'USDT', 'BNB', 'BTC'),
    amount: fc.constantFrom('1', '0.03', '-0.02', '0.00000001', '0'),
  }),
  { maxLength: 2 },
);

/** Trades with ids of their own, in any order. */
export function arbitraryTrades(
  markets: readonly Market[] = [SPOT, LINEAR, CONTRACTS, INVERSE, CROSS],
): fc.Arbitrary<readonly Trade[]> {
  const trade = fc
    .record({
      market: fc.constantFrom(...markets),
      side: fc.constantFrom('buy', 'sell'),
      price: prices,
      amount: amounts,
      afterMs: fc.oneof(fc.integer({ min: 0, max: 3 * HOUR - 1 }), fc.constantFrom(0, HOUR - 1, HOUR)),
      fees,
      position: fc.constantFrom(null, null, 'long', 'short'),
    } as const)
    .map(({ afterMs, position, ...some }) =>
      tradeOf({
        ...some,
        timestampMs: TEN_O_CLOCK_MS + afterMs,
        position: some.market.kind === 'spot' ? null : position,
      }),
    );
  return fc
    .array(trade, { maxLength: 25 })
    .map((trades) => trades.map((some, index) => ({ ...some, id: String(index) })));
}

/** The fee of each fill in the quote only. */
export function withQuoteFees(trades: readonly Trade[]): readonly Trade[] {
  return trades.map((trade) => ({
    ...trade,
    fees: trade.fees.map(({ amount }) => fee(amount, trade.market.quote)),
  }));
}
