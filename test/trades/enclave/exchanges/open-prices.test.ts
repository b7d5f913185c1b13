// Prices of an hour's open, and the parts of a venue that time changes: clock, table, locks, paces.

import { expect, it } from 'vitest';
import { ExchangeClock } from '../../../../src/trades/enclave/exchanges/exchange-clock.ts';
import { COUNTERS_MAX, KeyLocks, keyName } from '../../../../src/trades/enclave/exchanges/key-locks.ts';
import type { Instance } from '../../../../src/trades/enclave/exchanges/instance.ts';
import { KeyPaces, PACES_MAX } from '../../../../src/trades/enclave/exchanges/key-paces.ts';
import { OpenPrices, PRICES_MAX } from '../../../../src/trades/enclave/exchanges/open-prices.ts';
import { ManualTime } from '../../../support/manual-time.ts';
import { tinyBinance, tinyKraken } from './tiny-exchanges.ts';
import { A, venuesOf } from './venues-under-test.ts';

const HOUR_MS = 3_600_000;
const TEN_MS = Date.UTC(2026, 0, 15, 10);

const settle = async () => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

const candle = (beginMs: number, open: string) => [
  beginMs,
  open,
  '9999',
  '1',
  '610',
  '12',
  beginMs + HOUR_MS - 1,
  '7000',
  9,
  '6',
  '3500',
  '0',
];

it('price - the open of the hour as text, asked for once; null without a market or a candle', async () => {
  const binance = await tinyBinance(Date.now);
  binance.on('/api/v3/klines', ({ path }) => {
    const query = new URLSearchParams(path.split('?')[1]);
    expect(query.get('interval')).toBe('1h');
    return {
      body:
        query.get('startTime') === String(TEN_MS)
          ? [candle(TEN_MS, '612.34000000'), candle(TEN_MS + HOUR_MS, '7')]
          : [],
    };
  });
  const venue = venuesOf({ binance }).venue('binance', false);
  const opens = await Promise.all([
    venue.openPrice('BNB', TEN_MS),
    venue.openPrice('BNB', TEN_MS + 1_234_567),
    venue.openPrice('NOTHING', TEN_MS),
    venue.openPrice('BNB', TEN_MS + 5 * HOUR_MS),
    venue.openPrice('BNB', TEN_MS + 5 * HOUR_MS),
  ]);
  expect(opens).toEqual(['612.34000000', '612.34000000', null, null, null]);
  expect(binance.seen('/api/v3/klines')).toHaveLength(2);
});

it('price - 404 is none, another failure is told and asked for again', async () => {
  const binance = await tinyBinance(Date.now);
  const venue = venuesOf({ binance }).venue('binance', false);
  expect(await venue.openPrice('BTC', TEN_MS)).toBeNull();
  binance.on('/api/v3/klines', () => ({ status: 503, body: 'down' }));
  await expect(venue.openPrice('BNB', TEN_MS)).rejects.toMatchObject({ kind: 'unreachable' });
  binance.on('/api/v3/klines', () => ({ body: [candle(TEN_MS, '1.5')] }));
  expect(await venue.openPrice('BNB', TEN_MS)).toBe('1.5');
});

it('price - Kraken’s candle of that hour, which it sends with others', async () => {
  const kraken = await tinyKraken(Date.now);
  const rows = [-1, 0, 1].map((hour) => [
    (TEN_MS + hour * HOUR_MS) / 1000,
    `${50_000 + hour}.1`,
    '1',
    '1',
    '1',
    '1',
    '1',
    3,
  ]);
  kraken.on('/0/public/OHLC', ({ path }) => {
    expect(path).toContain('interval=60');
    return { body: { error: [], result: { XXBTZUSD: rows, XBTUSDT: rows, last: 1 } } };
  });
  const venue = venuesOf({ kraken }).venue('kraken', false);
  // There is no market in USDT.
  expect(await venue.openPrice('BTC', TEN_MS)).toBeNull();
});

it('clock - half of the way there and back counts, and a step of the wall clock changes nothing', async () => {
  let wallMs = 1_000_000;
  const clock = { nowMs: () => wallMs, monotonicMs: () => 500 };
  const exchangeMs = 2_000_123;
  const watched = new ExchangeClock(clock, async () => ({ exchangeMs, sentMs: 300, answeredMs: 500 }));
  expect(watched.nowMs()).toBe(1_000_000);
  await Promise.all([watched.measure(), watched.measure()]);
  expect(watched.nowMs()).toBe(2_000_223);
  wallMs += 60_000;
  expect(watched.nowMs()).toBe(2_000_223);
});

