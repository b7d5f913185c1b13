import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { NodePage, OneNodeQuery } from '../../../src/federation/domain/statistics.ts';
import { HTTP_CONNECTIONS_MAX, HTTP_CONNECTIONS_PER_ADDRESS_MAX } from '../../../src/http/bounded-server.ts';
import { PERIODS } from '../../../src/federation/domain/vocabulary.ts';
import type { PeriodStatistics } from '../../../src/federation/http/period-statistics.ts';
import { NO_STATISTICS } from '../../../src/federation/http/no-statistics.ts';
import type { Readiness } from '../../../src/federation/http/readiness.ts';
import { CodedError } from '../../../src/lib/errors.ts';
import {
  createServer as create,
  NO_NODES as noNodes,
  READY as ready,
  startServer as start,
  statisticsOf,
  TRUST,
} from './parts.ts';

function statistics(activeNodes: number): PeriodStatistics {
  return statisticsOf({ activeNodes });
}

async function errorOf(response: Response): Promise<string> {
  const body = (await response.json()) as { error: { code: string; message: string } };
  expect(Object.keys(body)).toEqual(['error']);
  expect(Object.keys(body.error)).toEqual(['code', 'message']);
  return body.error.code;
}

describe('http - health', () => {
  it('answers liveness while the event loop runs', async () => {
    let live = true;
    const url = await start({ live: () => live });
    const response = await fetch(`${url}/livez`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
    live = false;
    expect((await fetch(`${url}/livez`)).status).toBe(503);
  });

  it('answers readiness with 200 or 503 and every component', async () => {
    let readiness: Readiness = ready;
    const url = await start({ readiness: () => readiness });
    const response = await fetch(`${url}/readyz`);
    expect([response.status, await response.json()]).toEqual([200, ready]);
    readiness = { ...ready, status: 'not_ready' };
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
  });

  it('serves metrics with their content type', async () => {
    const response = await fetch(`${await start()}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
    expect(await response.text()).toBe('up 1\n');
  });
});

describe('http - network-stats', () => {
  it('is a flat object in the order of publication', async () => {
    const asked: string[] = [];
    const url = await start({
      statistics: (period) => {
        asked.push(period);
        return statistics(5);
      },
    });
    const body = (await (await fetch(`${url}/api/federation/network-stats?period=24h`)).json()) as object;
    expect(body).toEqual({
      ...NO_STATISTICS,
      activeNodes: 5,
      period: '24h',
      timestamp: '2026-01-15T10:30:00.000Z',
      aggregatorId: 'agg-1',
      lastUpdated: '2026-01-15T10:30:00.000Z',
      status: 'connected',
    });
    expect(Object.keys(body).slice(0, 2)).toEqual(['activeNodes', 'totalNodes']);
    await fetch(`${url}/api/federation/network-stats`);
    expect(asked).toEqual(['24h', 'all']);
  });

  it('changes with each tick, and only then', async () => {
    let reads = 0;
    const watched = (activeNodes: number): PeriodStatistics => {
      const value = statistics(activeNodes);
      return Object.defineProperty({ ...value }, 'data', {
        get: () => {
          reads += 1;
          return value.data;
        },
      });
    };
    let current = watched(1);
    const url = await start({ statistics: () => current });
    const get = async () =>
      (await (await fetch(`${url}/api/federation/network-stats?period=24h`)).json()) as object;
    for (let i = 0; i < 3; i += 1) expect(await get()).toMatchObject({ activeNodes: 1 });
    expect(reads).toBe(1);
    current = watched(2);
    expect(await get()).toMatchObject({ activeNodes: 2 });
    expect(reads).toBe(2);
  });

  it.each(PERIODS)('shows zeros and says that it awaits data before the first tick: %s', async (period) => {
    const response = await fetch(`${await start()}/api/federation/network-stats?period=${period}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      ...NO_STATISTICS,
      period,
      timestamp: '2026-01-15T00:00:00.000Z',
      aggregatorId: 'agg-1',
      lastUpdated: null,
      status: 'awaiting_data',
    });
  });

  it.each(['', '2h', 'ALL', '1h&period=24h', '__proto__', 'constructor'])(
    'refuses the period %s',
    async (period) => {
      const response = await fetch(`${await start()}/api/federation/network-stats?period=${period}`);
      expect([response.status, await errorOf(response)]).toEqual([400, 'unknown_period']);
    },
  );
});

