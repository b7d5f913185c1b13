// How requests are sent: bounds, redirects, silence, and what is left of an answer.

import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import { systemTimers, type Timers } from '../../../../src/lib/timers.ts';
import {
  ANSWER_BYTES_MAX,
  ANSWER_TIMEOUT_MS,
  ExchangeFetch,
  type FetchChannel,
  TABLE_TIMEOUT_MS,
} from '../../../../src/trades/enclave/exchanges/exchange-fetch.ts';
import { answeringServer, type Behaviour, json, rawServer } from '../../../support/http-servers.ts';
import { ManualTime } from '../../../support/manual-time.ts';
import { until } from '../../../support/until.ts';

const UNREACHABLE = { kind: 'unreachable', exchangeCode: null };
const ADDRESS = 'https://api.example.test/api/v3/myTrades?symbol=BTCUSDT&signature=planted';

function fetchTo(origin: string, timers: Timers = systemTimers) {
  const channel: FetchChannel = { isTable: false, hasLeft: false, facts: null, span: null };
  const way = new ExchangeFetch(origin, { clock: systemClock, timers });
  onTestFinished(() => way.stop());
  const send = way.fetchFor(channel);
  return { way, channel, get: (headers = {}) => send(ADDRESS, { method: 'GET', headers }), send };
}

async function serverOf(behaviour: Behaviour) {
  const server = await answeringServer(behaviour);
  onTestFinished(() => server.close());
  return server;
}

it('fetch - scheme, host and port are replaced, path and query stay, and headers are as ccxt wrote them', async () => {
  const server = await serverOf(json({ ok: true }));
  const { get, channel, way } = fetchTo(server.url);
  const answer = await get({ 'X-MBX-APIKEY': 'planted', 'X-Number': 5, 'X-None': undefined });
  expect(await answer.text()).toBe('{"ok":true}');
  expect(server.seen[0]).toMatchObject({
    path: '/api/v3/myTrades?symbol=BTCUSDT&signature=planted',
    headers: { 'x-mbx-apikey': 'planted', 'x-number': '5', host: `127.0.0.1:${server.port}` },
  });
  expect(server.seen[0]?.headers).not.toHaveProperty('x-none');
  expect(channel.facts).toMatchObject({ status: 200, code: null, isJson: true });
  await get();
  expect(server.seen[0]?.port).toBe(server.seen[1]?.port);
  expect(way.requests).toBe(2);
});

it('fetch - a packed answer is unpacked', async () => {
  const packed = gzipSync(JSON.stringify({ big: 'x'.repeat(10_000) }));
  const server = await serverOf(
    (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed),
  );
  const answer = await fetchTo(server.url).get();
  expect(await answer.text()).toHaveLength(10_010);
});

const NO_ANSWERS: readonly (readonly [string, Behaviour])[] = [
  ['a redirect', json({}, 302, { location: 'http://127.0.0.1:9/' })],
  ['an answer over the limit', json('x'.repeat(ANSWER_BYTES_MAX + 1))],
  [
    'an answer that unpacks over the limit',
    (_, response) =>
      void response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(ANSWER_BYTES_MAX + 1))),
  ],
  [
    'an unknown packing',
    (_, response) => void response.writeHead(200, { 'content-encoding': 'br' }).end('x'),
  ],
  ['a closed connection', (_, response) => void response.destroy()],
];

it.each(NO_ANSWERS)('fetch - %s is no answer, and is not followed', async (_, behaviour) => {
  const server = await serverOf(behaviour);
  const { get, channel } = fetchTo(server.url);
  await expect(get()).rejects.toMatchObject(UNREACHABLE);
  expect(channel.facts).toBeNull();
  expect(server.seen).toHaveLength(1);
});

it('fetch - an answer at the limit comes whole, a table may be longer', async () => {
  const server = await serverOf(json('x'.repeat(ANSWER_BYTES_MAX)));
  const { get, channel } = fetchTo(server.url);
  expect(await (await get()).text()).toHaveLength(ANSWER_BYTES_MAX);
  server.behave(json('x'.repeat(ANSWER_BYTES_MAX + 1)));
  channel.isTable = true;
  expect(await (await get()).text()).toHaveLength(ANSWER_BYTES_MAX + 1);
});

it.each([
  ['an answer', false, ANSWER_TIMEOUT_MS],
  ['a table', true, TABLE_TIMEOUT_MS],
])('fetch - %s that does not come is given up in time', async (_, isTable, timeoutMs) => {
  const time = new ManualTime();
  const silent = await rawServer(() => undefined);
  onTestFinished(() => silent.close());
  const { get, channel } = fetchTo(silent.url, time);
  channel.isTable = isTable;
  let isOver = false;
  const asked = get().catch((error: unknown) => {
    isOver = true;
    return error;
  });
  await until('the connection', () => silent.connections === 1);
  await time.advance(timeoutMs - 1, () => Promise.resolve());
  expect(isOver).toBe(false);
  await time.advance(1, () => Promise.resolve());
  expect(await asked).toMatchObject(UNREACHABLE);
  expect(time.timers).toBe(0);
});

it('fetch - what meets a kept connection that the server closed is sent again if it is a GET, once', async () => {
  let requests = 0;
  const closing = await rawServer((socket, text, nth) => {
    requests = nth;
    if (nth === 2 || text.startsWith('POST')) socket.resetAndDestroy();
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
  });
  onTestFinished(() => closing.close());
  const { get, send } = fetchTo(closing.url);
  await get();
  expect(await (await get()).text()).toBe('{}');
  expect(requests).toBe(3);
  // A POST may have done its work, and its counter must not come twice.
  await expect(send(ADDRESS, { method: 'POST', headers: {}, body: 'nonce=1' })).rejects.toMatchObject(
    UNREACHABLE,
  );
  expect(requests).toBe(4);
});

it('fetch - stop ends requests under way and lets none begin', async () => {
  const silent = await rawServer(() => undefined);
  onTestFinished(() => silent.close());
  const { get, way } = fetchTo(silent.url);
  const asked = get().catch((error: unknown) => error);
  await until('the connection', () => silent.connections === 1);
  way.stop();
  expect(await asked).toMatchObject(UNREACHABLE);
  await expect(get()).rejects.toMatchObject(UNREACHABLE);
  expect(way.requests).toBe(1);
});
