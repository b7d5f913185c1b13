// Failure stories about paging, each against the exchange's simulated server: fills of one instant, windows, limits that
// move, mixed lists, repeated pages.

import { afterEach, expect, it } from 'vitest';
import type { FillInput } from '../../../../src/trades/simulator/scenario.ts';
import { BEGIN_MS, DAY, HOUR, startStage } from './account-stage.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const TEN = BEGIN_MS - HOUR / 2;
/** Id of a market of dollars. */
const MARKET = { binance: 'BTCUSDT', bybit: 'BTCUSDT', kraken: 'XXBTZUSD' } as const;

function buy(market: string, at: number, more: Partial<FillInput> = {}): FillInput {
  return { at, market, side: 'buy', price: '100', amount: '1', ...more };
}

// ccxt#9409, #23501, #15827: paging by time skips fills of one instant.
it.each(['binance', 'bybit', 'kraken'] as const)(
  '%s: seven fills, two a page, pairs of one millisecond at the edges of pages, count seven times',
  async (exchange) => {
    const offsets = [0, 1, 1, 2, 3, 3, 4];
    const stage = await startStage(
      exchange,
      offsets.map((offset) => buy(MARKET[exchange], TEN + 60_000 + offset)),
      ends,
      { scenario: { pageSizeMax: 2 } },
    );
    expect((await stage.pollHour()).totals).toMatchObject({ trades: 7, volume_base: 7, volume_quote: 700 });
    expect(stage.sim.counts().overlaps).toEqual({});
  },
);

// ccxt#22349, rotki PR#9388: windows of seven days, two years back, and the limit moves while one pages.
it('bybit: two years are read oldest first while the limit moves, and nothing is refused', async () => {
  const since = BEGIN_MS - 730 * DAY;
  const days = [0.25, 6.9, 7.1, 100, 365, 729.9];
  const stage = await startStage(
    'bybit',
    days.map((day) => buy('BTCUSDT', Math.floor(since + day * DAY))),
    ends,
    { sinceMs: since, callMs: 60_000 },
  );
  await stage.poll();
  const requests = stage.sim.requests().filter(({ path }) => path === '/v5/execution/list');
  expect(requests.every(({ code }) => code === null)).toBe(true);
  // A window of seven days has six new ones: a thorough read looks a day back.
  expect(requests.length).toBeGreaterThanOrEqual(122);
  expect(requests.length).toBeLessThanOrEqual(130);
  const starts = requests.map(({ query }) => Number(new URLSearchParams(query).get('startTime')));
  const backMs = starts.map((start, index) => Math.max(...starts.slice(0, index + 1)) - start);
  expect(Math.max(...backMs)).toBeLessThanOrEqual(DAY + HOUR);
  stage.pass(2 * HOUR);
  await stage.poll();
  expect(stage.summaries.reduce((sum, { totals }) => sum + totals.trades, 0)).toBe(days.length);
});

// ccxt#21801, #28181: the list has funding in it; ccxt alone asks for trades only.
it('bybit: liquidation, auto-deleveraging and settlement are fills, funding is not', async () => {
  const causes = ['trade', 'funding', 'liquidation', 'adl', 'settle'] as const;
  for (const [market, symbol] of [
    ['BTCUSDT', 'linear'],
    ['BTCUSD', 'inverse'],
  ] as const) {
    const stage = await startStage(
      'bybit',
      causes.map((cause, index) => buy(market, TEN + 1_000 + index, { cause, kind: symbol, fee: '0.1' })),
      ends,
      { accountType: 'futures', scenario: { candles: { 'BTC/USDT': { '*': '100' } } } },
    );
    expect((await stage.pollHour()).totals).toMatchObject({ trades: 4 });
  }
});

// rotki#10979, #10997: rows that repeat are one fill if their ids are equal, and two if they are not.
it.each(['binance', 'bybit', 'kraken'] as const)(
  '%s: equal fills with ids of their own all count, and a page that comes twice counts once',
  async (exchange) => {
    const equal = buy(MARKET[exchange], TEN + 60_000);
    const stage = await startStage(exchange, [equal, equal, equal], ends);
    await stage.poll();
    const span = { fromMs: TEN, toMs: stage.venue.nowMs(), isThorough: true };
    await stage.read(span);
    await stage.read(span);
    expect((await stage.pollHour()).totals).toMatchObject({ trades: 3, volume_base: 3 });
  },
);

// ccxt#16986, #21103, #14513: no window may be longer than seven days.
it('binance futures: thirty days are read in windows of seven, and all fills count', async () => {
  const since = BEGIN_MS - 30 * DAY;
  const days = [0.5, 8, 15, 22, 29.9];
  const stage = await startStage(
    'binance',
    days.map((day) => buy('BTCUSDT', Math.floor(since + day * DAY), { kind: 'linear' })),
    ends,
    { accountType: 'futures', sinceMs: since },
  );
  await stage.poll();
  const requests = stage.sim.requests().filter(({ path }) => path === '/fapi/v1/userTrades');
  const windows = requests.flatMap(({ query }) => {
    const parameters = new URLSearchParams(query);
    const start = Number(parameters.get('startTime'));
    return start === 0 ? [] : [{ start, length: Number(parameters.get('endTime')) - start }];
  });
  expect(Math.max(...windows.map(({ length }) => length))).toBeLessThanOrEqual(7 * DAY);
  // Each week is asked for again behind its last fill. The fifth, which is recent, goes on from an id.
  expect(new Set(windows.map(({ start }) => Math.floor((start - since) / (7 * DAY)))).size).toBe(4);
  expect(requests.length).toBeLessThanOrEqual(24);
  expect(stage.sim.requests().every(({ code }) => code === null)).toBe(true);
  stage.pass(2 * HOUR);
  await stage.poll();
  expect(stage.summaries.reduce((sum, { totals }) => sum + totals.trades, 0)).toBe(days.length);
});
