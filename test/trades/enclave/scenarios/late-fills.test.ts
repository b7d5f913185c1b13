// Failure stories about fills that the exchange shows late, each against its simulated server.

import { afterEach, expect, it } from 'vitest';
import type { ExchangeName, FillInput } from '../../../../src/trades/simulator/scenario.ts';
import { type AccountStage, BEGIN_MS, HOUR, startStage } from './account-stage.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const ELEVEN = BEGIN_MS + HOUR / 2;
const EXCHANGES = [
  ['binance', 'BTCUSDT', 'spot'],
  ['bybit', 'BTCUSDT', 'spot'],
  ['kraken', 'XXBTZUSD', 'spot'],
  ['binance', 'BTCUSDT', 'futures'],
  ['bybit', 'BTCUSDT', 'futures'],
] as const;

/** A fill long before, so that the market is known, and one of the last moment of the hour, which is shown later. */
async function stageWith(
  [exchange, market, accountType]: readonly [ExchangeName, string, 'spot' | 'futures'],
  visibleAt: number,
): Promise<AccountStage> {
  const kind = accountType === 'futures' ? ('linear' as const) : ('spot' as const);
  const fill = { market, kind, side: 'buy', price: '100', amount: '1' } as const;
  const fills: FillInput[] = [
    { ...fill, at: BEGIN_MS - 60_000 },
    { ...fill, at: ELEVEN - 100, visibleAt },
  ];
  const stage = await startStage(exchange, fills, ends, { accountType });
  await stage.poll();
  // A minute apart, as a real account.
  while (stage.venue.nowMs() < ELEVEN + 3 * 60_000) {
    stage.pass(60_000);
    await stage.poll();
  }
  return stage;
}

// ccxt#23830, bbgo#1878: the history shows fills late.
it.each(EXCHANGES)('%s %s %s - a fill that shows up within the grace is in its hour', async (...where) => {
  const stage = await stageWith(where, ELEVEN + 90_000);
  expect(stage.summaries).toMatchObject([
    { period_start: '2025-01-01T10:00:00.000Z', totals: { trades: 2 }, metadata: { seq: 1 } },
  ]);
  stage.pass(HOUR);
  await stage.poll();
  expect(stage.summaries.filter(({ metadata }) => metadata?.revises !== undefined)).toEqual([]);
});

it.each(EXCHANGES.flatMap((where) => [270_000, 1_200_000].map((lateMs) => [...where, lateMs] as const)))(
  '%s %s %s - a fill that shows up after the grace makes one correction of its hour, and is counted nowhere else (%s ms)',
  async (exchange, market, accountType, lateMs) => {
    const stage = await stageWith([exchange, market, accountType], ELEVEN + lateMs);
    expect(stage.summaries).toMatchObject([{ totals: { trades: 1 } }]);
    for (let minute = 0; minute < 70; minute++) {
      stage.pass(60_000);
      await stage.poll();
    }
    const [first, ...later] = stage.summaries;
    const corrections = later.filter(({ metadata }) => metadata?.revises !== undefined);
    expect(corrections).toMatchObject([
      { period_start: first?.period_start, period_end: first?.period_end, totals: { trades: 2 } },
    ]);
    expect(corrections[0]?.hourly_buckets).toMatchObject([{ trades: 2, volume_quote: 200 }]);
    expect(
      later.filter((summary) => !corrections.includes(summary)).flatMap(({ totals }) => totals.trades),
    ).toEqual([]);
  },
);

it.each(EXCHANGES)(
  '%s %s %s - a fill that shows up after a later one is in its hour all the same',
  async (exchange, market, accountType) => {
    const kind = accountType === 'futures' ? ('linear' as const) : ('spot' as const);
    const fill = { market, kind, side: 'buy', price: '100', amount: '1' } as const;
    const fills: FillInput[] = [
      { ...fill, at: BEGIN_MS - 60_000 },
      { ...fill, at: ELEVEN - 100, visibleAt: ELEVEN + 90_000 },
      { ...fill, at: ELEVEN + 10_000, amount: '2' },
    ];
    const stage = await startStage(exchange, fills, ends, { accountType });
    for (let minute = 0; minute < 100; minute++) {
      await stage.poll();
      stage.pass(60_000);
    }
    expect(
      stage.summaries.map(({ totals, metadata }) => [
        totals.trades,
        totals.volume_base,
        metadata?.unpolled_markets,
      ]),
    ).toEqual([
      [2, 2, undefined],
      [1, 2, undefined],
    ]);
  },
);