describe('http - nodes', () => {
  it('http - one node with its transitions, and 404 for an unknown node', async () => {
    const asked: OneNodeQuery[] = [];
    const history = {
      nodeId: 'node-1',
      state: 'stale' as const,
      firstSeenAt: '2026-01-15T10:00:00.000Z',
      lastSeenAt: '2026-01-15T10:30:00.000Z',
      heartbeats: 3,
      uptime: 0.5,
      authenticated: true,
      transitions: [
        { at: '2026-01-15T10:32:30.000Z', from: 'online' as const, to: 'stale' as const, cause: 'silence' },
      ],
    };
    const url = await start({
      node: async (query) => {
        asked.push(query);
        return query.nodeId === 'node-1' ? history : null;
      },
    });
    expect(await (await fetch(`${url}/api/federation/nodes/node-1`)).json()).toEqual(history);
    const unknown = await fetch(`${url}/api/federation/nodes/%3Cimg%3E`);
    expect(unknown.status).toBe(404);
    expect(await errorOf(unknown)).toBe('not_found');
    await fetch(`${url}/api/federation/nodes/node-2?window=30d&strip=30`);
    expect(asked).toEqual([
      { nodeId: 'node-1', windowMs: 86_400_000, stripCells: 0 },
      { nodeId: '<img>', windowMs: 86_400_000, stripCells: 0 },
      { nodeId: 'node-2', windowMs: 30 * 86_400_000, stripCells: 30 },
    ]);
  });

  it.each([
    ['window=1y', 'bad_window'],
    ['window=24h&window=7d', 'bad_window'],
    ['window=', 'bad_window'],
    ['strip=367', 'bad_strip'],
    ['strip=x', 'bad_strip'],
  ])('http - of one node it refuses %s with %s', async (query, code) => {
    const response = await fetch(`${await start()}/api/federation/nodes/node-1?${query}`);
    expect([response.status, await errorOf(response)]).toEqual([400, code]);
  });

  it.each([
    ['', {}],
    ['?state=stale', { state: 'stale' }],
    ['?page=7&state=offline', { state: 'offline', page: 7 }],
    [
      '?q=Node-7&sort=-lastSeen&strip=48',
      { search: 'Node-7', sort: 'lastSeen', descending: true, stripCells: 48 },
    ],
    ['?q=&sort=nodeId', { sort: 'nodeId' }],
    ['?sort=-uptime', { sort: 'uptime', descending: true }],
    ['?pages=x&page=2&pages=%3C&__proto__=1', { page: 2 }],
  ])('asks for %s', async (query, expected) => {
    const asked: unknown[] = [];
    const page: NodePage = {
      nodes: [
        {
          nodeId: 'node-1',
          state: 'online',
          firstSeenAt: '2026-01-15T10:30:00.000Z',
          lastSeenAt: '2026-01-15T10:31:00.000Z',
          heartbeats: 3,
          uptime: null,
          authenticated: false,
        },
      ],
      page: 1,
      pages: 1,
      total: 1,
    };
    const url = await start({
      nodes: async (nodesQuery) => {
        asked.push(nodesQuery);
        return page;
      },
    });
    const response = await fetch(`${url}/api/federation/nodes${query}`);
    expect([response.status, await response.json()]).toEqual([200, { ...page, trust: TRUST }]);
    expect(asked).toEqual([
      {
        state: null,
        search: null,
        sort: 'firstSeen',
        descending: false,
        page: 1,
        stripCells: 0,
        ...expected,
      },
    ]);
  });

  it.each(['gone', '', 'online,stale', 'online&state=stale', 'toString'])(
    'refuses the state %s',
    async (state) => {
      const response = await fetch(`${await start()}/api/federation/nodes?state=${state}`);
      expect([response.status, await errorOf(response)]).toEqual([400, 'unknown_state']);
    },
  );

  it.each(['0', '-1', '1.5', '1e3', '', 'x', '01', '0x1', '%201', '%2B1', '1&page=2', '9'.repeat(20)])(
    'refuses the page %s',
    async (page) => {
      const response = await fetch(`${await start()}/api/federation/nodes?page=${page}`);
      expect([response.status, await errorOf(response)]).toEqual([400, 'bad_page']);
    },
  );

  it.each([
    ['q=a%20b', 'bad_search'],
    [`q=${'a'.repeat(65)}`, 'bad_search'],
    ['q=%3Cimg%3E', 'bad_search'],
    ['q=a&q=b', 'bad_search'],
    ['sort=down', 'bad_sort'],
    ['sort=--nodeId', 'bad_sort'],
    ['strip=97', 'bad_strip'],
    ['strip=-1', 'bad_strip'],
  ])('refuses %s with %s', async (query, code) => {
    const response = await fetch(`${await start()}/api/federation/nodes?${query}`);
    expect([response.status, await errorOf(response)]).toEqual([400, code]);
  });

  it('answers a query that took too long with a time to try again', async () => {
    const url = await start({
      nodes: async () => {
        throw new CodedError('worker_timeout', 'inner');
      },
    });
    const response = await fetch(`${url}/api/federation/nodes`);
    expect(response.headers.get('retry-after')).toBe('1');
    expect([response.status, await errorOf(response)]).toEqual([503, 'worker_timeout']);
  });

  it('answers that the database cannot be read, and names no file', async () => {
    const failures: unknown[] = [];
    const url = await start({
      nodes: async () => {
        throw new CodedError('database_unusable', '/data/a.db cannot be read (SQLITE_CORRUPT): …');
      },
      failed: (failure) => failures.push(failure),
    });
    const response = await fetch(`${url}/api/federation/nodes`);
    expect(response.headers.get('retry-after')).toBe('5');
    const text = await response.clone().text();
    expect([response.status, await errorOf(response)]).toEqual([503, 'database_unusable']);
    expect(text).not.toContain('a.db');
    expect(failures).toEqual([]);
  });
});