it('clock - a whole second, as Kraken tells it, is on average half a second old', async () => {
  const time = new ManualTime();
  const kraken = await tinyKraken(() => time.nowMs());
  const venue = venuesOf({ kraken }, { clock: time, timers: time }).venue('kraken', false);
  await venue.ready();
  expect(venue.nowMs() - time.nowMs()).toBe(500);
});

it('clock and table - measured each hour, loaded again each day; asked for again at most every five minutes', async () => {
  const time = new ManualTime();
  const binance = await tinyBinance(() => time.nowMs() + 7_000);
  const venue = venuesOf({ binance }, { clock: time, timers: time }).venue('binance', false);
  const requests = () => [binance.seen('/api/v3/time').length, binance.seen('/api/v3/exchangeInfo').length];
  const wait = (ms: number) => time.advance(ms, () => new Promise((resolve) => setTimeout(resolve, 10)));
  const use = (isRenewed: boolean) =>
    venue.use(A, 'spot', async (calls) => {
      await (isRenewed ? calls.refreshMarkets() : calls.markets());
    });
  await venue.ready();
  expect(requests()).toEqual([1, 1]);
  expect(venue.nowMs() - time.nowMs()).toBe(7_000);
  await wait(299_000);
  await use(true);
  expect(requests()).toEqual([1, 1]);
  await wait(1_000);
  await Promise.all([use(true), use(true)]);
  expect(requests()).toEqual([1, 2]);
  await wait(HOUR_MS);
  await use(false);
  expect(requests()).toEqual([2, 2]);
  binance.on('/api/v3/exchangeInfo', () => ({ status: 500, body: {} }));
  await wait(24 * HOUR_MS);
  // The old table serves while no new one comes.
  await use(false);
  await use(false);
  await wait(0);
  expect(requests()[1]).toBe(3);
});

it('locks - counters rise though the clock goes back, and the oldest keys are forgotten', () => {
  let nowMs = 1_000;
  const locks = new KeyLocks({ nowMs: () => nowMs });
  expect([locks.nextCounter('a'), locks.nextCounter('a')]).toEqual([1_000, 1_001]);
  nowMs = 10;
  expect(locks.nextCounter('a')).toBe(1_002);
  for (let nth = 0; nth < COUNTERS_MAX; nth += 1) locks.nextCounter(`key ${nth}`);
  expect(locks.nextCounter('a')).toBe(10);
});

it('locks - runs of one key follow one another, also after one that failed', async () => {
  const locks = new KeyLocks({ nowMs: () => 0 });
  const order: string[] = [];
  const run = (key: string, name: string, fails = false) =>
    locks.alone(key, async () => {
      order.push(`${name} begins`);
      await settle();
      order.push(`${name} ends`);
      if (fails) throw new Error(name);
    });
  await Promise.allSettled([run('a', 'one', true), run('a', 'two'), run('a', 'three')]);
  expect(order).toEqual(['one begins', 'one ends', 'two begins', 'two ends', 'three begins', 'three ends']);
  expect(locks.size).toBe(0);
  expect(keyName({ apiKey: 'planted', secret: 'x' })).not.toContain('planted');
});

it('paces - a key waits for itself only', async () => {
  const time = new ManualTime();
  const paces = new KeyPaces({ clock: time, timers: time });
  const startMs = time.monotonicMs();
  const left: string[] = [];
  for (const key of ['a', 'a', 'a', 'b'])
    void paces.take(key, 6_000, 6_000).then(() => left.push(`${key} ${time.monotonicMs() - startMs}`));
  await time.advance(20_000, settle);
  expect(left).toEqual(['a 0', 'a 0', 'b 0', 'a 6000']);
  await paces.take('a', 6_000, 0);
  const waiting = paces.take('a', 6_000, 0).catch((error: unknown) => error);
  paces.stop();
  expect(await waiting).toMatchObject({ kind: 'unreachable' });
  await expect(paces.take('a', 6_000, 0)).rejects.toMatchObject({ kind: 'unreachable' });
  for (let nth = 0; nth < PACES_MAX; nth += 1) await paces.take(`key ${nth}`, 1, 0);
  expect(paces.size).toBe(PACES_MAX);
});

it('price - beyond the bound the oldest is forgotten', async () => {
  const table = { bySymbol: () => null, byId: () => null, all: () => [] };
  let asked = 0;
  const prices = new OpenPrices({
    clock: new ManualTime(),
    instance: async () => {
      asked += 1;
      return { table, instance: {} as Instance };
    },
  });
  for (let nth = 0; nth <= PRICES_MAX; nth += 1) await prices.open(`A${nth}`, TEN_MS);
  expect(prices.size).toBe(PRICES_MAX);
  await prices.open(`A${PRICES_MAX}`, TEN_MS);
  expect(asked).toBe(PRICES_MAX + 1);
  await prices.open('A0', TEN_MS);
  expect(asked).toBe(PRICES_MAX + 2);
});
