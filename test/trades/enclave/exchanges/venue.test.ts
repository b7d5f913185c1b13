// A venue against a real server: what is shared, what is kept apart, and what must never be seen.

import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import { ExchangeError } from '../../../../src/trades/domain/exchange-calls.ts';
import { tinyBinance, tinyKraken } from './tiny-exchanges.ts';
import { A, B, OF_KRAKEN, venuesOf } from './venues-under-test.ts';

const poll = (symbol: string) => ['privateGetMyTrades', { symbol }] as const;

it('venue - accounts share one download of the markets, and amounts come as the exchange sent them', async () => {
  const binance = await tinyBinance(Date.now);
  const venue = venuesOf({ binance }).venue('binance', false);
  binance.on('/api/v3/myTrades', () => ({
    // The id is beyond what a double holds.
    body: `[{"symbol":"BTCUSDT","id":9007199254740993,"orderId":7,"price":"50000.10000000","qty":"0.00012000",
      "commission":"0.00000012","commissionAsset":"BNB","time":1700000000000,"isBuyer":true}]`,
  }));
  const fills = await Promise.all(
    [A, B, A].map((credentials) =>
      venue.use(credentials, 'spot', async (calls) => {
        const table = await calls.markets();
        expect(table.byId('BTCUSDT')).toMatchObject({ symbol: 'BTC/USDT', type: 'spot', isActive: true });
        const answer = (await calls.call(...poll('BTCUSDT'))) as unknown[];
        return calls.readFill(answer[0], table.byId('BTCUSDT'));
      }),
    ),
  );
  expect(fills[0]).toMatchObject({
    id: '9007199254740993',
    orderId: '7',
    symbol: 'BTC/USDT',
    side: 'buy',
    timestampMs: 1_700_000_000_000,
    price: '50000.10000000',
    amount: '0.00012000',
    fees: [{ asset: 'BNB', amount: '0.00000012' }],
  });
  expect(binance.seen('/api/v3/exchangeInfo')).toHaveLength(1);
  expect(binance.seen('/fapi/v1/exchangeInfo')).toHaveLength(0);
  expect(venue.counters).toEqual({ requests: 5, failed: 0, waiting: 0, pauses: 0, marketDownloads: 1 });
});

