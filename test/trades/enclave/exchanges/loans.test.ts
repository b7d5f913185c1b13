// What an instance keeps of a loan: nothing. And which tables a loan sees.

import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { INSTANCES_MAX, WAITING_ACCOUNTS_MAX } from '../../../../src/trades/enclave/exchanges/desk.ts';
import { ManualTime } from '../../../support/manual-time.ts';
import { until } from '../../../support/until.ts';
import { tinyBinance, tinyBybit } from './tiny-exchanges.ts';
import { A, B, venuesOf } from './venues-under-test.ts';

it('loan - futures load tables of their own, and byId tells contracts from spot', async () => {
  const [binance, bybit] = await Promise.all([tinyBinance(Date.now), tinyBybit(Date.now)]);
  const venues = venuesOf({ binance, bybit });
  const symbols = (exchange: string, accountType: 'spot' | 'futures') =>
    venues
      .venue(exchange, false)
      .use(A, accountType, async (calls) =>
        (await calls.markets())
          .all(['spot', 'swap', 'future'])
          .map(({ symbol, linear, inverse, contractSize }) => [symbol, linear, inverse, contractSize]),
      );
  expect(await symbols('binance', 'futures')).toEqual([
    ['BTC/USDT:USDT', true, false, '1'],
    ['BTC/USD:BTC', false, true, '100'],
  ]);
  expect(binance.seen('/api/v3/exchangeInfo')).toHaveLength(0);
  expect((await symbols('binance', 'spot')).map(([symbol]) => symbol)).toEqual(['BTC/USDT', 'BNB/USDT']);
  expect((await symbols('bybit', 'spot')).map(([symbol]) => symbol)).toEqual(['BTC/USDT']);
  expect((await symbols('bybit', 'futures')).map(([symbol]) => symbol)).toEqual([
    'BTC/USDT:USDT',
    'BTC/USD:BTC',
  ]);
  await venues.venue('bybit', false).use(A, 'futures', async (calls) => {
    const table = await calls.markets();
    expect(table.byId('BTCUSD', 'swap')).toMatchObject({
      symbol: 'BTC/USD:BTC',
      settle: 'BTC',
      type: 'swap',
    });
    expect([table.byId('BTCUSD', 'spot'), table.byId('constructor'), table.bySymbol('toString')]).toEqual([
      null,
      null,
      null,
    ]);
    expect(calls.features).toEqual({ isSymbolRequired: false, pageMax: 100, daysBack: 730, untilDays: 7 });
    expect(await calls.markets()).toBe(await calls.refreshMarkets());
  });
  expect(venues.venue('bybit', false).counters.marketDownloads).toBe(2);
});

it('loan - the sandbox has its tables from the testnet, those of futures from the demo environment', async () => {
  const binance = await tinyBinance(Date.now);
  const venue = venuesOf({ binance }).venue('binance', true);
  for (const accountType of ['spot', 'futures'] as const)
    await venue.use(A, accountType, async (calls) => {
      expect((await calls.markets()).all(['spot', 'swap'])).toHaveLength(2);
      expect(calls.isSandbox).toBe(true);
    });
});

it('loan - two requests of one call go one after the other, and the next account learns its own kind of account', async () => {
  const bybit = await tinyBybit(Date.now);
  const venue = venuesOf({ bybit }).venue('bybit', false);
  const balance = (credentials: typeof A) =>
    venue.use(credentials, 'spot', async (calls) => [...(await calls.fetchBalance({}))]);
  expect(await balance(A)).toEqual([['BTC', '1.50000001']]);
  expect(await balance(B)).toEqual([['BTC', '1.50000001']]);
  const keys = bybit.seen('/v5/account/info').map(({ headers }) => headers['x-bapi-api-key']);
  expect(keys).toEqual([A.apiKey, B.apiKey]);
});

