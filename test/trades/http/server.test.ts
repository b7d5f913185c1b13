// The routes beside the jobs API over a real socket: users, keys, probes, the page's data. Every answer of the page's API
// must be as its own description says.

import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/lib/errors.ts';
import type { BucketQuery, OutboxQuery } from '../../../src/trades/domain/questions.ts';
import type { PlainRegistration } from '../../../src/trades/domain/registration.ts';
import { REGISTRATION_BYTES_MAX, type Registrations } from '../../../src/trades/http/user-routes.ts';
import { startServer } from './parts.ts';
import { HOSTILE, RICH_PARTS, RICH_VIEW } from './rich.ts';
import { STARTED_MS, VIEW } from './view.ts';

async function ask(url: string, path: string, init: RequestInit = {}) {
  const response = await fetch(`${url}${path}`, init);
  const text = await response.text();
  return { status: response.status, text, headers: response.headers };
}
const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });

const ACCOUNT = { userId: 'me', exchange: 'binance', apiKey: 'key-0123456789', secret: 'secret-zqxjkv' };
const FIGURES = {
  totalVolume: 7,
  totalTrades: 2,
  totalReturnPct: 1.5,
  totalReturnUsd: 3,
  totalFees: 0.5,
};
const ALLOWED = { allowsPlainRegistration: true };

/** An enclave that remembers what it was told. */
function enclave(more: Partial<Registrations> = {}) {
  const registered: PlainRegistration[] = [];
  const removed: string[] = [];
  const registrations: Registrations = {
    register: async (registration) => {
      registered.push(registration);
      return null;
    },
    remove: async (userId) => {
      removed.push(userId);
      return null;
    },
    metrics: async () => [],
    summary: async (userId) => (userId === 'me' ? FIGURES : null),
    ...more,
  };
  return { registrations, registered, removed };
}

