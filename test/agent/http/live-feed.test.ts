// The live feed with real WebSocket clients, and raw sockets for what no client would send.

import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import type { StatisticsRow } from '../../../src/agent/domain/network-statistics.ts';
import { LIVE_BACKLOG_BYTES_MAX, LIVE_MESSAGE_BYTES_MAX } from '../../../src/agent/http/live-feed.ts';
import type { AgentHttpOptions } from '../../../src/agent/http/server.ts';
import { clientFrame, openClient, openRaw, upgradeRequest } from '../../io/web-socket-client.ts';
import { until } from '../../support/until.ts';
import { createServer } from './parts.ts';
import { NOW_MS, STATISTICS, VIEW } from './view.ts';

interface Frame {
  readonly type: string;
  readonly timestamp: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A server whose statistics and clock a test changes. */
async function open(options: Partial<AgentHttpOptions> = {}) {
  const state: { statistics: StatisticsRow | null; nowMs: number } = {
    statistics: STATISTICS,
    nowMs: NOW_MS,
  };
  const server = createServer(
    { view: () => ({ ...VIEW, statistics: state.statistics }), nowMs: () => state.nowMs },
    options,
  );
  const { url } = await server.start();
  return { server, state, url, ws: `${url.replace('http', 'ws')}/ws` };
}

const frames = (texts: readonly string[]) => texts.map((text) => JSON.parse(text) as Frame);
const typesOf = (texts: readonly string[]) => frames(texts).map(({ type }) => type);

/** The status with which a connection was refused; 101 if it was not. */
async function statusOf(ws: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const web = new WebSocket(ws, { headers });
  web.on('error', () => {});
  const refused = once(web, 'unexpected-response').then(([, response]) => {
    const { statusCode } = response as { statusCode: number };
    return statusCode;
  });
  const status = await Promise.race([once(web, 'open').then(() => 101), refused]);
  web.terminate();
  return status;
}

describe('agent live feed', () => {
  it('greets, and sends the statistics as the API has them', async () => {
    const { ws, url } = await open();
    const { texts } = await openClient(ws);
    await until('two frames', () => texts.length === 2);
    const data: unknown = await (await fetch(`${url}/api/federation/network-stats`)).json();
    expect(frames(texts)).toEqual([
      { type: 'connected', authRequired: false, timestamp: '2026-01-16T12:00:00.000Z' },
      { type: 'network_stats', data, timestamp: '2026-01-16T12:00:00.000Z' },
    ]);
  });

  it('sends every change once, also that the statistics became stale', async () => {
    const { ws, state } = await open();
    state.statistics = null;
    const first = await openClient(ws);
    await until('the greeting', () => first.texts.length === 1);
    state.statistics = STATISTICS;
    const second = await openClient(ws);
    await until('statistics', () => first.texts.length === 2 && second.texts.length === 2);
    state.nowMs += 91_000;
    await until('stale ones', () => first.texts.length === 3 && second.texts.length === 3);
    state.statistics = { ...STATISTICS, publishedMs: state.nowMs, receivedMs: state.nowMs };
    await until('new ones', () => first.texts.length === 4 && second.texts.length === 4);
    expect(frames(first.texts).map(({ data }) => data?.['isStale'])).toEqual([undefined, false, true, false]);
    expect(typesOf(second.texts)).toEqual(['connected', 'network_stats', 'network_stats', 'network_stats']);
  });

  it('answers pings, and ignores everything else', async () => {
    const { ws } = await open();
    const { web, texts } = await openClient(ws);
    const ignored = ['', 'x', '[]', 'null', '{"type":"auth","token":"t"}', '{"type":["ping"]}', '{"type":'];
    for (const text of ignored) web.send(text);
    web.send(Buffer.from('{"type":"ping"}'));
    web.send('{"type":"ping"}');
    await until('a pong', () => typesOf(texts).includes('pong'));
    expect(typesOf(texts)).toEqual(['connected', 'network_stats', 'pong']);
    expect(frames(texts).at(-1)).toEqual({ type: 'pong', timestamp: '2026-01-16T12:00:00.000Z' });
  });

  it('takes a message of the greatest length, and closes at a longer one', async () => {
    const { ws } = await open();
    const { web, texts, closed } = await openClient(ws);
    web.send('{"type":"ping"}'.padEnd(LIVE_MESSAGE_BYTES_MAX));
    await until('a pong', () => typesOf(texts).includes('pong'));
    web.send('{"type":"ping"}'.padEnd(LIVE_MESSAGE_BYTES_MAX + 1));
    expect((await closed)[0]).toBe(1009);
  });

  it('refuses pages of other sites, and takes programs, its own page and those of the setting', async () => {
    const { ws, url, server } = await open({ allowedOrigins: ['https://tru.watch'] });
    const { host } = new URL(url);
    for (const [origin, status] of [
      [undefined, 101],
      [`http://${host}`, 101],
      [`https://${host}`, 101],
      ['https://tru.watch', 101],
      ['https://evil.example', 403],
      ['https://tru.watch.evil.example', 403],
      ['http://127.0.0.1:1', 403],
      ['null', 403],
      ['rubbish', 403],
    ] as const)
      expect(await statusOf(ws, origin === undefined ? {} : { origin }), origin).toBe(status);
    expect(server.feed().refused).toBe(5);
  });

  it('takes no more than the limits allow, and more again when some have left', async () => {
    const { ws, server } = await open({ connectionsMax: 3, connectionsPerAddressMax: 2 });
    const clients = [await openClient(ws), await openClient(ws)];
    expect(await statusOf(ws)).toBe(429);
    expect(server.feed()).toEqual({ clients: 2, dropped: 0, refused: 1 });
    clients[0]?.web.close();
    await until('one client', () => server.feed().clients === 1);
    expect(await statusOf(ws)).toBe(101);
    const full = await open({ connectionsMax: 1 });
    await openClient(full.ws);
    expect(await statusOf(full.ws)).toBe(503);
  });

  it('drops a reader that reads nothing, and serves the others', async () => {
    const { ws, url, state, server } = await open();
    const deaf = await openRaw(url, upgradeRequest('/ws'));
    await until('the greeting', () => deaf.received().includes('connected'));
    deaf.socket.pause();
    const { texts } = await openClient(ws);
    // The system's own buffers take some MiB before anything waits in the program.
    const long = { ['x'.repeat(LIVE_BACKLOG_BYTES_MAX * 4)]: 1 };
    await until('a dropped reader', () => {
      const receivedMs = (state.statistics?.receivedMs ?? 0) + 1;
      const distributions = { ...STATISTICS.distributions, chainDistribution: long };
      state.statistics = { ...STATISTICS, receivedMs, distributions };
      return server.feed().dropped === 1;
    });
    await until('one client', () => server.feed().clients === 1);
    const before = texts.length;
    state.statistics = { ...STATISTICS, receivedMs: 1 };
    await until('a frame', () => texts.length > before);
  });

  it('survives rubbish', async () => {
    const { url, ws, server } = await open();
    const rubbish = [
      upgradeRequest('/ws', { 'sec-websocket-key': 'short' }),
      upgradeRequest('/ws', { 'sec-websocket-version': '7' }),
      upgradeRequest('/ws').replace('GET', 'POST'),
    ];
    for (const bytes of rubbish) {
      const raw = await openRaw(url, bytes);
      await raw.ended;
      expect(raw.received()).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
    const elsewhere = await openRaw(url, upgradeRequest('/other'));
    await until('an answer', () => elsewhere.received().startsWith('HTTP/1.1 404'));
    const unmasked = await openRaw(url, upgradeRequest('/ws'));
    await until('the greeting', () => unmasked.received().includes('connected'));
    unmasked.socket.write(Buffer.from([0x81, 1, 0x41]));
    await unmasked.ended;
    const reset = await openRaw(url, upgradeRequest('/ws', { origin: 'https://evil.example' }));
    reset.socket.resetAndDestroy();
    const whole = await openRaw(url, upgradeRequest('/ws?token=x'));
    whole.socket.write(clientFrame('{"type":"ping"}'));
    await until('a pong', () => whole.received().includes('pong'));
    await until('one client', () => server.feed().clients === 1);
    expect(await statusOf(ws)).toBe(101);
    const plain = await fetch(`${url}/ws`);
    expect([plain.status, await plain.json()]).toEqual([
      426,
      { error: expect.any(String), code: 'upgrade_required' },
    ]);
  });

  it('tells its readers when it stops', async () => {
    const { ws, server } = await open();
    const { closed } = await openClient(ws);
    await server.stop();
    expect(await closed).toEqual([1001, '']);
  });
});