describe('http - errors', () => {
  it('hide internal causes from the client, and report them to the program', async () => {
    const failures: unknown[] = [];
    const error = new Error('hunter2');
    const url = await start({
      limits: () => {
        throw error;
      },
      failed: (failure) => failures.push(failure),
    });
    const response = await fetch(`${url}/api/federation/limits`);
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).toMatch(/^\{"error":\{"code":"internal",/);
    expect(text).not.toContain('hunter2');
    expect(failures).toEqual([error]);
  });

  it.each([
    ['GET', '/nothing', 404, 'not_found'],
    ['POST', '/nothing', 404, 'not_found'],
    ['GET', '/api/federation/limits/', 404, 'not_found'],
    ['POST', '/livez', 405, 'method_not_allowed'],
    ['DELETE', '/api/federation/nodes?page=1', 405, 'method_not_allowed'],
    ['OPTIONS', '/', 405, 'method_not_allowed'],
    ['PUT', '/api/federation/nodes/node-1', 405, 'method_not_allowed'],
    ['POST', '/a*b', 404, 'not_found'],
    ['POST', '/pageXjs', 404, 'not_found'],
    ['GET', '/%ZZ', 400, 'bad_request'],
  ])('%s %s is %i %s', async (method, path, status, code) => {
    const response = await fetch(`${await start()}${path}`, { method });
    expect(response.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect([response.status, await errorOf(response)]).toEqual([status, code]);
  });

  it('refuses a long body, and ignores a short one', async () => {
    const url = await start();
    const headers = { 'content-type': 'application/json' };
    const long = await fetch(`${url}/livez`, { method: 'POST', headers, body: '{"a":1}'.repeat(1_000) });
    expect([long.status, await errorOf(long)]).toEqual([413, 'body_too_large']);
    const short = await fetch(`${url}/livez`, { method: 'POST', headers, body: 'not json' });
    expect([short.status, await errorOf(short)]).toEqual([405, 'method_not_allowed']);
  });

  it.each([
    ['GARBAGE\r\n\r\n', 400, 'bad_request'],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ])('answers bytes that are not HTTP with the same error shape', async (text, status, code) => {
    const answer = await raw(await start(), text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('x-content-type-options: nosniff');
    expect(answer).toContain(`{"error":{"code":"${code}"`);
  });
});

function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

describe('http - headers', () => {
  it.each(['/', '/assets/main.js', '/livez', '/metrics', '/api/federation/limits', '/nothing'])(
    'protect %s',
    async (path) => {
      const { headers } = await fetch(`${await start()}${path}`);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/^default-src 'none';/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('access-control-allow-origin')).toBe(path.startsWith('/api/') ? '*' : null);
    },
  );

  it('let pages of any origin read the API, and no other address', async () => {
    const url = await start();
    const asked = await fetch(`${url}/api/federation/network-stats`, { method: 'OPTIONS' });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-methods')).toBe('GET, HEAD');
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
    expect((await fetch(`${url}/api/federation/limits`, { method: 'POST' })).status).toBe(405);
  });

  it.each(['/', '/assets/page.css', '/assets/uplot.js', '/api/federation/limits', '/api/openapi.json'])(
    'answer 304 to a client that already has %s',
    async (path) => {
      const url = `${await start()}${path}`;
      const tag = (await fetch(url)).headers.get('etag') ?? '';
      expect(tag).toMatch(/^"[\w-]{27}"$/);
      for (const [header, status] of [
        [tag, 304],
        [`"other", W/${tag}`, 304],
        ['"other"', 200],
      ] as const) {
        const again = await fetch(url, { headers: { 'if-none-match': header } });
        expect([again.status, again.headers.get('etag')]).toEqual([status, tag]);
        if (status === 304) expect(await again.text()).toBe('');
      }
    },
  );

  it.each([
    ['/livez', 200],
    ['/api/federation/nodes?page=2', 200],
    ['/api/federation/nodes?page=02', 400],
  ])('answer HEAD of %s as GET, without a body', async (path, status) => {
    const response = await fetch(`${await start()}${path}`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([status, '']);
  });
});

describe('http - bounds', () => {
  it('closes a connection above the limit of its address, or of the server, at once, and serves those below it', async () => {
    const port = Number(new URL(await start()).port);
    const sockets: Socket[] = [];
    const open = (localAddress: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', localAddress }, () =>
          socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n'),
        );
        sockets.push(socket);
        socket.once('data', (chunk) => resolve(String(chunk).slice(0, 15)));
        // The server closed before or after the client wrote: an end, or a reset.
        socket.once('close', () => resolve('closed'));
        socket.once('error', (error: NodeJS.ErrnoException) =>
          error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve('closed') : reject(error),
        );
      });
    try {
      const served = async (length: number, localAddress: string) => {
        const answers = await Promise.all(Array.from({ length }, () => open(localAddress)));
        expect(new Set(answers)).toEqual(new Set(['HTTP/1.1 200 OK']));
      };
      await served(HTTP_CONNECTIONS_PER_ADDRESS_MAX, '127.0.0.2');
      expect(await open('127.0.0.2')).toBe('closed');
      await served(HTTP_CONNECTIONS_MAX - HTTP_CONNECTIONS_PER_ADDRESS_MAX, '127.0.0.1');
      expect(await open('127.0.0.1')).toBe('closed');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe('http - start and stop', () => {
  it('names the place, the setting and the remedy when the port is taken', async () => {
    const port = Number(new URL(await start()).port);
    const second = create({}, { host: '127.0.0.1', port });
    await expect(second.start()).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:${port} .*HTTP_PORT`)),
    });
  });

  it.each([
    ['192.0.2.1', 'EADDRNOTAVAIL'],
    ['2001:db8::1', 'EADDRNOTAVAIL|EAFNOSUPPORT'],
    ['fe80::1', 'EINVAL|EADDRNOTAVAIL|EAFNOSUPPORT'],
    ['fe80::1%nope', 'EINVAL|EADDRNOTAVAIL|EAFNOSUPPORT'],
    ['no-such-host.invalid', 'ENOTFOUND|EAI_\\w+'],
  ])(
    'names HTTP_HOST, the cause and the remedy when %s is not an address of this machine',
    async (host, code) => {
      const server = create({}, { host, port: 0 });
      await expect(server.start()).rejects.toMatchObject({
        code: 'settings_invalid',
        message: expect.stringMatching(new RegExp(`^HTTP_HOST "${host}" .* \\((${code})\\): `)),
      });
    },
  );

  it.each(['0.0.0.0', 'localhost'])('gives an address that can be opened for %s', async (host) => {
    const { url } = await create({}, { host, port: 0 }).start();
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it('a stop lets a running answer finish, and accepts no new request', async () => {
    let release = (_page: NodePage): void => {};
    let asked = (): void => {};
    const wasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const server = create({
      nodes: () => {
        asked();
        return new Promise<NodePage>((resolve) => {
          release = resolve;
        });
      },
    });
    const { url } = await server.start();
    const answer = fetch(`${url}/api/federation/nodes`);
    await wasAsked;
    const stopped = server.stop();
    release(noNodes);
    expect((await answer).status).toBe(200);
    await stopped;
    await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed');
  });

  it('a stop does not wait for ever for an answer that never comes', async () => {
    let asked = (): void => {};
    const wasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const server = create({
      nodes: () => {
        asked();
        return new Promise<NodePage>(() => {});
      },
    });
    const { url } = await server.start();
    const answer = fetch(`${url}/api/federation/nodes`).then(
      () => 'answered',
      () => 'closed',
    );
    await wasAsked;
    await server.stop();
    expect(await answer).toBe('closed');
  });

  it('a server that was never started can be stopped', async () => {
    await expect(create().stop()).resolves.toBeUndefined();
  });
});
