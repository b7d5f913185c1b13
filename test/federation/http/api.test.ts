// The API without the node list: history, distributions, health, and `/api/openapi.json`, which must be true.

import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { HTTP_QUESTIONS_MAX } from '../../../src/http/shared-answers.ts';
import type { History, HistoryQuery } from '../../../src/federation/domain/history.ts';
import type { FederationHttpParts } from '../../../src/federation/http/server.ts';
import { keyHashOf, keyIdOf, newApiKey } from '../../../src/federation/domain/message-signature.ts';
import { nodeEvent, ownEvent } from '../../../src/federation/domain/events.ts';
import { until } from '../../support/until.ts';
import { AT, createServer, startServer, statisticsOf } from './parts.ts';

const HISTORY: History = {
  period: 'all',
  from: AT,
  to: AT,
  stepMs: 1,
  at: [AT],
  series: {
    activeNodes: [1],
    totalNodes: [1],
    totalTasks: [3],
    completedTasks: [2],
    failedTasks: [1],
    cachedTasks: [0],
    totalInvoices: [0],
    successRate: [66.6],
    cacheHitRate: [0],
    onlineNodes: [null],
    staleNodes: [0],
    offlineNodes: [2],
  },
  gaps: [{ from: AT, to: AT }],
};
const NODE = {
  nodeId: 'node-1',
  state: 'online' as const,
  firstSeenAt: AT,
  lastSeenAt: AT,
  heartbeats: 3,
  uptime: null,
  authenticated: false,
};
const FILLED: Partial<FederationHttpParts> = {
  statistics: (period) =>
    statisticsOf({ totalTasks: 3, chainDistribution: { '1': 1, '20': 2 } }, period as '24h'),
  nodes: async () => ({ nodes: [NODE, { ...NODE, strip: [null, 1] }], page: 1, pages: 1, total: 2 }),
  node: async ({ nodeId }) =>
    nodeId === 'node-1'
      ? {
          ...NODE,
          strip: [null, 1],
          transitions: [{ at: AT, from: 'online', to: 'stale', cause: 'silence' }],
        }
      : null,
  history: async () => HISTORY,
  events: async () => ({
    events: [
      { id: 2, ...ownEvent('lost', Date.parse(AT), { count: 7 }) },
      {
        id: 1,
        ...nodeEvent({
          nodeId: 'node-1',
          atMs: Date.parse(AT),
          observedMs: 5,
          from: 'stale',
          to: 'offline',
          cause: 'silence',
        }),
      },
    ],
    page: 1,
    pages: 1,
    total: 2,
  }),
};

describe('http - history', () => {
  it.each<[string, Partial<HistoryQuery>]>([
    ['', { period: 'all', fromMs: Date.UTC(2026, 0, 14), toMs: Date.UTC(2026, 0, 15), points: 300 }],
    ['?period=7d&points=2', { period: '7d', points: 2 }],
    ['?bar=gasUsageDistribution:%3C100K', { bar: { distribution: 'gasUsageDistribution', label: '<100K' } }],
    ['?bar=chainDistribution:a:b', { bar: { distribution: 'chainDistribution', label: 'a:b' } }],
    ['?to=2024-02-29T23:59:59Z', { toMs: Date.UTC(2024, 1, 29, 23, 59, 59) }],
    ['?to=1970-01-01T00:00Z', { fromMs: -86_400_000, toMs: 0 }],
    ['?to=9999-12-31T23:59:59.999Z', { toMs: Date.UTC(9999, 11, 31, 23, 59, 59, 999) }],
    ['?to=2026-01-10T00:00Z', { fromMs: Date.UTC(2026, 0, 9), toMs: Date.UTC(2026, 0, 10) }],
    [
      '?from=2026-01-01T00:00:00.5Z&to=2026-01-10T00:00:00Z&points=2000',
      { fromMs: Date.UTC(2026, 0, 1) + 500, points: 2000 },
    ],
  ])('asks for %s', async (query, expected) => {
    const asked: HistoryQuery[] = [];
    const url = await startServer({
      history: async (historyQuery) => {
        asked.push(historyQuery);
        return HISTORY;
      },
    });
    const response = await fetch(`${url}/api/federation/history${query}`);
    expect([response.status, await response.json()]).toEqual([200, HISTORY]);
    expect(asked).toMatchObject([expected]);
  });

  it.each([
    ['period=2h', 'unknown_period'],
    ['from=yesterday', 'bad_time'],
    ['from=2026-13-01T00:00:00Z', 'bad_time'],
    ['from=2026-02-30T00:00:00Z', 'bad_time'],
    ['to=2026-04-31T00:00Z', 'bad_time'],
    ['from=2025-02-29T00:00:00.000Z', 'bad_time'],
    ['to=2026-01-01T24:00:00Z', 'bad_time'],
    ['from=2026-01-01', 'bad_time'],
    ['to=0000-01-01T00:00:00Z', 'bad_time'],
    ['from=1969-12-31T23:59:59.999Z', 'bad_time'],
    ['to=%2B010000-01-01T00:00:00Z', 'bad_time'],
    ['from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'bad_time'],
    ['to=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z', 'bad_time'],
    ['points=1', 'bad_points'],
    ['points=2001', 'bad_points'],
    ['points=1e3', 'bad_points'],
    ['bar=locationDistribution:48.0,11.5', 'bad_bar'],
    ['bar=chainDistribution', 'bad_bar'],
    ['bar=chainDistribution:', 'bad_bar'],
    ['bar=chainDistribution:a%20b', 'bad_bar'],
    [`bar=chainDistribution:${'a'.repeat(65)}`, 'bad_bar'],
  ])('refuses %s with %s', async (query, code) => {
    const response = await fetch(`${await startServer()}/api/federation/history?${query}`);
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code } }]);
  });
});

