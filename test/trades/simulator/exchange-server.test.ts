// The kernel of the simulated exchanges: records, faults, the clock, and the addresses for tests in other processes.

import { afterEach, expect, it } from 'vitest';
import { type ExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import type { ScenarioInput } from '../../../src/trades/simulator/scenario.ts';

const T = Date.UTC(2025, 0, 1, 10);

const SCENARIO: ScenarioInput = {
  accounts: [{ name: 'a', userId: '7', balances: { USDT: '1000' } }],
  keys: [{ apiKey: 'key-a', secret: 'secret-a', account: 'a' }],
};

let sim: ExchangeSim | null = null;

afterEach(async () => {
  await sim?.stop();
  sim = null;
});

async function start(scenario: Partial<ScenarioInput> = {}): Promise<ExchangeSim> {
  sim = await startExchangeSim('binance', { ...SCENARIO, ...scenario }, { clock: { nowMs: () => T } });
  return sim;
}

function time(server: ExchangeSim, apiKey?: string): Promise<Response> {
  return fetch(
    `${server.url}/api/v3/time`,
    apiKey === undefined ? {} : { headers: { 'X-MBX-APIKEY': apiKey } },
  );
}

it('a simulated exchange - counts requests by key, path and status', async () => {
  const server = await start();
  await (await time(server, 'key-a')).text();
  await (await time(server)).text();
  expect(server.counts()).toMatchObject({
    total: 2,
    byKey: { 'key-a': 1 },
    byPath: { '/api/v3/time': 2 },
    byStatus: { 200: 2 },
    overlaps: {},
  });
  expect(server.requests(1)).toMatchObject([{ ordinal: 2, status: 200, apiKey: null }]);
});

it('a simulated exchange - counts requests of one key at the same time', async () => {
  const server = await start({ latencyMs: 20 });
  await Promise.all([time(server, 'key-a'), time(server, 'key-a'), time(server)]);
  expect(server.counts().overlaps).toEqual({ 'key-a': 1 });
});

it('a simulated exchange - moves its clock at a request and when it is told', async () => {
  const server = await start({ clockOffsetMs: 100, clockSteps: [{ atRequest: 2, byMs: -5_000 }] });
  expect(await (await time(server)).json()).toEqual({ serverTime: T + 100 });
  expect(await (await time(server)).json()).toEqual({ serverTime: T - 4_900 });
  await fetch(`${server.url}/sim/clock`, { method: 'POST', body: '{"byMs":4900}' });
  expect(await (await time(server)).json()).toEqual({ serverTime: T });
});

it('a simulated exchange - breaks connections and answers as the faults say', async () => {
  const server = await start();
  server.addFault({ kind: 'reset' });
  await expect(time(server)).rejects.toThrow(TypeError);
  server.addFault({ kind: 'cut' });
  await expect(time(server).then((answer) => answer.text())).rejects.toThrow(TypeError);
  server.addFault({ kind: 'rubbish' });
  expect(await (await time(server)).text()).toContain('<html>');
  server.addFault({ kind: 'redirect' });
  await (await time(server)).text();
  expect(server.counts().redirectsFollowed).toBe(1);
  server.addFault({ kind: 'answer', status: 503, body: '{"a":1}', path: '/api/v3', times: 2 });
  expect([(await time(server)).status, (await time(server)).status, (await time(server)).status]).toEqual([
    503, 503, 200,
  ]);
  expect(server.requests().map(({ fault }) => fault)).toEqual([
    'reset',
    'cut',
    'rubbish',
    'redirect',
    'answer',
    'answer',
    null,
  ]);
});

it('a simulated exchange - answers late, not at all, or each row twice', async () => {
  const server = await start({ candles: { 'BNB/USDT': { '*': '600' } } });
  server.addFault({ kind: 'slow', delayMs: 30 });
  const beginMs = performance.now();
  expect((await time(server)).status).toBe(200);
  expect(performance.now() - beginMs).toBeGreaterThan(25);
  server.addFault({ kind: 'timeout' });
  const signal = AbortSignal.timeout(30);
  await expect(fetch(`${server.url}/api/v3/time`, { signal })).rejects.toThrow(/timeout/);
  const candles = `${server.url}/api/v3/klines?symbol=BNBUSDT&interval=1h&limit=2`;
  server.addFault({ kind: 'repeat' });
  expect(await (await fetch(candles)).json()).toHaveLength(4);
  expect(await (await fetch(candles)).json()).toHaveLength(2);
  expect(server.counts().byStatus).toEqual({ 200: 3, none: 1 });
});

it('a simulated exchange - plays a fault from its request or time on, for one path and key', async () => {
  const server = await start({
    faults: [
      { kind: 500, atRequest: 2 },
      { kind: 403, at: T + 1_000 },
      { kind: 418, path: '/fapi' },
      { kind: 'answer', status: 599, apiKey: 'key-a' },
    ],
  });
  const statuses = [(await time(server)).status, (await time(server)).status, (await time(server)).status];
  server.stepClock(1_000);
  statuses.push(
    (await time(server)).status,
    (await time(server)).status,
    (await time(server, 'key-a')).status,
  );
  statuses.push((await fetch(`${server.url}/fapi/v1/time`)).status);
  expect(statuses).toEqual([200, 500, 200, 403, 200, 599, 418]);
});

it('a simulated exchange - counts requests that come although it told all clients to wait', async () => {
  const server = await start();
  server.addFault({ kind: 429, retryAfter: 5 });
  await (await time(server)).text();
  await (await time(server)).text();
  server.stepClock(5_000);
  await (await time(server)).text();
  server.addFault({ kind: 'answer', status: 429, banUntil: T + 7_000 });
  await (await time(server)).text();
  await (await time(server)).text();
  expect(server.counts()).toMatchObject({ whileLimited: 2, total: 5 });
});

it('a simulated exchange - takes fills, faults and keys from other processes, and shows the truth', async () => {
  const server = await start();
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    return [answer.status, await answer.json()];
  };
  const fill = { at: T, market: 'BTCUSDT', side: 'buy', price: '100', amount: '1' };
  expect(await post('/sim/fills', { account: 'a', fills: [fill] })).toMatchObject([
    200,
    { added: [{ kind: 'spot' }] },
  ]);
  expect(await post('/sim/fills', { account: 'a', fills: [{ ...fill, price: '-1' }] })).toEqual([
    400,
    { error: 'The scenario is wrong at fills[0].price: it must be above 0.' },
  ]);
  expect(await post('/sim/fault', { kind: 500 })).toEqual([200, { ok: true }]);
  expect(await post('/sim/fault/clear', {})).toEqual([200, { ok: true }]);
  expect(await post('/sim/keys', { revoke: 'key-a' })).toEqual([200, { ok: true }]);
  expect(await post('/sim/keys', { revoke: 'key-b' })).toEqual([200, { ok: false }]);
  expect(await (await fetch(`${server.url}/sim/fills`)).json()).toMatchObject({ a: [{ price: '100' }] });
  expect(await (await fetch(`${server.url}/sim/requests`)).json()).toMatchObject({ total: 0 });
});
