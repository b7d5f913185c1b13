// The simulated Binance: signatures, spot and margin, by requests that the test signs itself.

import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { type ExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import type { FillInput, ScenarioInput } from '../../../src/trades/simulator/scenario.ts';
import { BinanceClient } from '../support/binance-client.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T = Date.UTC(2025, 0, 10, 12);
const KEY = ['key-a', 'secret-a'] as const;

let sim: ExchangeSim | null = null;

afterEach(async () => {
  await sim?.stop();
  sim = null;
});

function fill(at: number, more: Partial<FillInput> = {}): FillInput {
  return { at, market: 'BTCUSDT', side: 'buy', price: '100', amount: '0.5', ...more };
}

async function start(fills: readonly FillInput[], more: Partial<ScenarioInput> = {}) {
  let nowMs = T;
  const scenario: ScenarioInput = {
    accounts: [{ name: 'a', userId: '4711', balances: { USDT: '1000' }, fills }],
    keys: [{ apiKey: KEY[0], secret: KEY[1], account: 'a' }],
    ...more,
  };
  sim = await startExchangeSim('binance', scenario, { clock: { nowMs: () => nowMs } });
  const client = new BinanceClient(sim.url, KEY, () => nowMs);
  return { server: sim, client, passes: (ms: number) => (nowMs += ms) };
}

describe('signed requests', () => {
  const refused: readonly [string, Readonly<Record<string, string | number>>, number, number][] = [
    ['a time before the window', { timestamp: T - 5_001 }, 400, -1021],
    ['a time before a window of its own', { timestamp: T - 101, recvWindow: 100 }, 400, -1021],
    ['a time a second ahead', { timestamp: T + 1_000 }, 400, -1021],
    ['a window that is too long', { recvWindow: 60_001 }, 400, -1131],
    ['a time that is no number', { timestamp: '12x' }, 400, -1100],
  ];
  it.each(refused)('a signed request - refuses %s', async (_title, parameters, status, code) => {
    const { client } = await start([]);
    expect(await client.get('/api/v3/account', parameters)).toMatchObject({ status, body: { code } });
  });

  it('a signed request - passes at the edges of the window', async () => {
    const { client } = await start([]);
    expect((await client.get('/api/v3/account', { timestamp: T - 5_000 })).status).toBe(200);
    expect((await client.get('/api/v3/account', { timestamp: T + 999 })).status).toBe(200);
  });

  it('a signed request - is refused without key, time or signature, with a wrong one, and with an unknown key', async () => {
    const { server, client } = await start([]);
    const headers = { 'X-MBX-APIKEY': KEY[0] };
    const query = `timestamp=${T}`;
    const signed = createHmac('sha256', KEY[1]).update(query).digest('hex');
    const codeOf = async (target: string, own: Readonly<Record<string, string>> = headers) =>
      (await client.send(`/api/v3/account${target}`, own)).body;
    expect(await codeOf(`?${query}&signature=${signed}`, {})).toMatchObject({ code: -2014 });
    expect(await codeOf('')).toMatchObject({ code: -1102 });
    expect(await codeOf(`?${query}`)).toMatchObject({ code: -1102 });
    expect(await codeOf(`?${query}&signature=${signed.replace(/^./, 'x')}`)).toMatchObject({ code: -1022 });
    expect(await codeOf(`?recvWindow=1000&${query}&signature=${signed}`)).toMatchObject({ code: -1022 });
    expect(await codeOf(`?${query}&signature=${signed.toUpperCase()}`)).toMatchObject({ uid: 4711 });
    const other = new BinanceClient(server.url, ['key-b', 'secret-b'], () => T);
    expect(await other.get('/api/v3/account')).toMatchObject({ status: 401, body: { code: -2015 } });
  });

  it('a key - is refused from its revocation and its expiry on', async () => {
    const { server, client, passes } = await start([], {
      keys: [{ apiKey: KEY[0], secret: KEY[1], account: 'a', expiresAt: T + 10 }],
    });
    expect(await client.get('/sapi/v1/account/apiRestrictions')).toMatchObject({
      body: { tradingAuthorityExpirationTime: T + 10, enableWithdrawals: false, ipRestrict: true },
    });
    passes(10);
    expect(await client.get('/api/v3/account')).toMatchObject({ status: 401, body: { code: -2015 } });
    server.setKey({
      apiKey: KEY[0],
      secret: KEY[1],
      account: 'a',
      canRead: true,
      canWithdraw: true,
      canTrade: true,
      isIpBound: false,
      expiresAtMs: Infinity,
      revokedAtMs: Infinity,
    });
    expect((await client.get('/sapi/v1/account/apiRestrictions')).body).toMatchObject({
      enableWithdrawals: true,
      enableSpotAndMarginTrading: true,
      ipRestrict: false,
    });
    server.revokeKey(KEY[0]);
    expect(await client.get('/api/v3/account')).toMatchObject({ status: 401, body: { code: -2015 } });
  });
});

describe('fills', () => {
  it('the list of fills - wants a symbol that it knows', async () => {
    const { client } = await start([], {
      markets: [{ id: 'BTCUSDT', base: 'BTC', quote: 'USDT', kind: 'spot', isDelisted: true }],
    });
    expect((await client.get('/api/v3/myTrades')).body).toMatchObject({ code: -1102 });
    expect((await client.get('/api/v3/myTrades', { symbol: 'BTCUSDT' })).body).toMatchObject({ code: -1121 });
    expect((await client.get('/api/v3/myTrades', { symbol: 'ETHUSDT' })).body).toMatchObject({ code: -1121 });
  });

  it('the list of fills - gives fills of one millisecond by id, pages of them, and the same page again', async () => {
    const times = [T - 50, T - 40, T - 40, T - 30, T - 30, T - 20, T - 10];
    const { client } = await start(times.map((at) => fill(at)));
    const ids = async (parameters: Readonly<Record<string, number>>) =>
      (await client.rows('/api/v3/myTrades', { symbol: 'BTCUSDT', ...parameters })).map(({ id }) =>
        Number(id),
      );
    const all = await ids({});
    expect(all).toHaveLength(7);
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    expect(await ids({ limit: 2 })).toEqual(all.slice(5));
    expect(await ids({ limit: 2, fromId: all[1] ?? 0 })).toEqual(all.slice(1, 3));
    expect(await ids({ limit: 2, fromId: all[1] ?? 0 })).toEqual(all.slice(1, 3));
    expect(await ids({ limit: 2, startTime: T - 40 })).toEqual(all.slice(1, 3));
    expect(await ids({ limit: 3, endTime: T - 30 })).toEqual(all.slice(2, 5));
    expect(await ids({ startTime: T - 40, endTime: T - 30 })).toEqual(all.slice(1, 5));
  });

  it('the list of fills - refuses more than 24 hours, and an id beside a time', async () => {
    const { client } = await start([]);
    const get = async (parameters: Readonly<Record<string, number>>) =>
      (await client.get('/api/v3/myTrades', { symbol: 'BTCUSDT', ...parameters })).body;
    expect(await get({ startTime: T - DAY, endTime: T })).toEqual([]);
    expect(await get({ startTime: T - DAY - 1, endTime: T })).toMatchObject({ code: -1127 });
    expect(await get({ startTime: T - DAY, fromId: 1 })).toMatchObject({ code: -1128 });
  });

  it('a fill - has the members of the documentation, exact to the digit', async () => {
    const { client } = await start([
      fill(T - 10, {
        side: 'sell',
        price: '284578000.00000004',
        amount: '1',
        fee: '0.00000001',
        feeAsset: 'BNB',
      }),
    ]);
    expect(await client.rows('/api/v3/myTrades', { symbol: 'BTCUSDT' })).toEqual([
      {
        symbol: 'BTCUSDT',
        id: 28_000_001,
        orderId: 100_000_001,
        orderListId: -1,
        price: '284578000.00000004',
        qty: '1.00000000',
        quoteQty: '284578000.00000004',
        commission: '0.00000001',
        commissionAsset: 'BNB',
        time: T - 10,
        isBuyer: false,
        isMaker: false,
        isBestMatch: true,
      },
    ]);
  });

  it('a late fill - moves the balance at its time and is listed from the time when it shows', async () => {
    const { client, passes } = await start([fill(T - 10, { visibleAt: T + 60_000 }), fill(T + 1_000)]);
    const count = async () => (await client.rows('/api/v3/myTrades', { symbol: 'BTCUSDT' })).length;
    const usdt = async () => {
      const { body } = await client.get('/api/v3/account', { omitZeroBalances: 'true' });
      return (body as { balances: { asset: string; free: string }[] }).balances;
    };
    expect(await count()).toBe(0);
    expect(await usdt()).toEqual([
      { asset: 'USDT', free: '950.00000000', locked: '0.00000000' },
      { asset: 'BTC', free: '0.50000000', locked: '0.00000000' },
    ]);
    passes(1_000);
    expect(await count()).toBe(1);
    passes(59_000);
    expect(await count()).toBe(2);
  });

  it('margin - has lists and balances apart from spot, cross and isolated apart', async () => {
    const { client } = await start([
      fill(T - 30),
      fill(T - 20, { kind: 'cross', side: 'sell', amount: '2' }),
      fill(T - 10, { kind: 'isolated', amount: '3' }),
    ]);
    const rows = async (isIsolated: string) =>
      (await client.rows('/sapi/v1/margin/myTrades', { symbol: 'BTCUSDT', isIsolated })).map(
        ({ qty }) => qty,
      );
    expect(await rows('FALSE')).toEqual(['2.00000000']);
    expect(await rows('TRUE')).toEqual(['3.00000000']);
    expect((await client.get('/sapi/v1/margin/account')).body).toMatchObject({
      userAssets: [
        { asset: 'BTC', borrowed: '2.00000000', free: '0.00000000', netAsset: '-2.00000000' },
        { asset: 'USDT', free: '200.00000000' },
      ],
    });
    expect((await client.get('/sapi/v1/margin/isolated/account')).body).toMatchObject({
      assets: [
        { symbol: 'BTCUSDT', baseAsset: { asset: 'BTC', free: '3.00000000' }, quoteAsset: { asset: 'USDT' } },
      ],
    });
    expect((await client.get('/sapi/v1/margin/isolated/account', { symbols: 'ETHUSDT' })).body).toMatchObject(
      {
        assets: [],
      },
    );
  });

  it('a renamed market - is listed with all its fills under its name of the time', async () => {
    const { client, passes } = await start([fill(T - 10, { market: 'LUNCUSDT' })], {
      markets: [
        {
          id: 'LUNCUSDT',
          base: 'LUNC',
          quote: 'USDT',
          kind: 'spot',
          renamedFrom: { id: 'LUNAUSDT', base: 'LUNA', at: T + 100 },
        },
        { id: 'LUNAUSDT', base: 'LUNA', quote: 'USDT', kind: 'spot', listedAt: T + 200 },
      ],
    });
    const count = async (symbol: string) => {
      const { body } = await client.get('/api/v3/myTrades', { symbol });
      return Array.isArray(body) ? body.length : body;
    };
    expect(await count('LUNAUSDT')).toBe(1);
    expect(await count('LUNCUSDT')).toMatchObject({ code: -1121 });
    passes(100);
    expect(await count('LUNAUSDT')).toMatchObject({ code: -1121 });
    passes(100);
    expect([await count('LUNAUSDT'), await count('LUNCUSDT')]).toEqual([0, 1]);
  });
});

describe('limits', () => {
  it('the budget - is told in headers, answers 429 when it is used, then 418 to who goes on, and ends', async () => {
    const { client, passes } = await start([], { weightPerMinute: 41 });
    const first = await client.get('/api/v3/account');
    expect(first.headers.get('x-mbx-used-weight-1m')).toBe('20');
    await client.get('/api/v3/account');
    const limited = await client.get('/api/v3/account');
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await client.get('/sapi/v1/margin/account')).status).toBe(200);
    passes(30_000);
    const statuses = [];
    for (let each = 0; each < 4; each += 1) statuses.push((await client.get('/api/v3/account')).status);
    expect(statuses).toEqual([429, 429, 418, 418]);
    const ban = await client.get('/api/v3/account');
    expect(ban.headers.get('retry-after')).toBe('120');
    expect(ban.body).toMatchObject({
      code: -1003,
      msg: `Way too much request weight used; IP banned until ${T + 150_000}. Please use WebSocket Streams for live updates to avoid bans.`,
    });
    passes(120_000);
    expect((await client.get('/api/v3/account')).status).toBe(200);
  });

  it('the faults - are worded like Binance', async () => {
    const { server, client, passes } = await start([]);
    const next = async () => {
      const { status, body, headers } = await client.get('/fapi/v2/balance');
      return [
        status,
        typeof body === 'string' ? body.slice(0, 6) : (body as { code?: number }).code,
        headers.get('retry-after'),
      ];
    };
    server.addFault({ kind: 429, retryAfter: 0 });
    expect(await next()).toEqual([429, -1003, '0']);
    server.addFault({ kind: 403 });
    expect(await next()).toEqual([403, '<html>', null]);
    server.addFault({ kind: 500 });
    expect(await next()).toEqual([500, -1001, null]);
    server.addFault({ kind: 418, retryAfter: 5, banUntil: T + 5_000 });
    expect(await next()).toEqual([418, -1003, '5']);
    expect(await next()).toEqual([418, -1003, '5']);
    passes(5_000);
    expect((await next())[0]).toBe(200);
  });
});

it('candles - begin at full hours, leave out the hour without a price, and know no market of another name', async () => {
  const { client } = await start([], {
    candles: {
      'BNB/USDT': { '*': '600', '2025-01-10T09:00:00.000Z': 404, '2025-01-10T10:00:00.000Z': '610.5' },
    },
  });
  const get = async (query: string) => (await client.send(`/api/v3/klines?${query}`)).body;
  const opens = async (query: string) => (await get(query)) as [number, string][];
  const rows = await opens(`symbol=BNBUSDT&interval=1h&startTime=${T - 4 * HOUR}&endTime=${T - HOUR}`);
  expect(rows.map(([at, open]) => [at - T, open])).toEqual([
    [-4 * HOUR, '600'],
    [-2 * HOUR, '610.5'],
    [-HOUR, '600'],
  ]);
  expect(await opens(`symbol=BNBUSDT&interval=1h&startTime=${T - 4 * HOUR}&limit=1`)).toHaveLength(1);
  expect(await opens('symbol=BTCUSDT&interval=1h')).toEqual([]);
  expect(await get('symbol=XYZUSDT&interval=1h')).toMatchObject({ code: -1121 });
  expect(await get('symbol=BNBUSDT&interval=1m')).toMatchObject({ code: -1120 });
});
