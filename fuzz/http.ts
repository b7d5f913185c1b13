// Malformed requests over real sockets to the real server: each gets the usual error shape or a closed connection, with
// the security headers, without a stack trace and without any text of the request, and the next good request is served.

import { connect } from 'node:net';
import { type ApiKey, KeyBook } from '../src/federation/domain/api-keys.ts';
import { keyHashOf, keyIdOf } from '../src/federation/domain/message-signature.ts';
import { NO_STATISTICS } from '../src/federation/http/no-statistics.ts';
import { createFederationServer } from '../src/federation/http/server.ts';
import type { Random } from '../src/lib/random.ts';
import { anyBytes, anyText, withBytesChanged } from './mutation.ts';
import { FuzzFailure, type FuzzTarget } from './target.ts';

const AT = '2026-01-15T10:30:00.000Z';
const ENOUGH_MS = 20;
const NO_SERIES = {
  onlineNodes: [],
  staleNodes: [],
  offlineNodes: [],
  activeNodes: [],
  totalNodes: [],
  totalTasks: [],
  completedTasks: [],
  failedTasks: [],
  cachedTasks: [],
  totalInvoices: [],
  successRate: [],
  cacheHitRate: [],
};
const MARK = 'zqxjkv';
const PATHS = [
  '/',
  '/assets/main.js',
  '/livez',
  '/readyz',
  '/metrics',
  '/api/federation/network-stats?period=',
  '/nothing',
];
const MORE_PATHS = [
  '/api/federation/nodes?state=',
  '/api/federation/nodes?page=',
  '/api/federation/events-log?kind=',
  '/api/federation/events-log.rss?node=',
  '/api/federation/nodes/node-1?window=',
  '/api/federation/nodes/',
  '/api/federation/nodes?sort=',
  '/api/federation/nodes?q=',
  '/api/federation/history?from=',
  '/api/federation/history?points=',
  '/api/federation/distributions?period=',
  '/api/federation/health?',
  '/api/federation/reporting?',
  '/api/federation/events?',
  '/api/federation/history.csv?from=',
  '/api/federation/nodes.csv?q=',
  '/api/federation/public?',
  '/api/federation/notifications?',
  '/api/federation/notifications/test?receiver=',
  // Without its label, which a badge repeats on purpose.
  '/badge/',
  '/badge/online.svg?x=',
  '/api/openapi.json?',
  '/../',
  '//',
];
const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'GETT',
];
const HEADERS = [
  'Connection: close',
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Expect: 100-continue',
];
const MORE_HEADERS = [
  'Upgrade: websocket',
  'Authorization: Bearer x',
  'Cookie: a=b',
  'Range: bytes=0-',
  'Accept: */*',
];
const STATUSES = new Set([
  200, 204, 304, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 417, 431, 501, 503, 505,
]);

function anyRequest(random: Random): Uint8Array {
  const path = random.pick([...PATHS, ...MORE_PATHS]);
  const tail = random.pick([
    '',
    MARK,
    '1',
    '24h',
    'online',
    '%00',
    '%ZZ',
    '..%2f..',
    '%0d%0aX-Split:%201',
    encodeURIComponent(anyText(random).replaceAll(/[\ud800-\udfff]/g, '')),
  ]);
  const lines = [
    `${random.chance(0.7) ? 'GET' : random.pick(METHODS)} ${path}${tail} HTTP/1.${random.chance(0.9) ? 1 : 0}`,
  ];
  if (random.chance(0.3)) lines.push(`Authorization: ${anyCredential(random)}`);
  for (let count = random.below(4); count > 0; count--) {
    lines.push(
      random.chance(0.9) ? random.pick([...HEADERS, ...MORE_HEADERS]) : `X-${MARK}: ${anyText(random)}`,
    );
  }
  const request = Buffer.from(
    `${lines.join('\r\n')}\r\n${random.chance(0.9) ? 'Host: b\r\n' : ''}\r\n${random.chance(0.2) ? '5\r\nhello\r\n0\r\n\r\n' : ''}`,
  );
  if (random.chance(0.5)) return request;
  return random.chance(0.9) ? withBytesChanged(random, request, anyBytes(random)) : anyBytes(random);
}

/** A key that may read, one that may not, one that is revoked; the guarded server knows them. */
const KEYS = ['R', 'P', 'X'].map((letter) => letter.repeat(43));
const [READER = ''] = KEYS;
/** Text that only holders of {@link READER} may read. */
const GUARDED = 'guarded-data';

function keyOf(key: string): ApiKey {
  const keyHash = keyHashOf(key);
  return {
    keyId: keyIdOf(keyHash),
    keyHash,
    name: 'fuzz',
    nodeId: null,
    permissions: [key.startsWith('P') ? 'publish' : 'subscribe'],
    ratePerMinute: 0,
    createdAtMs: 0,
    revokedAtMs: key.startsWith('X') ? 1 : null,
    createdEventMs: 0,
    revokedEventMs: key.startsWith('X') ? 1 : null,
  };
}

