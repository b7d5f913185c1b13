// Failure stories about what an account holds: coins that came and went, conversions, positions without fills, renamed
// markets. Each runs against the exchange's simulated server.

import { afterEach, expect, it } from 'vitest';
import type { FillInput, MarketInput } from '../../../../src/trades/simulator/scenario.ts';
import { type AccountStage, BEGIN_MS, HOUR, startStage } from './account-stage.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const TEN = BEGIN_MS - HOUR / 2;
const MINUTE = 60_000;
const spot = (base: string, quote = 'USDT'): MarketInput => ({
  id: `${base}${quote}`,
  base,
  quote,
  kind: 'spot',
});

/** Polls each minute. */
async function pollFor(stage: AccountStage, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    stage.pass(MINUTE);
    await stage.poll();
  }
}

// ccxt#4228, #1120, #10781, rotki#6283: a symbol must be named, and users miss whole markets.
it('binance - a coin that came and went between two looks at the balances is found by what it cost, and until then the summary says that markets were not searched', async () => {
  const coins = Array.from({ length: 90 }, (_, index) => `C${String(index).padStart(2, '0')}`);
  // Among the last that a search comes to.
  const market = 'C88USDT';
  const at = TEN + HOUR - 60_000;
  const fills: FillInput[] = [
    { at, market, side: 'buy', price: '10', amount: '3', fee: '0.01', feeAsset: 'USDT' },
    { at: at + 1, market, side: 'sell', price: '11', amount: '3', fee: '0.01', feeAsset: 'USDT' },
    { at: TEN + MINUTE, market: 'BTCUSDT', side: 'buy', price: '1', amount: '1', fee: '0' },
  ];
  const stage = await startStage('binance', fills, ends, {
    scenario: { markets: [...coins.map((coin) => spot(coin)), spot('BTC')] },
  });
  await stage.poll();
  stage.pass(HOUR / 2 + 130_000);
  await stage.poll();
  expect(stage.summaries).toMatchObject([{ totals: { trades: 1 } }]);
  const [first] = stage.summaries;
  expect(first?.metadata?.unpolled_markets).toBeGreaterThan(0);
  expect(stage.book.unpolledMarkets).toBeGreaterThan(0);
  await pollFor(stage, 10);
  expect(stage.book.unpolledMarkets).toBe(0);
  const correction = stage.summaries.at(-1);
  expect(correction).toMatchObject({
    period_start: first?.period_start,
    totals: { trades: 3, volume_quote: 64, fees_usd: 0.02 },
  });
  expect(correction?.metadata?.unpolled_markets).toBeUndefined();
});

// ccxt#4887, dali-rp2#45, #179: dust and converted coins are not in the list of trades.
it.each(['conversion', 'dust'] as const)(
  'binance - the sell of a coin that came by %s has no lot, and no profit is invented',
  async (cause) => {
    const movement = { at: TEN + 60_000, asset: 'BNB', amount: '1', cause } as const;
    const sell = {
      at: TEN + 120_000,
      market: 'BNBUSDT',
      side: 'sell',
      price: '600',
      amount: '1',
      fee: '0.6',
      feeAsset: 'USDT',
    } as const;
    const stage = await startStage('binance', [], ends, {
      scenario: {
        accounts: [
          { name: 'a', userId: '7', balances: { USDT: '1000' }, movements: [movement], fills: [sell] },
        ],
      },
    });
    const { hourly_buckets, metadata } = await stage.pollHour();
    expect(hourly_buckets).toMatchObject([{ trades: 1, return_pct: 0, volume_quote: 600, fees_usd: 0.6 }]);
    expect(metadata?.unmatched_sells).toEqual({ count: 1, volume_quote: 600 });
    expect(stage.book.summary()).toMatchObject({ totalReturnUsd: 0, totalReturnPct: 0 });
  },
);

// ccxt#21186, #12035: portfolio margin has other addresses: the classic list is empty, and there is no error.
it('binance futures - positions that move while the list of fills stays empty make the account incomplete', async () => {
  const hidden = { visibleAt: BEGIN_MS + 1000 * HOUR };
  const fill = {
    market: 'BTCUSDT',
    kind: 'linear',
    side: 'buy',
    price: '100',
    amount: '1',
    fee: '0',
  } as const;
  const stage = await startStage(
    'binance',
    [
      { ...fill, market: 'ETHUSDT', at: TEN + MINUTE },
      { ...fill, ...hidden, at: BEGIN_MS + 5 * MINUTE },
    ],
    ends,
    { accountType: 'futures' },
  );
  await stage.poll();
  expect(stage.book.unpolledMarkets).toBe(0);
  await pollFor(stage, 10);
  expect(stage.book.coverage.isIncomplete).toBe(true);
  stage.pass(HOUR);
  await stage.poll();
  expect(stage.summaries[0]?.metadata?.unpolled_markets).toBeGreaterThan(0);
});

// BittyTax#289, ccxt#3639: LUNA became LUNC, and another coin took the old ticker.
it.each([
  ['under another name of the exchange', 'LUNA2USDT', 0],
  ['under the same name of the exchange, some minutes later', 'LUNAUSDT', 8],
] as const)(
  'binance - a coin that is renamed between buy and sell, whose ticker another coin takes %s, makes no profit against the wrong lot',
  async (_, newId, minutesLater) => {
    const renameAt = BEGIN_MS + 5 * MINUTE;
    const listedAt = renameAt + minutesLater * MINUTE;
    const old = spot('LUNC');
    const markets: MarketInput[] = [
      { ...old, renamedFrom: { id: 'LUNAUSDT', base: 'LUNA', at: renameAt } },
      { ...spot('LUNA'), id: newId, listedAt },
      spot('BTC'),
    ];
    const fee = { fee: '0', feeAsset: 'USDT' };
    const stage = await startStage(
      'binance',
      [
        // The old coin is bought dear, and sold for nearly nothing.
        { at: TEN + MINUTE, market: old.id, side: 'buy', price: '80', amount: '1', ...fee },
        { at: renameAt + 3 * MINUTE, market: old.id, side: 'sell', price: '0.0001', amount: '1', ...fee },
        // The new coin of the old ticker.
        { at: listedAt + 4 * MINUTE, market: newId, side: 'buy', price: '5', amount: '2', ...fee },
        { at: listedAt + 6 * MINUTE, market: newId, side: 'sell', price: '6', amount: '2', ...fee },
      ],
      ends,
      { scenario: { markets } },
    );
    await stage.poll();
    await pollFor(stage, 25);
    stage.pass(HOUR);
    await stage.poll();
    const [summary] = stage.summaries;
    expect(summary?.totals).toMatchObject({ trades: 4 });
    expect(summary?.hourly_buckets).toMatchObject([{ return_pct: 20 }]);
    expect(summary?.metadata?.unmatched_sells).toEqual({ count: 1, volume_quote: 0.0001 });
  },
);
