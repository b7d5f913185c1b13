import { get } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type ApiKey, KeyBook, type Permission } from '../../../src/federation/domain/api-keys.ts';
import { keyHashOf, keyIdOf, newApiKey } from '../../../src/federation/domain/message-signature.ts';
import { createServer } from './parts.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);

function keyOf(text: string, permissions: readonly Permission[], revokedAtMs: number | null = null): ApiKey {
  const keyHash = keyHashOf(text);
  return {
    keyId: keyIdOf(keyHash),
    keyHash,
    name: 'test',
    nodeId: null,
    permissions,
    ratePerMinute: 60,
    createdAtMs: 0,
    revokedAtMs,
    createdEventMs: 0,
    revokedEventMs: revokedAtMs,
  };
}

const [reader, writer, chief, ended, stranger] = [
  newApiKey(),
  newApiKey(),
  newApiKey(),
  newApiKey(),
  newApiKey(),
];
const BOOK = new KeyBook([
  keyOf(reader, ['subscribe']),
  keyOf(writer, ['publish']),
  keyOf(chief, ['admin']),
  keyOf(ended, ['subscribe'], NOW_MS),
]);

async function start(apiAuth: 'open' | 'required', used: string[] = []): Promise<string> {
  let monotonicMs = 5_000;
  const server = createServer(
    {
      findKey: (keyId) => BOOK.find(keyId),
      keyUsed: (keyId) => used.push(keyId),
      // The wall clock is set back a month: revoked keys stay revoked.
      nowMs: () => NOW_MS - 30 * 86_400_000,
      monotonicMs: () => (monotonicMs += 10_000),
    },
    { apiAuth },
  );
  return (await server.start()).url;
}

const API = [
  '/api/federation/network-stats',
  '/api/federation/nodes',
  '/api/federation/limits',
  '/api/federation/health',
  '/api/openapi.json',
];

/** The status for an address that is sent unchanged: `fetch` would normalise it. */
function statusOf(url: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).once('error', reject);
  });
}

describe('API_AUTH', () => {
  it.each([
    ['no header', undefined, 401, 'unauthenticated'],
    ['another scheme', `Basic ${reader}`, 401, 'unauthenticated'],
    ['no key', 'Bearer', 401, 'unauthenticated'],
    ['a hash instead of its key', `Bearer ${keyHashOf(reader)}`, 401, 'unauthenticated'],
    ['an unknown key', `Bearer ${stranger}`, 401, 'unauthenticated'],
    ['a revoked key', `Bearer ${ended}`, 401, 'unauthenticated'],
    ['a key that may only publish', `Bearer ${writer}`, 403, 'forbidden'],
    ['a key that may read', `Bearer ${reader}`, 200, undefined],
    ['in another spelling', `bearer  ${reader}`, 200, undefined],
    ['a key that may do everything', `Bearer ${chief}`, 200, undefined],
  ])('API_AUTH - required: %s', async (_what, authorization, status, code) => {
    const url = await start('required');
    for (const path of API) {
      const response = await fetch(`${url}${path}`, {
        headers: authorization === undefined ? {} : { authorization },
      });
      const body = (await response.json()) as { error?: { code: string } };
      expect([path, response.status, body.error?.code]).toEqual([path, status, code]);
      expect(response.headers.get('www-authenticate') !== null).toBe(status === 401);
    }
  });

  it('API_AUTH - required mode asks for no key on probes, metrics, the key set and the page', async () => {
    const url = await start('required');
    for (const path of ['/livez', '/readyz', '/metrics', '/.well-known/aggregator/keys', '/']) {
      expect([path, (await fetch(`${url}${path}`)).status]).toEqual([path, 200]);
    }
    expect((await fetch(`${url}/.well-known/aggregator/keys`)).headers.get('content-type')).toMatch(
      /^application\/jwk-set\+json/,
    );
  });

  it.each([
    '/%61pi/federation/nodes',
    '/api/federation/%6eodes',
    '/api/federation/nodes?x=/livez',
    '//api/federation/nodes',
    '/api/federation/nodes/',
  ])('API_AUTH - no spelling of an address avoids the check: %s', async (path) => {
    expect([401, 404]).toContain(await statusOf(await start('required'), path));
  });

  it('API_AUTH - every address under /api/ and every badge asks for a key, including addresses that are added later', async () => {
    const url = await start('required');
    const described = await fetch(`${url}/api/openapi.json`, {
      headers: { authorization: `Bearer ${reader}` },
    });
    const { paths } = (await described.json()) as { paths: Record<string, unknown> };
    const isClosed = (path: string) => /^\/(api|badge)\//.test(path);
    const closed = Object.keys(paths).filter(isClosed);
    expect(closed.length).toBeGreaterThan(5);
    for (const path of ['/api/openapi.json', ...closed])
      expect([path, await statusOf(url, path.replace('{id}', 'node-0001'))]).toEqual([path, 401]);
    const open = Object.keys(paths).filter((path) => !isClosed(path));
    expect(open.toSorted()).toEqual(['/.well-known/aggregator/keys', '/livez', '/metrics', '/readyz']);
  });

  it('API_AUTH - a live feed ends when its key is revoked', async () => {
    const book = new KeyBook(BOOK.all);
    const parts = { findKey: (keyId: string) => book.find(keyId), nowMs: () => NOW_MS - 3_600_000 };
    const { url } = await createServer(parts, { apiAuth: 'required' }).start();
    const response = await fetch(`${url}/api/federation/events`, {
      headers: { authorization: `Bearer ${reader}` },
    });
    expect(response.status).toBe(200);
    const ended = response.text();
    const key = book.find(keyIdOf(keyHashOf(reader)));
    if (key !== undefined) book.put({ ...key, revokedAtMs: NOW_MS, revokedEventMs: NOW_MS });
    // Otherwise the feed would continue for ten minutes.
    expect(await ended).toContain('event: snapshot');
  });

  it('API_AUTH - HEAD needs a key as GET does', async () => {
    const url = await start('required');
    for (const path of [API[0], '/api/federation/events'])
      expect([path, (await fetch(`${url}${path}`, { method: 'HEAD' })).status]).toEqual([path, 401]);
  });

  it('API_AUTH - the use of a key is recorded, but not on every request', async () => {
    const used: string[] = [];
    const url = await start('required', used);
    for (let request = 0; request < 8; request++)
      await fetch(`${url}${API[2]}`, { headers: { authorization: `Bearer ${reader}` } });
    expect(used.length).toBeGreaterThan(0);
    expect(used.length).toBeLessThan(4);
    expect(new Set(used)).toEqual(new Set([keyIdOf(keyHashOf(reader))]));
  });

  it('API_AUTH - open mode asks for no key, and accepts one', async () => {
    const url = await start('open');
    for (const authorization of ['', `Bearer ${stranger}`])
      expect((await fetch(`${url}${API[0]}`, { headers: { authorization } })).status).toBe(200);
  });
});
