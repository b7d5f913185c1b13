// Failure stories about amounts, each against the exchange's simulated server: inverse contracts, exact sums, costs that
// the exchange rounds away.

import { afterEach, expect, it } from 'vitest';
import type { FillInput } from '../../../../src/trades/simulator/scenario.ts';
import { BEGIN_MS, HOUR, startStage } from './account-stage.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const AT = BEGIN_MS - HOUR / 2 + 60_000;

// ccxt#6866, #10479, #10711: amount and cost of inverse contracts were swapped.
it.each([
  ['binance', 'BTCUSD_PERP', '10'],
  // One contract is one dollar there.
  ['bybit', 'BTCUSD', '1000'],
] as const)(
  '%s - an inverse contract counts its dollars, and its profit by the price at the close',
  async (exchange, market, amount) => {
    const fill = { market, kind: 'inverse', amount } as const;
    const stage = await startStage(
      exchange,
      [
        { ...fill, at: AT, side: 'buy', price: '50000' },
        { ...fill, at: AT + 1, side: 'sell', price: '55000' },
      ],
      ends,
      { accountType: 'futures', scenario: { candles: { 'BTC/USDT': { '*': '55000' } } } },
    );
    expect((await stage.pollHour()).hourly_buckets).toMatchObject([
      { return_pct: 10, volume_quote: 2000, volume_base: 0.03818182 },
    ]);
    expect(stage.book.summary()).toMatchObject({ totalReturnUsd: 100, totalVolume: 2000 });
  },
);

// ccxt#10459, #4673: an amount of 284578000.00000004 became one of …06.
it.each([
  ['binance', 'BTCUSDT'],
  ['bybit', 'BTCUSDT'],
  ['kraken', 'XXBTZUSD'],
] as const)(
  '%s - an amount that a double cannot hold is sold to its last digit, and no further',
  async (exchange, market) => {
    const fills = (
      [
        ['buy', '284578000.00000004', '1'],
        ['sell', '284578000', '1'],
        ['sell', '0.00000004', '1'],
        ['sell', '0.00000001', '1000000'],
      ] as const
    ).map(
      ([side, amount, price], index): FillInput => ({
        at: AT + index,
        market,
        side,
        price,
        amount,
        fee: '0',
      }),
    );
    const stage = await startStage(exchange, fills, ends);
    const { totals, metadata } = await stage.pollHour();
    expect(totals.trades).toBe(4);
    expect(metadata?.unmatched_sells).toEqual({ count: 1, volume_quote: 0.01 });
  },
);

// rotki#13038: the exchange rounded the cost of a fill to zero.
it('kraken - a fill whose cost is zero on the page counts with price times size', async () => {
  const stage = await startStage(
    'kraken',
    [{ at: AT, market: 'XXBTZUSD', side: 'buy', price: '0.000001', amount: '0.4' }],
    ends,
  );
  expect(stage.sim.fills('a')).toHaveLength(1);
  expect((await stage.pollHour()).totals).toMatchObject({ trades: 1, volume_quote: 4e-7, volume_base: 0.4 });
});
