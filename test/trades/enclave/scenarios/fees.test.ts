// Failure stories about fees, each against the exchange's simulated server: signs, assets, several fees of one fill.

import { afterEach, expect, it } from 'vitest';
import type { FillInput } from '../../../../src/trades/simulator/scenario.ts';
import { BEGIN_MS, HOUR, startStage } from './account-stage.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const TEN = BEGIN_MS - HOUR / 2;
/** A market of dollars, and what its fees are paid in. */
const EXCHANGES = [
  ['binance', 'BTCUSDT', 'USDT'],
  ['bybit', 'BTCUSDT', 'USDT'],
  ['kraken', 'XXBTZUSD', 'USD'],
] as const;

/** Bought at 100 and sold at 110. */
function round(market: string, at: number, more: Partial<FillInput>): readonly FillInput[] {
  const fill = { market, amount: '1', ...more };
  return [
    { ...fill, at, side: 'buy', price: '100' },
    { ...fill, at: at + 1, side: 'sell', price: '110' },
  ];
}

// hummingbot#8099, #3021: fees were subtracted twice.
it.each(EXCHANGES)(
  '%s - fees are subtracted from the profit once: 8, and not 6',
  async (exchange, market, feeAsset) => {
    const stage = await startStage(exchange, round(market, TEN + 60_000, { fee: '1', feeAsset }), ends);
    const summary = await stage.pollHour();
    expect(summary.hourly_buckets).toMatchObject([{ return_pct: 8, volume_quote: 210, fees_usd: 2 }]);
    expect(stage.book.summary()).toMatchObject({ totalReturnUsd: 8, totalFees: 2 });
  },
);

// hummingbot#3202, #2710, #6964: no price for the asset of the fee, and the profit was wrong or absent.
it('binance - a fee in BNB in an hour that has no candle is unconverted, and those of the next hour are converted', async () => {
  const fee = { fee: '0.001', feeAsset: 'BNB' };
  const stage = await startStage(
    'binance',
    [...round('BTCUSDT', TEN + 60_000, fee), ...round('BTCUSDT', TEN + HOUR + 60_000, fee)],
    ends,
    { scenario: { candles: { 'BNB/USDT': { '2025-01-01T10:00:00.000Z': 404, '*': '600' } } } },
  );
  await stage.pollHour();
  stage.pass(HOUR);
  await stage.poll();
  expect(
    stage.summaries.map(({ hourly_buckets: [bucket], metadata }) => ({
      return_pct: bucket?.return_pct,
      fees_usd: bucket?.fees_usd,
      unconverted: metadata?.unconverted,
    })),
  ).toEqual([
    { return_pct: 10, fees_usd: 0, unconverted: { BNB: { volume: 0, fees: 0.002, profit: -0.002 } } },
    { return_pct: 8.8, fees_usd: 1.2, unconverted: undefined },
  ]);
});

// ccxt#13825: a fill has two fees, and only one of them was read.
it('bybit - of two fees of one fill both count, the points, which have no price, apart', async () => {
  const fees = [
    { asset: 'USDT', amount: '0.03' },
    { asset: 'POINT', amount: '0.01' },
  ];
  const at = TEN + 60_000;
  const stage = await startStage(
    'bybit',
    [{ at, market: 'BTCUSDT', side: 'sell', price: '100', amount: '1', fees }],
    ends,
  );
  const { totals, metadata } = await stage.pollHour();
  expect(totals.fees_usd).toBe(0.03);
  expect(metadata?.unconverted).toEqual({ POINT: { volume: 0, fees: 0.01, profit: 0 } });
});

// hummingbot#7891: costs came as negative numbers, and fees became profit.
it.each(EXCHANGES)(
  '%s - what was paid is a fee, and what the exchange gave back is a rebate',
  async (exchange, market, feeAsset) => {
    const [buy, sell] = round(market, TEN + 60_000, { feeAsset });
    if (buy === undefined || sell === undefined) throw new Error('no fills');
    const stage = await startStage(
      exchange,
      [
        { ...buy, fee: '0.36' },
        { ...sell, fee: '-0.0023' },
      ],
      ends,
    );
    expect((await stage.pollHour()).hourly_buckets).toMatchObject([{ fees_usd: 0.3577, return_pct: 9.6423 }]);
  },
);