describe('trades server - users', () => {
  it('is off on every route, with the reason, and reads no body', async () => {
    const url = await startServer({ registrations: enclave().registrations });
    for (const [method, path] of [
      ['POST', '/users'],
      ['DELETE', '/users/me'],
      ['GET', '/users/me/metrics'],
      ['GET', '/users/me/summary'],
    ] as const) {
      const body = method === 'POST' ? { body: JSON.stringify(ACCOUNT) } : {};
      const { status, text } = await ask(url, path, { method, ...body });
      expect([status, JSON.parse(text)]).toEqual([
        403,
        { error: expect.stringMatching(/^Registration in plain text is off.*revoke/), code: 'plaintext_off' },
      ]);
      expect(text).not.toContain('zqxjkv');
    }
  });

  it.each([
    [REGISTRATION_BYTES_MAX, 503, 'no_enclave'],
    [REGISTRATION_BYTES_MAX + 1, 413, 'body_too_large'],
  ])('a registration of %i bytes is %i', async (bytes, status, code) => {
    const url = await startServer({}, ALLOWED);
    const body = JSON.stringify(ACCOUNT).padEnd(bytes);
    const answer = await ask(url, '/users', { method: 'POST', body });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([status, { error: expect.any(String), code }]);
  });

  it('says that there is no enclave; whoever is unknown has nothing', async () => {
    const url = await startServer({}, ALLOWED);
    for (const [path, init] of [
      ['/users', post(ACCOUNT)],
      ['/users/me', { method: 'DELETE' }],
    ] as const)
      expect(await ask(url, path, init)).toMatchObject({
        status: 503,
        text: expect.stringContaining('"code":"no_enclave"'),
      });
    expect((await ask(url, '/users/me/metrics')).text).toBe('{"metrics":[]}');
    expect((await ask(url, '/users/me/summary')).text).toBe(
      '{"summary":{"totalVolume":0,"totalTrades":0,"totalReturnPct":0,"totalReturnUsd":0,"totalFees":0}}',
    );
  });

  it.each([
    [{}, { isSandbox: false, accountType: 'spot', apiIntervalMs: 60_000, retriesMax: 3 }],
    [
      { sandbox: { IsPresent: true }, accountType: 'futures', apiInterval: 1_000, maxRetries: 0 },
      { isSandbox: true, accountType: 'futures', apiIntervalMs: 1_000, retriesMax: 0 },
    ],
    [{ sandbox: { IsPresent: false }, other: 1 }, { isSandbox: false }],
    [
      { sandbox: true, maxRetries: null },
      { isSandbox: true, retriesMax: 3 },
    ],
  ])('hands a registration with %j to the enclave', async (options, decoded) => {
    const { registrations, registered } = enclave();
    const url = await startServer({ registrations }, ALLOWED);
    const { status, text } = await ask(url, '/users', post({ ...ACCOUNT, ...options }));
    expect([status, JSON.parse(text)]).toEqual([200, { success: true, message: expect.any(String) }]);
    expect(registered).toEqual([expect.objectContaining({ ...ACCOUNT, ...decoded })]);
  });

  it.each([
    [{ userId: 'a b' }, /^userId /],
    [{ exchange: '__proto__x!' }, /^exchange /],
    [{ apiKey: 'short' }, /^apiKey /],
    [{ secret: 7 }, /^secret /],
    [{ sandbox: 'yes' }, /^sandbox /],
    [{ accountType: 'toString' }, /^accountType /],
    [{ apiInterval: 999 }, /^apiInterval /],
    [{ maxRetries: 1.5 }, /^maxRetries /],
  ])('refuses a registration with %j, and names only the member', async (wrong, error) => {
    const { registrations, registered } = enclave();
    const url = await startServer({ registrations }, ALLOWED);
    const { status, text } = await ask(url, '/users', post({ ...ACCOUNT, ...wrong }));
    expect([status, JSON.parse(text)]).toEqual([
      400,
      { error: expect.stringMatching(error), code: 'bad_request' },
    ]);
    expect(text).not.toContain('zqxjkv');
    expect(registered).toEqual([]);
  });

  it('gives what the enclave answers', async () => {
    const refusal = { status: 403, code: 'withdrawals', reason: 'the key may withdraw' } as const;
    const { registrations, removed } = enclave({ register: async () => refusal });
    const url = await startServer({ registrations }, ALLOWED);
    const refused = await ask(url, '/users', post(ACCOUNT));
    expect([refused.status, refused.text]).toEqual([
      403,
      '{"error":"the key may withdraw","code":"withdrawals"}',
    ]);
    expect((await ask(url, '/users/me', { method: 'DELETE' })).status).toBe(200);
    expect(removed).toEqual(['me']);
    expect(JSON.parse((await ask(url, '/users/me/summary')).text)).toEqual({ summary: FIGURES });
    expect((await ask(url, '/users', post({ ...ACCOUNT, secret: 'x'.repeat(25_000) }))).status).toBe(413);
  });
});