describe('http - shared answers', () => {
  it('requests for a history up to now share one question, although now moves on', async () => {
    const asked: HistoryQuery[] = [];
    let nowMs = Date.UTC(2026, 0, 15) + 1;
    const url = await startServer({
      nowMs: () => nowMs++,
      monotonicMs: () => 0,
      history: async (query) => {
        asked.push(query);
        return HISTORY;
      },
    });
    const first = await fetch(`${url}/api/federation/history`);
    const tag = first.headers.get('etag') ?? '';
    const second = await fetch(`${url}/api/federation/history`, { headers: { 'if-none-match': tag } });
    expect([first.status, second.status]).toEqual([200, 304]);
    expect(asked).toMatchObject([
      { fromMs: Date.UTC(2026, 0, 14, 0, 0, 15), toMs: Date.UTC(2026, 0, 15, 0, 0, 15) },
    ]);
  });

  it('equal requests at the same time share one question to the pool', async () => {
    let questions = 0;
    const url = await startServer({
      ...FILLED,
      monotonicMs: () => 0,
      reporting: async () => {
        questions++;
        return { tasks: 2, single: 1, share: 0.5, sampledMax: 9 };
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => fetch(`${url}/api/federation/reporting`)),
    );
    for (const answer of answers) expect(await answer.json()).toMatchObject({ share: 0.5 });
    expect(questions).toBe(1);
  });

  it('refuses a question that would delay a tick, and does not keep the refusal', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = 0;
    const url = await startServer({
      nodes: async () => {
        if (++asked > HTTP_QUESTIONS_MAX) throw new Error('asked too often');
        await gate;
        return { nodes: [], page: 1, pages: 0, total: 0 };
      },
    });
    const open = Array.from({ length: HTTP_QUESTIONS_MAX }, (_, page) =>
      fetch(`${url}/api/federation/nodes?page=${page + 1}`),
    );
    await until('all to be asked', () => asked === HTTP_QUESTIONS_MAX);
    const refused = await fetch(`${url}/api/federation/nodes?page=1000`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    release();
    expect(new Set((await Promise.all(open)).map(({ status }) => status))).toEqual(new Set([200]));
    asked = 0;
    expect((await fetch(`${url}/api/federation/nodes?page=1000`)).status).toBe(200);
  });
});

describe('http - distributions', () => {
  it('list closed labels in the order of the vocabulary, and open labels largest first', async () => {
    const url = await startServer({
      statistics: () =>
        statisticsOf({
          chainDistribution: { '1': 5, '137': 9, other: 20, aa: 9 },
          memoryUsedDistribution: { '<64MB': 0, '64-256MB': 3, '256MB-1GB': 0, '>1GB': 0, unknown: 1 },
        }),
    });
    const { distributions } = (await (await fetch(`${url}/api/federation/distributions`)).json()) as {
      distributions: Record<
        string,
        { total: number; bars: { label: string; count: number; share: number }[] }
      >;
    };
    expect(distributions['chainDistribution']?.bars.map(({ label }) => label)).toEqual([
      '137',
      'aa',
      '1',
      'other',
    ]);
    expect(distributions['memoryUsedDistribution']).toMatchObject({
      total: 4,
      bars: [{ label: '<64MB' }, { count: 3, share: 0.75 }, {}, {}, { label: 'unknown' }],
    });
    expect(Object.keys(distributions)).toHaveLength(8);
  });
});

interface Operation {
  security?: object[];
  parameters?: { name: string; in: string }[];
  responses: Record<string, { headers?: object; content?: Record<string, { schema: object }> }>;
}
interface Document {
  openapi: string;
  servers: readonly { readonly url: string }[];
  paths: Record<string, { get: Operation }>;
  components: object;
}

describe('http - openapi', () => {
  it.each([
    ['filled', FILLED],
    ['empty', { history: FILLED.history } as Partial<FederationHttpParts>],
  ])('describes every address correctly: %s', async (_name, parts) => {
    const url = await startServer(parts);
    const document = (await (await fetch(`${url}/api/openapi.json`)).json()) as Document;
    expect(document.openapi).toBe('3.1.0');
    for (const [at, root] of [
      ['http://here/api/openapi.json', 'http://here/'],
      ['http://here/aggregator/api/openapi.json', 'http://here/aggregator/'],
    ])
      expect(document.servers.map((server) => new URL(server.url, at).href)).toEqual([root]);
    const ajv = new Ajv2020({
      strict: false,
      allErrors: true,
      formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ },
    });
    const check = (schema: object, body: unknown, what: string) => {
      const validate = ajv.compile(schema);
      expect(validate(body) ? [] : validate.errors, what).toEqual([]);
    };
    const validated: string[] = [];
    for (const [path, { get }] of Object.entries(document.paths)) {
      const address = `${url}${path.replace('{id}', 'node-1')}`;
      const response = await fetch(address);
      const text = path.endsWith('/events') ? await firstEvent(response) : await response.text();
      const described = get.responses[response.status]?.content ?? {};
      const [[contentType, { schema }] = ['', { schema: {} }]] = Object.entries(described);
      expect(response.headers.get('content-type'), path).toContain(contentType);
      check(
        schema,
        /^(text\/(plain|csv)|image\/|application\/rss)/.test(contentType) ? text : JSON.parse(text),
        path,
      );
      validated.push(`${path} ${response.status}`);
      // The program reads every parameter that is described: rubbish in it is refused, as described.
      for (const parameter of (get.parameters ?? []).filter(({ in: place }) => place === 'query')) {
        const refused = await fetch(`${address}?${parameter.name}=%3C`);
        expect(refused.status, parameter.name).toBe(400);
        check(
          get.responses[400]?.content?.['application/json']?.schema ?? {},
          await refused.json(),
          parameter.name,
        );
      }
    }
    expect(validated).toHaveLength(24);
    expect(validated).toContain(`/api/federation/nodes/{id} ${parts.node === undefined ? 404 : 200}`);
  });

  it('names for every address the statuses that it answers, and no others', async () => {
    const publisher = newApiKey();
    const keyHash = keyHashOf(publisher);
    const key = {
      keyId: keyIdOf(keyHash),
      keyHash,
      name: 'test',
      nodeId: null,
      permissions: ['publish' as const],
      ratePerMinute: 60,
      createdAtMs: 0,
      revokedAtMs: null,
      createdEventMs: 0,
      revokedEventMs: null,
    };
    const open = await startServer(FILLED);
    const guarded = (await createServer({ ...FILLED, findKey: () => key }, { apiAuth: 'required' }).start())
      .url;
    const ask = async (address: string, headers: Record<string, string> = {}) => {
      const response = await fetch(address, { headers });
      await response.body?.cancel();
      return response;
    };
    const { paths, components } = (await (await fetch(`${open}/api/openapi.json`)).json()) as Document;
    expect(components).toMatchObject({ securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } });
    expect(Object.keys(paths)).toHaveLength(24);
    for (const [path, { get }] of Object.entries(paths)) {
      const own = path.replace('{id}', 'node-1');
      const first = await ask(`${open}${own}`);
      const tag = first.headers.get('etag');
      const answers = [
        first,
        await ask(`${open}${own}`, { 'if-none-match': tag ?? '*' }),
        await ask(`${open}${path.replace('{id}', 'node-2')}`),
        await ask(`${guarded}${own}`),
        await ask(`${guarded}${own}`, { authorization: `Bearer ${publisher}` }),
      ];
      for (const { name, in: place } of get.parameters ?? [])
        answers.push(
          await ask(
            place === 'path' ? `${open}${path.replace(`{${name}}`, '%zz')}` : `${open}${path}?${name}=%3C`,
          ),
        );
      const seen = new Set(answers.map(({ status }) => String(status)));
      // These depend on the moment, not on the request.
      const declared = Object.keys(get.responses).filter((status) => status !== '503');
      expect([...seen].toSorted(), path).toEqual(declared);
      expect(get.security, path).toEqual(seen.has('401') ? [{}, { bearer: [] }] : undefined);
      for (const status of ['200', '304'])
        expect('ETag' in (get.responses[status]?.headers ?? {}), `${path} ${status}`).toBe(tag !== null);
    }
  });
});

async function firstEvent(response: Response): Promise<string> {
  const reader = (response.body ?? new ReadableStream()).getReader();
  let text = '';
  while (!text.includes('event: snapshot') || !text.endsWith('\n\n'))
    text += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  return /^data: (.*)$/m.exec(text)?.[1] ?? '';
}