/** Possible values of `Authorization:`. */
function anyCredential(random: Random): string {
  const key = random.pick(KEYS);
  const at = random.below(key.length);
  const tampered = `${key.slice(0, at)}${random.pick(['', 'a', '=', ' ', '\t', 'é'])}${key.slice(at + 1)}`;
  return `${random.pick(['Bearer ', 'bearer  ', 'Bearer', 'Basic ', ''])}${random.pick([key, key, tampered, MARK])}`;
}

async function openServer(apiAuth: 'open' | 'required', failed: (error: unknown) => void) {
  const ok = { ok: true };
  const components = {
    database: ok,
    broker: ok,
    ingest: ok,
    workers: ok,
    tick: ok,
    messages: ok,
    process: ok,
  };
  const keys = new KeyBook(KEYS.map(keyOf));
  const server = createFederationServer(
    { host: '127.0.0.1', port: 0, apiAuth, embedOrigins: [] },
    {
      live: () => true,
      readiness: () => ({ status: 'ready', mode: 'jetstream', catchingUp: false, components }),
      clusterBackup: null,
      notifications: () => ({ receivers: [] }),
      testNotifications: async () => [],
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
      aggregatorId: () => GUARDED,
      statistics: (period) => ({
        data: NO_STATISTICS,
        period,
        timestamp: AT,
        aggregatorId: GUARDED,
        lastUpdated: AT,
      }),
      nodes: async ({ page }) => ({ nodes: [], page, pages: 0, total: 0 }),
      nodeOrder: async () => new Float64Array(),
      nodeListings: async () => [],
      node: async () => null,
      nodeCounts: () => ({ online: 0, stale: 0, offline: 0 }),
      events: async ({ page }) => ({ events: [], page, pages: 0, total: 0 }),
      trust: () => ({ authenticated: 0, claimed: 0 }),
      findKey: (keyId) => keys.find(keyId),
      keyUsed: () => undefined,
      keySetSummary: 'The keys that sign published statistics, a JWK set',
      publicKeys: () => [],
      history: async ({ period }) => ({
        period,
        from: AT,
        to: AT,
        stepMs: 1,
        at: [],
        series: NO_SERIES,
        gaps: [],
      }),
      reporting: async () => ({ tasks: 0, single: 0, share: null, sampledMax: 1 }),
      current: () => ({ status: GUARDED }),
      limits: () => ({
        ratePerMinute: 0,
        rateBurst: 0,
        globalPerSecond: 0,
        newNodesPerMinute: 0,
        maxNodes: 0,
      }),
      nowMs: () => Date.parse(AT),
      monotonicMs: () => performance.now(),
      failed,
    },
  );
  const { url } = await server.start();
  return { server, port: Number(new URL(url).port) };
}

/** The server's answer to these bytes; empty if it closes the connection. */
function ask(bytes: Uint8Array, { port }: { readonly port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    let enough: NodeJS.Timeout | undefined;
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      // An incomplete request gets its answer when no more bytes come.
      enough = setTimeout(() => socket.end(), ENOUGH_MS);
    });
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      answer += chunk;
      socket.end();
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(answer) : reject(error),
    );
    socket.on('close', () => {
      clearTimeout(enough);
      resolve(answer);
    });
  });
}

export async function httpTarget(): Promise<FuzzTarget> {
  const failures: unknown[] = [];
  const failed = (error: unknown) => void failures.push(error);
  const [open, guarded] = [await openServer('open', failed), await openServer('required', failed)];
  const outcomes: Record<string, number> = { 'hung up': 0 };
  let fed = 0;

  return {
    name: 'http',
    sliceInputs: 50,
    outcomes,
    async feed(random) {
      fed++;
      const isGuarded = random.chance(0.4);
      const request = anyRequest(random);
      const answer = await ask(request, isGuarded ? guarded : open);
      if (failures.length > 0) throw failures[0];
      const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(answer) ?? [];
      if (answer !== '' && status === undefined) throw new FuzzFailure('an answer is not HTTP');
      if (status !== undefined && status !== '100' && !STATUSES.has(Number(status)))
        throw new FuzzFailure(`status ${status}`);
      if (/\n {4}at |node_modules|x-split/i.test(answer))
        throw new FuzzFailure('an answer shows what it must not');
      if (answer.includes(MARK)) throw new FuzzFailure('an answer repeats what was sent');
      if (isGuarded && answer.includes(GUARDED) && !Buffer.from(request).includes(READER))
        throw new FuzzFailure('somebody without a key was answered');
      const outcome = `${isGuarded ? 'guarded: ' : ''}${status ?? 'hung up'}`;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    },
    async settle() {
      const good = `GET /api/federation/network-stats HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${READER}\r\nConnection: close\r\n\r\n`;
      for (const server of [open, guarded]) {
        const answer = await ask(Buffer.from(good), server);
        if (!answer.startsWith('HTTP/1.1 200 ') || !answer.includes(GUARDED))
          throw new FuzzFailure('a good request is not served any more');
      }
      const accounted = Object.values(outcomes).reduce((total, count) => total + count, 0);
      if (accounted !== fed) throw new FuzzFailure('a request is unaccounted for');
    },
    async close() {
      await open.server.stop();
      await guarded.server.stop();
    },
  };
}
