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