it('venue - one key has never two requests under way, B goes on beside it', async () => {
  const binance = await tinyBinance(Date.now);
  const venue = venuesOf({ binance }).venue('binance', false);
  const underWay = new Map<string, number>();
  const most = new Map<string, number>();
  let together = 0;
  binance.on('/api/v3/myTrades', async ({ headers }) => {
    const key = String(headers['x-mbx-apikey']);
    underWay.set(key, (underWay.get(key) ?? 0) + 1);
    most.set(key, Math.max(most.get(key) ?? 0, underWay.get(key) ?? 0));
    together = Math.max(
      together,
      [...underWay.values()].reduce((sum, each) => sum + each, 0),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    underWay.set(key, (underWay.get(key) ?? 0) - 1);
    return { body: [] };
  });
  const twoAtOnce = (credentials: typeof A) =>
    venue.use(credentials, 'spot', (calls) =>
      Promise.all([calls.call(...poll('BTCUSDT')), calls.call(...poll('BNBUSDT'))]),
    );
  await Promise.all([twoAtOnce(A), twoAtOnce(A), twoAtOnce(B)]);
  expect(Object.fromEntries(most)).toEqual({ [A.apiKey]: 1, [B.apiKey]: 1 });
  expect(together).toBe(2);
});

it('venue - an error has kind and code, and nothing of key, secret, address or the text of the exchange', async () => {
  const binance = await tinyBinance(Date.now);
  const venues = venuesOf({ binance });
  const venue = venues.venue('binance', false);
  const use = () => venue.use(A, 'spot', (calls) => calls.call(...poll('BTCUSDT')));
  await use();
  binance.on('/api/v3/myTrades', () => ({
    status: 401,
    body: { code: -2015, msg: 'Invalid API-key, IP, or permissions for action. SPOKEN' },
  }));
  const error = await use().catch((thrown: unknown) => thrown);
  // ccxt calls it a ban once a call has succeeded.
  expect(error).toMatchObject({ kind: 'key_refused', exchangeCode: '-2015' });
  expect(error).toBeInstanceOf(ExchangeError);
  const shown = [error, venue, venues].map((each) =>
    inspect(each, { depth: Infinity, showHidden: true, getters: true }),
  );
  expect(shown.join('\n')).not.toMatch(/planted|SPOKEN|signature|127\.0\.0\.1|myTrades/);
  expect(JSON.stringify([error, venue, venues])).not.toMatch(/planted|SPOKEN|signature/);
  expect(venue.pausedForMs).toBe(0);
});

it('venue - registrations and costly polls take room in the plan, and only polls tell what a poll costs', async () => {
  const binance = await tinyBinance(Date.now);
  const venue = venuesOf({ binance }).venue('binance', false);
  const { monotonicMs } = systemClock;
  const planned = () => venue.reserve(1, 0) - monotonicMs();
  await venue.use(A, 'spot', (calls) => calls.call(...poll('BTCUSDT')));
  const workMs = venue.pollWorkMs('spot');
  expect(workMs).toBeGreaterThan(0);
  await venue.use(A, 'spot', async (calls) => calls.nowMs());
  binance.on('/sapi/v1/account/apiRestrictions', () => ({ body: { ipRestrict: true, enableReading: true } }));
  binance.on('/api/v3/account', () => ({ body: { uid: 1, balances: [] } }));
  for (let registration = 0; registration < 3; registration++) await venue.keyFacts(A, 'spot');
  expect(venue.pollWorkMs('spot')).toBe(workMs);
  expect(planned()).toBeGreaterThan(workMs);
  await venue.use(A, 'spot', async (calls) => {
    for (let request = 0; request < 3; request++) await calls.call(...poll('BTCUSDT'));
  });
  expect(venue.pollWorkMs('spot')).toBeGreaterThan(workMs);
  expect(planned()).toBeGreaterThan(workMs);
});

it('venue - 418 stops every account of the exchange until the time that it names', async () => {
  const binance = await tinyBinance(Date.now);
  const venue = venuesOf({ binance }).venue('binance', false);
  await venue.ready();
  const untilMs = Date.now() + 100_000;
  binance.on('/api/v3/myTrades', () => ({
    status: 418,
    headers: { 'retry-after': '30' },
    body: { code: -1003, msg: `Way too many requests; IP banned until ${untilMs}.` },
  }));
  const use = (credentials: typeof A) =>
    venue.use(credentials, 'spot', (calls) => calls.call(...poll('BTCUSDT')));
  await expect(use(A)).rejects.toMatchObject({ kind: 'rate_limited', exchangeCode: '-1003' });
  const { requests } = venue.counters;
  await expect(use(B)).rejects.toMatchObject({ kind: 'rate_limited', exchangeCode: null });
  await expect(use(A)).rejects.toMatchObject({ kind: 'rate_limited' });
  expect(venue.counters).toMatchObject({ requests, pauses: 1 });
  expect(venue.pausedForMs).toBeGreaterThan(95_000);
  expect(venue.pausedForMs).toBeLessThanOrEqual(100_000);
  expect(venue.reserve(100, 0)).toBeGreaterThan(systemClock.monotonicMs() + 95_000);
});

it('venue - a step of the exchange’s clock costs one refused request, which is repeated by the new time', async () => {
  let aheadMs = 3_600_000;
  const now = () => Date.now() + aheadMs;
  const binance = await tinyBinance(now);
  const venue = venuesOf({ binance }).venue('binance', false);
  let refused = 0;
  binance.on('/api/v3/myTrades', ({ path }) => {
    const sentMs = Number(new URLSearchParams(path.split('?')[1]).get('timestamp'));
    if (Math.abs(sentMs - now()) < 1_000) return { body: [] };
    refused += 1;
    return {
      status: 400,
      body: { code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' },
    };
  });
  const use = () => venue.use(A, 'spot', (calls) => calls.call(...poll('BTCUSDT')));
  await use();
  expect(refused).toBe(0);
  aheadMs += 5_000;
  await use();
  await use();
  expect(refused).toBe(1);
  expect(Math.abs(venue.nowMs() - now())).toBeLessThan(1_000);
});

it('venue - counters of a key of Kraken rise over instances and loans', async () => {
  const kraken = await tinyKraken(Date.now);
  const venue = venuesOf({ kraken }).venue('kraken', false);
  kraken.on('/0/private/Balance', () => ({ body: { error: [], result: {} } }));
  const use = () => venue.use(OF_KRAKEN, 'spot', (calls) => calls.call('privatePostBalance', {}));
  await Promise.all([use(), use(), use()]);
  const counters = kraken
    .seen('/0/private/Balance')
    .map(({ body }) => Number(new URLSearchParams(body).get('nonce')));
  expect(counters).toHaveLength(3);
  expect(counters).toEqual([...new Set(counters)].toSorted((one, other) => one - other));
});

it('venue - a limit of one key of Kraken does not stop the others', async () => {
  const kraken = await tinyKraken(Date.now);
  const venue = venuesOf({ kraken }).venue('kraken', false);
  kraken.on('/0/private/Balance', ({ headers }) => ({
    body:
      headers['api-key'] === A.apiKey
        ? { error: ['EAPI:Rate limit exceeded'] }
        : { error: [], result: { XXBT: '1.50' } },
  }));
  const use = (credentials: typeof A) =>
    venue.use(credentials, 'spot', (calls) => calls.call('privatePostBalance', {}));
  await expect(use(OF_KRAKEN)).rejects.toMatchObject({
    kind: 'rate_limited',
    exchangeCode: 'EAPI:Rate limit exceeded',
  });
  expect(await use({ ...OF_KRAKEN, apiKey: B.apiKey })).toMatchObject({ result: { XXBT: '1.50' } });
  expect(venue.pausedForMs).toBe(0);
  // A secret that cannot sign is refused before a request leaves.
  const { requests } = venue.counters;
  await expect(use({ ...A, secret: 'no base64 at all: §' })).rejects.toMatchObject({ kind: 'key_refused' });
  expect(venue.counters.requests).toBe(requests);
});
