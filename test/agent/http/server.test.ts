// The API over a real socket: what deployed front ends read, the descriptions, refusals, and no canary in any answer.

import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { StatisticsRow } from '../../../src/agent/domain/network-statistics.ts';
import { STALE_AFTER_MS } from '../../../src/agent/http/answers.ts';
import type { AgentHttpParts } from '../../../src/agent/http/server.ts';
import { canariesIn } from '../../support/canaries.ts';
import { exchange } from '../../support/raw-exchange.ts';
import { startServer } from './parts.ts';
import { LINK, NODE_ID, NOW_MS, STATISTICS, VIEW } from './view.ts';

async function ask(url: string, path: string, init: RequestInit = {}) {
  const response = await fetch(`${url}${path}`, init);
  const text = await response.text();
  return { status: response.status, text, headers: response.headers };
}
const json = async (url: string, path: string) => JSON.parse((await ask(url, path)).text) as unknown;

const API = ['/api/federation/network-stats', '/api/federation/status', '/api/node', '/api/health'];
const ALL = [...API, '/livez', '/readyz', '/metrics', '/api/openapi.json', '/', '/assets/main.js'];

/** Everything at once that a view may have. */
const FULL: Partial<AgentHttpParts> = {
  view: () => ({
    ...VIEW,
    isOtherKeyOffered: true,
    link: { ...LINK, isConnected: false, reason: 'refused', forbidden: ['heartbeat'], saltFrom: null },
    periods: { '24h': { ...STATISTICS, aggregatorId: 'of the day' } },
  }),
};

describe('agent API - the statistics of the network', () => {
  it('are zeros, empty and awaiting data before the first', async () => {
    const url = await startServer({ view: () => ({ ...VIEW, statistics: null }) });
    expect(await json(url, '/api/federation/network-stats')).toEqual({
      activeNodes: 0,
      totalNodes: 0,
      totalTasks: 0,
      completedTasks: 0,
      failedTasks: 0,
      cachedTasks: 0,
      tasksLast24h: 0,
      totalInvoices: 0,
      invoicesLast24h: 0,
      successRate: 0,
      cacheHitRate: 0,
      executionTimeDistribution: {},
      gasUsageDistribution: {},
      stepsComputedDistribution: {},
      memoryUsedDistribution: {},
      chainDistribution: {},
      taskTypeDistribution: {},
      continentDistribution: {},
      locationDistribution: {},
      onlineNodes: 0,
      staleNodes: 0,
      offlineNodes: 0,
      lastUpdated: null,
      status: 'awaiting_data',
      timestamp: null,
      aggregatorId: '',
      signature: 'none',
      isStale: false,
    });
  });

  it('are those of the row, flat, with the time at which they came', async () => {
    const url = await startServer();
    expect(await json(url, '/api/federation/network-stats')).toEqual({
      ...STATISTICS.counts,
      ...STATISTICS.nodeCounts,
      ...STATISTICS.distributions,
      successRate: 98.2,
      cacheHitRate: 24.9,
      status: 'connected',
      lastUpdated: '2026-01-16T11:59:48.200Z',
      timestamp: '2026-01-16T11:59:48.000Z',
      aggregatorId: 'aggregator-6f0c',
      signature: 'valid',
      isStale: false,
    });
  });

  it.each([
    [STALE_AFTER_MS, false],
    [STALE_AFTER_MS + 1, true],
    [-60_000, false],
  ])('published %i ms ago, are stale: %s', async (ageMs, isStale) => {
    const statistics: StatisticsRow = { ...STATISTICS, publishedMs: NOW_MS - ageMs };
    const url = await startServer({ view: () => ({ ...VIEW, statistics }) });
    expect(await json(url, '/api/federation/network-stats')).toMatchObject({ isStale });
  });

  it('may be those of a shorter period, as far as they are known', async () => {
    const url = await startServer(FULL);
    const of = (period: string) => json(url, `/api/federation/network-stats?period=${period}`);
    expect(await of('24h')).toMatchObject({ aggregatorId: 'of the day' });
    expect(await of('all')).toMatchObject({ aggregatorId: 'aggregator-6f0c' });
    expect(await of('1h')).toMatchObject({ status: 'awaiting_data' });
    expect(await ask(url, '/api/federation/network-stats?period=2h')).toMatchObject({
      status: 400,
      text: '{"error":"period is one of 1h, 24h, 7d, all","code":"unknown_period"}',
    });
  });
});