describe('trades server - probes and keys', () => {
  it('answers health, liveness, readiness, metrics and keys', async () => {
    const key = { kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 'k', use: 'sig', alg: 'EdDSA' } as const;
    const url = await startServer({ publicKeys: () => [key], nowMs: () => STARTED_MS });
    expect((await ask(url, '/health')).text).toBe('{"status":"ok","timestamp":"2026-01-15T00:00:00.000Z"}');
    expect((await ask(url, '/livez')).text).toBe('{"status":"ok"}');
    expect((await ask(url, '/metrics')).text).toBe('up 1\n');
    expect(await ask(url, '/readyz')).toMatchObject({ status: 200 });
    const keys = await ask(url, '/.well-known/aggregator/keys');
    expect(JSON.parse(keys.text)).toEqual({ keys: [key] });
    expect(keys.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('is 503 with the reason while a component fails', async () => {
    const store = { ...VIEW.store, problem: 'the disk is full' };
    const url = await startServer({ view: () => ({ ...VIEW, store }), live: () => false });
    const { status, text } = await ask(url, '/readyz');
    expect([status, JSON.parse(text)]).toMatchObject([
      503,
      { components: { database: { ok: false, reason: 'the disk is full' }, jobs: { ok: true } } },
    ]);
    expect(await ask(url, '/livez')).toMatchObject({ status: 503, text: '{"status":"not_live"}' });
  });
});

describe("trades server - the page's data", () => {
  it('is as its own description says, and is revalidated by its tag', async () => {
    const url = await startServer({ view: () => RICH_VIEW, ...RICH_PARTS });
    const document = JSON.parse((await ask(url, '/api/openapi.json')).text) as {
      paths: Record<
        string,
        { get: { responses: Record<string, { content: Record<string, { schema: object }> }> } }
      >;
    };
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const path of ['health', 'jobs', 'outbox', 'clients', 'buckets'].map(
      (name) => `/api/trades/${name}`,
    )) {
      const { status, text, headers } = await ask(url, path);
      const schema = document.paths[path]?.get.responses['200']?.content['application/json']?.schema;
      expect([status, schema], path).toEqual([200, expect.any(Object)]);
      expect(ajv.validate(schema ?? false, JSON.parse(text)), `${path} ${ajv.errorsText()}`).toBe(true);
      if (path.endsWith('health')) continue;
      const again = { headers: { 'if-none-match': headers.get('etag') ?? '' } };
      expect((await ask(url, path, again)).status, path).toBe(304);
    }
  });

  it('asks the questions of its parameters, in whole hours', async () => {
    const asked: (BucketQuery | OutboxQuery)[] = [];
    const url = await startServer({
      nowMs: () => Date.parse('2026-01-15T10:20:30Z'),
      buckets: async (query) => {
        asked.push(query);
        return { stepMs: 3_600_000, points: [] };
      },
      outbox: async (query) => {
        asked.push(query);
        return [];
      },
    });
    const client = encodeURIComponent(HOSTILE);
    for (const path of [
      'buckets',
      `buckets?from=2026-01-14T01:30Z&to=2026-01-14T03:00Z&client=${client}`,
      'outbox',
      'outbox?state=dead&before=7&limit=9',
    ])
      expect((await ask(url, `/api/trades/${path}`)).status).toBe(200);
    expect(asked).toEqual([
      {
        fromMs: Date.parse('2026-01-08T11:00Z'),
        toMs: Date.parse('2026-01-15T11:00Z'),
        clientId: null,
      },
      {
        fromMs: Date.parse('2026-01-14T01:00Z'),
        toMs: Date.parse('2026-01-14T03:00Z'),
        clientId: HOSTILE,
      },
      { state: null, beforeId: null, limit: 50 },
      { state: 'dead', beforeId: 7, limit: 9 },
    ]);
  });

  it.each([
    ['buckets?from=yesterday', 'bad_time'],
    ['buckets?from=2026-01-14T03:00Z&to=2026-01-14T03:00Z', 'bad_time'],
    ['buckets?client=', 'bad_client'],
    ['buckets?client=a%0Ab', 'bad_client'],
    ['outbox?state=sent', 'bad_state'],
    ['outbox?before=0', 'bad_before'],
    ['outbox?limit=201', 'bad_limit'],
    ['jobs?limit=1e2', 'bad_limit'],
  ])('refuses %s', async (path, code) => {
    const { status, text } = await ask(await startServer(), `/api/trades/${path}`);
    expect([status, JSON.parse(text)]).toEqual([400, { error: expect.any(String), code }]);
  });

  it('is 503 while the database cannot be read', async () => {
    const url = await startServer({
      outbox: async () => Promise.reject(new CodedError('database_unusable', 'zqxjkv')),
    });
    const { status, text, headers } = await ask(url, '/api/trades/outbox');
    expect([status, headers.get('retry-after'), JSON.parse(text)]).toEqual([
      503,
      '5',
      { error: expect.any(String), code: 'database_unusable' },
    ]);
    expect(text).not.toContain('zqxjkv');
  });

  it('comes over the live feed too, without clients and without job ids', async () => {
    const url = await startServer({ view: () => RICH_VIEW, ...RICH_PARTS });
    const end = new AbortController();
    const response = await fetch(`${url}/api/trades/events`, { signal: end.signal });
    const reader = response.body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    end.abort();
    const text = new TextDecoder().decode(value);
    expect(text).toMatch(/^event: snapshot\ndata: \{/m);
    expect(text).toContain('"deadLetters":2');
    expect(text).not.toContain('client-W');
  });
});