it('loan - after its end the calls are dead, and what waits is not sent', async () => {
  const binance = await tinyBinance(Date.now);
  const venue = venuesOf({ binance }).venue('binance', false);
  const [calls, waiting] = await venue.use(A, 'spot', async (lent) => {
    const read = () => lent.call('privateGetMyTrades', { symbol: 'BTCUSDT' });
    return [lent, Promise.allSettled([read(), read(), read()])] as const;
  });
  expect((await waiting).at(-1)).toMatchObject({ reason: { kind: 'exchange_error' } });
  await expect(calls.call('privateGetMyTrades', { symbol: 'BTCUSDT' })).rejects.toMatchObject({
    kind: 'exchange_error',
  });
  expect(binance.seen('/api/v3/myTrades').length).toBeLessThan(3);
  expect(inspect(calls, { depth: Infinity, showHidden: true })).not.toContain('planted');
});

it('loan - a call that the exchange does not have is unsupported, a page instead of JSON is no answer', async () => {
  const binance = await tinyBinance(Date.now);
  const venue = venuesOf({ binance }).venue('binance', false);
  binance.on('/api/v3/myTrades', () => ({ body: '<html>maintenance</html>' }));
  await venue.use(A, 'spot', async (calls) => {
    for (const method of ['privateGetNothing', 'constructor', 'id'])
      await expect(calls.call(method, {})).rejects.toMatchObject({ kind: 'unsupported' });
    await expect(calls.call('privateGetMyTrades', { symbol: 'BTCUSDT' })).rejects.toMatchObject({
      kind: 'unreachable',
    });
    expect(calls.readFill({ nonsense: true }, null)).toBeNull();
    expect(calls.readFill(null, null)).toBeNull();
  });
});

it('loan - more accounts than instances wait for one, and a thousand polls need no more memory than ten', async () => {
  const binance = await tinyBinance(Date.now);
  const venue = venuesOf({ binance }).venue('binance', false);
  let open = 0;
  let most = 0;
  const use = (nth: number) =>
    venue.use({ ...A, apiKey: `planted-key-${nth}` }, 'spot', async (calls) => {
      open += 1;
      most = Math.max(most, open);
      const table = await calls.markets();
      expect(table.bySymbol('BTC/USDT')).not.toBeNull();
      open -= 1;
    });
  const round = (count: number) => Promise.all(Array.from({ length: count }, (_, nth) => use(nth)));
  await round(100);
  const before = process.memoryUsage().heapUsed;
  await round(1_000);
  expect(most).toBeLessThanOrEqual(INSTANCES_MAX);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60 * 1_048_576);
  expect(venue.counters.marketDownloads).toBe(1);
});

it('loan - as many accounts wait as the bound says, and a further one is refused', async () => {
  const binance = await tinyBinance(Date.now);
  const venue = venuesOf({ binance }).venue('binance', false);
  await venue.ready();
  const { promise: end, resolve } = Promise.withResolvers<void>();
  const use = (nth: number) => venue.use({ ...A, apiKey: `planted-key-${nth}` }, 'spot', () => end);
  const all = Array.from({ length: INSTANCES_MAX + WAITING_ACCOUNTS_MAX }, (_, nth) => use(nth));
  await expect(use(-1)).rejects.toMatchObject({ kind: 'rate_limited' });
  resolve();
  await Promise.all(all);
});

it('loan - a stop ends what is under way, and leaves no timer', async () => {
  const time = new ManualTime();
  const binance = await tinyBinance(() => time.nowMs());
  const venues = venuesOf({ binance }, { clock: time, timers: time });
  const venue = venues.venue('binance', false);
  await venue.ready();
  binance.on('/api/v3/myTrades', () => new Promise(() => undefined));
  const using = venue
    .use(A, 'spot', (calls) => calls.call('privateGetMyTrades', { symbol: 'BTCUSDT' }))
    .catch((error: unknown) => error);
  await until('the request', () => binance.seen('/api/v3/myTrades').length === 1);
  await venues.stop();
  expect(await using).toMatchObject({ kind: 'unreachable' });
  await expect(venue.use(A, 'spot', (calls) => calls.fetchBalance({}))).rejects.toMatchObject({
    kind: 'unreachable',
  });
  expect(time.timers).toBe(0);
});