describe('agent API - the node', () => {
  it('has the status that deployed front ends read, and more', async () => {
    const url = await startServer();
    expect(await json(url, '/api/federation/status')).toEqual({
      enabled: true,
      connected: true,
      healthy: true,
      status: 'connected',
      stats: {
        messagesSent: 498 + 504 + 487 + 2_880,
        messagesReceived: 5_781,
        errors: 6,
        reconnections: 2,
        subscriptions: 1,
        circuitOpen: false,
      },
      nodeId: NODE_ID,
      queued: 7,
      sources: [
        expect.objectContaining({ source: 'events', readable: true }),
        expect.objectContaining({ source: 'logs', bytesBehind: 4_096, problems: { too_long: 2 } }),
      ],
      joined: true,
    });
  });

  it.each([
    [{ isConnected: false }, { connected: false, healthy: false, status: 'disconnected' }],
    [{ breaker: 'open' as const }, { connected: true, healthy: false, stats: { circuitOpen: true } }],
    [{ breaker: 'trying' as const }, { healthy: false, stats: { circuitOpen: true } }],
  ])('with %j is not healthy', async (link, expected) => {
    const url = await startServer({ view: () => ({ ...VIEW, link: { ...LINK, ...link } }) });
    expect(await json(url, '/api/federation/status')).toMatchObject(expected);
  });

  it('has its own counts, and its share of the network', async () => {
    const url = await startServer();
    expect(await json(url, '/api/node')).toMatchObject({
      at: '2026-01-16T12:00:00.000Z',
      status: 'ready',
      reasons: [],
      nodeId: NODE_ID,
      state: 'online',
      lastHeartbeatAt: '2026-01-16T11:59:51.000Z',
      counts: VIEW.counts,
      share: { tasks: 512 / 12_480, invoices: 488 / 11_870 },
      waiting: { messages: 7, limit: 10_000, completions: 1 },
      messages: { heartbeat: { confirmed: 2_880, unconfirmed: 3, set_aside: 0, forbidden: 0 } },
    });
  });

  it.each([
    [null, null],
    [0, null],
    [100, 1],
    [1_024, 0.5],
  ])('has, of a network with %s tasks, the share %s', async (totalTasks, tasks) => {
    const statistics =
      totalTasks === null ? null : { ...STATISTICS, counts: { ...STATISTICS.counts, totalTasks } };
    const url = await startServer({ view: () => ({ ...VIEW, statistics }) });
    expect(await json(url, '/api/node')).toMatchObject({ share: { tasks } });
  });
});

describe('agent API - descriptions and probes', () => {
  it.each([
    ['of a node that works', {}],
    ['of one in trouble', FULL],
  ])('answers as its description says: %s', async (_name, parts) => {
    const url = await startServer(parts);
    const document = (await json(url, '/api/openapi.json')) as {
      paths: Record<
        string,
        { get: { responses: Record<string, { content: Record<string, { schema: object }> }> } }
      >;
    };
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const path of [...API, '/livez', '/readyz']) {
      const { status, text } = await ask(url, path);
      const schema = document.paths[path]?.get.responses[status]?.content['application/json']?.schema;
      expect(schema, path).toEqual(expect.any(Object));
      expect(ajv.validate(schema ?? false, JSON.parse(text)), `${path} ${ajv.errorsText()}`).toBe(true);
    }
    expect(document.paths['/ws']?.get.responses['426']).toBeDefined();
  });

  it('is 503 with the reason while it is not ready', async () => {
    const url = await startServer({ ...FULL, live: () => false });
    const { status, text } = await ask(url, '/readyz');
    expect([status, JSON.parse(text)]).toMatchObject([
      503,
      { status: 'not_ready', components: { broker: { ok: false }, salt: { ok: false } } },
    ]);
    expect(await ask(url, '/livez')).toMatchObject({ status: 503 });
    expect(await ask(await startServer(), '/readyz')).toMatchObject({ status: 200 });
    expect(await json(url, '/api/health')).toEqual({ status: 'ok', timestamp: '2026-01-16T12:00:00.000Z' });
  });

  it('revalidates an answer by its tag', async () => {
    const url = await startServer();
    for (const path of API.filter((one) => one !== '/api/health')) {
      const tag = (await ask(url, path)).headers.get('etag') ?? '';
      expect((await ask(url, path, { headers: { 'if-none-match': tag } })).status, path).toBe(304);
    }
  });
});

describe('agent API - what it refuses', () => {
  it.each(ALL)('takes only GET and HEAD at %s', async (path) => {
    const url = await startServer();
    expect(await ask(url, path, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const { status, text, headers } = await ask(url, path, { method });
      expect([status, JSON.parse(text)], method).toMatchObject([405, { code: 'method_not_allowed' }]);
      expect(headers.get('allow')).toBe('GET, HEAD');
    }
  });

  it('gives every answer the headers that forbid foreign content', async () => {
    const url = await startServer();
    for (const path of [...ALL, '/nothing', '/ws']) {
      const { headers } = await ask(url, path);
      expect(headers.get('content-security-policy'), path).toMatch(/^default-src 'none'; script-src 'self'/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('lets pages of other sites read only where a setting names them', async () => {
    const url = await startServer({}, { allowedOrigins: ['https://tru.watch', 'https://other.example'] });
    const allowed = async (origin: string, path = '/api/node') =>
      (await ask(url, path, { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await allowed('https://tru.watch')).toBe('https://tru.watch');
    expect(await allowed('https://other.example')).toBe('https://other.example');
    expect(await allowed('https://tru.watch.evil.example')).toBeNull();
    expect(await allowed('http://tru.watch')).toBeNull();
    expect(await allowed('https://tru.watch', '/metrics')).toBeNull();
    expect(await allowed('null')).toBeNull();
  });

  it.each([
    ['rubbish', '\x16\x03\x01\x02\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['no host', 'GET /api/node HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['long headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['a bad escape', 'GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'an upgrade elsewhere, which is ignored',
      'GET /livez HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
      /^HTTP\/1\.1 200 /,
    ],
  ])('answers %s', async (_name, bytes, answer) => {
    const url = await startServer();
    expect(await exchange(url, bytes)).toMatch(answer);
    expect((await ask(url, '/livez')).status).toBe(200);
  });

  it('shows nothing that a client sent, no path and no address of the broker', async () => {
    const url = await startServer(FULL);
    for (const path of ALL) {
      const { text } = await ask(url, path);
      expect(canariesIn(text), path).toEqual([]);
      expect(text, path).not.toMatch(/\/app\/|4222|0x[0-9a-f]{40}/);
    }
    const canary = '0xc0ffee0badc0ded00dfacade5eedc0ffee0badc0';
    for (const path of [`/${canary}`, `/api/federation/network-stats?period=${canary}`])
      expect((await ask(url, path)).text).not.toContain('c0ffee');
  });
});
