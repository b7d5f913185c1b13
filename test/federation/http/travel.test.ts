// Numbers that leave for other places: CSV files, badges, the public page and its feed, and who may show the page in a
// frame.

import { get, type IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type ApiKey, KeyBook } from '../../../src/federation/domain/api-keys.ts';
import { HISTORY_SERIES, type History, type HistorySeries } from '../../../src/federation/domain/history.ts';
import { keyHashOf, keyIdOf, newApiKey } from '../../../src/federation/domain/message-signature.ts';
import type { NodeListing, NodeOrderQuery } from '../../../src/federation/domain/statistics.ts';
import { HTTP_EXPORTS_MAX } from '../../../src/http/exports.ts';
import { CodedError } from '../../../src/lib/errors.ts';
import { parseCsv } from '../../support/csv.ts';
import { until } from '../../support/until.ts';
import { AT, createServer, startServer, statisticsOf } from './parts.ts';

const LATER = '2026-01-15T10:40:00.000Z';

function historyOf(at: readonly string[]): History {
  const series = Object.fromEntries(
    HISTORY_SERIES.map((name, index) => [name, at.map((_, row) => row + index)]),
  ) as Record<HistorySeries, number[]>;
  const gaps = at.length < 2 ? [] : [{ from: AT, to: LATER }];
  return { period: 'all', from: AT, to: LATER, stepMs: 1, at, series, gaps };
}

function nodeOf(number: number): NodeListing {
  return {
    nodeId: `node-${number}`,
    state: 'online',
    firstSeenAt: AT,
    lastSeenAt: LATER,
    heartbeats: number,
    uptime: number === 1 ? null : 0.5,
    authenticated: number % 2 === 0,
  };
}

const listings = async (numbers: readonly number[], strip: number) =>
  numbers.map((number) => ({ ...nodeOf(number), ...(strip > 0 && { strip: [null, 1].slice(0, strip) }) }));

const range = (count: number) => Float64Array.from({ length: count }, (_, index) => index + 1);

describe('http - history.csv', () => {
  it('has a header, a row for each time, and says where rows are missing', async () => {
    const url = await startServer({ history: async () => historyOf([AT, LATER]) });
    const response = await fetch(`${url}/api/federation/history.csv?period=24h&to=2026-01-15T11:00Z`);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="federation-history-24h-20260115T110000Z.csv"',
    );
    const [header, ...rows] = parseCsv(await response.text());
    expect(header).toEqual(['at', ...HISTORY_SERIES, 'rowsMissingBefore']);
    expect(rows.map(([at, first, second]) => [at, first, second])).toEqual([
      [AT, '0', '1'],
      [LATER, '1', '2'],
    ]);
    expect(rows.map((row) => row.at(-1))).toEqual(['false', 'true']);
  });

  it('has a column for the label that is asked for, and empty cells where a number is not known', async () => {
    const known = historyOf([AT, LATER]);
    const history = { ...known, series: { ...known.series, onlineNodes: [null, 7] }, bar: [null, 3] };
    const url = await startServer({ history: async () => history });
    const query = new URLSearchParams({ bar: 'chainDistribution:1"a,b' });
    const response = await fetch(`${url}/api/federation/history.csv?${query}`);
    const [header = [], ...rows] = parseCsv(await response.text());
    expect(header.at(-2)).toBe('chainDistribution:1"a,b');
    expect(rows.map((row) => [row[header.indexOf('onlineNodes')], row.at(-2)])).toEqual([
      ['', ''],
      ['7', '3'],
    ]);
  });

  it('shares its question with the JSON of the same span', async () => {
    let questions = 0;
    const history = async () => {
      questions++;
      return historyOf([AT]);
    };
    const url = await startServer({ history, monotonicMs: () => 0 });
    for (const path of ['history', 'history.csv'])
      await (await fetch(`${url}/api/federation/${path}`)).text();
    expect(questions).toBe(1);
  });

  it.each(['period=2h', 'points=1', 'from=yesterday'])('refuses %s as the JSON does', async (query) => {
    expect((await fetch(`${await startServer()}/api/federation/history.csv?${query}`)).status).toBe(400);
  });
});

describe('http - nodes.csv', () => {
  it('has every matching node once, in parts, whatever the number', async () => {
    const asked: NodeOrderQuery[] = [];
    const sizes: number[] = [];
    const url = await startServer({
      nodeOrder: async (query) => {
        asked.push(query);
        return range(1_201);
      },
      nodeListings: async (numbers, strip) => {
        sizes.push(numbers.length);
        return listings(numbers, strip);
      },
    });
    const response = await fetch(`${url}/api/federation/nodes.csv?state=online&q=NODE&sort=-lastSeen&page=7`);
    const [header, ...rows] = parseCsv(await response.text());
    expect(header).toEqual([
      'nodeId',
      'state',
      'firstSeenAt',
      'lastSeenAt',
      'heartbeats',
      'uptime',
      'authenticated',
    ]);
    expect(rows).toHaveLength(1_201);
    expect(new Set(rows.map(([id]) => id)).size).toBe(1_201);
    expect(rows[0]).toEqual(['node-1', 'online', AT, LATER, '1', '', 'false']);
    expect(asked).toEqual([{ state: 'online', search: 'NODE', sort: 'lastSeen', descending: true }]);
    expect(sizes).toEqual([500, 500, 201]);
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="federation-nodes-20260115T000000Z.csv"',
    );
  });

  it('has the header alone without nodes, and cells of the strip if they are asked for', async () => {
    const url = await startServer({ nodeOrder: async () => range(2), nodeListings: listings });
    const [header, row] = parseCsv(await (await fetch(`${url}/api/federation/nodes.csv?strip=2`)).text());
    expect([header?.slice(-2), row?.slice(-2)]).toEqual([
      ['strip1', 'strip2'],
      ['', '1'],
    ]);
    const none = await (await fetch(`${await startServer()}/api/federation/nodes.csv`)).text();
    expect(parseCsv(none)).toHaveLength(1);
  });

  it('reads on only as the client does, and no further when the client leaves', async () => {
    let parts = 0;
    const url = await startServer({
      nodeOrder: async () => range(1_000_000),
      nodeListings: async (numbers, strip) => {
        parts++;
        return listings(numbers, strip);
      },
    });
    const response = await open(`${url}/api/federation/nodes.csv`);
    response.pause();
    await standsStill(() => parts);
    expect(parts).toBeLessThan(400);
    response.destroy();
    const atLeaving = parts;
    await standsStill(() => parts);
    expect(parts - atLeaving).toBeLessThan(100);
    // The place is free again.
    const others = await Promise.all(
      Array.from({ length: HTTP_EXPORTS_MAX }, () => open(`${url}/api/federation/nodes.csv`)),
    );
    for (const other of others) other.destroy();
    expect(others.map(({ statusCode }) => statusCode)).toEqual(Array(HTTP_EXPORTS_MAX).fill(200));
  });

  it('refuses more exports than its places, and has a place again after one ended', async () => {
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const url = await startServer({
      nodeOrder: async () => {
        begun++;
        await gate.promise;
        return range(1);
      },
      nodeListings: listings,
    });
    const exports = Array.from({ length: HTTP_EXPORTS_MAX }, () => fetch(`${url}/api/federation/nodes.csv`));
    await until('all to begin', () => begun === HTTP_EXPORTS_MAX);
    const refused = await fetch(`${url}/api/federation/nodes.csv`);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: 'exports_full' } });
    expect(refused.headers.get('retry-after')).toBe('5');
    gate.resolve();
    for (const answer of await Promise.all(exports)) expect(parseCsv(await answer.text())).toHaveLength(2);
    const after = await fetch(`${url}/api/federation/nodes.csv`);
    expect([after.status, parseCsv(await after.text()).length]).toEqual([200, 2]);
  });

  it('answers a trouble with its status before the first part, and cuts the answer after it', async () => {
    const busy = new CodedError('worker_timeout', 'no thread is free');
    const url = await startServer({
      nodeOrder: () => Promise.reject(busy),
    });
    for (let count = 0; count <= HTTP_EXPORTS_MAX; count++)
      expect((await fetch(`${url}/api/federation/nodes.csv`)).status).toBe(503);
    let parts = 0;
    const cut = await startServer({
      nodeOrder: async () => range(1_000),
      nodeListings: async (numbers, strip) => {
        if (++parts === 2) throw busy;
        return listings(numbers, strip);
      },
    });
    await expect((await fetch(`${cut}/api/federation/nodes.csv`)).text()).rejects.toThrow('terminated');
  });

  it('reads no node for a HEAD', async () => {
    let reads = 0;
    const url = await startServer({
      nodeOrder: async () => range(2_000),
      nodeListings: async (numbers, strip) => {
        reads++;
        return listings(numbers, strip);
      },
    });
    for (let count = 0; count <= HTTP_EXPORTS_MAX; count++) {
      const head = await fetch(`${url}/api/federation/nodes.csv`, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'text/csv']);
      expect(head.headers.get('content-length')).toBe(null);
    }
    expect(reads).toBeLessThanOrEqual(HTTP_EXPORTS_MAX + 1);
  });
});

describe('http - badges', () => {
  it.each([
    ['online', 'nodes online: 2'],
    ['nodes', 'nodes: 3'],
    ['tasks', 'tasks: 12 345'],
    ['success', 'success rate: 66.6%'],
  ])('%s shows its number', async (name, title) => {
    const url = await startServer({
      statistics: () =>
        statisticsOf({ totalTasks: 12_345, completedTasks: 2, failedTasks: 1, successRate: 66.6 }),
    });
    const response = await fetch(`${url}/badge/${name}.svg`);
    expect(await response.text()).toContain(`<title>${title}</title>`);
    const { headers } = response;
    expect(headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
    expect(headers.get('cache-control')).toBe('max-age=30');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; frame-ancestors 'none'; sandbox",
    );
    const tag = headers.get('etag') ?? '';
    const again = await fetch(`${url}/badge/${name}.svg`, { headers: { 'if-none-match': tag } });
    expect(again.status).toBe(304);
  });

  it('shows no number before the first tick, and no rate without a task that ended', async () => {
    const before = await startServer();
    for (const name of ['tasks', 'success'])
      expect(await (await fetch(`${before}/badge/${name}.svg`)).text()).toContain('no value');
    const idle = await startServer({ statistics: () => statisticsOf({ totalTasks: 0, successRate: 0 }) });
    expect(await (await fetch(`${idle}/badge/success.svg`)).text()).toContain('no value');
    expect(await (await fetch(`${idle}/badge/tasks.svg`)).text()).toContain('tasks: 0');
  });

  it.each(['Knoten (online)', 'v1.2/x_y:z+-', 'x'.repeat(40), 'Aufträge', '東京'])(
    'takes the label %s',
    async (label) => {
      const query = new URLSearchParams({ label });
      const svg = await (await fetch(`${await startServer()}/badge/online.svg?${query}`)).text();
      expect(svg).toContain(`<title>${label}: 2</title>`);
    },
  );

  it.each(['', 'x'.repeat(41), '<b>', 'a"b', 'a&b', 'a\nb', '\u202egnp', 'a\u0000', '💩'])(
    'refuses the label %j',
    async (label) => {
      const query = new URLSearchParams({ label });
      const response = await fetch(`${await startServer()}/badge/online.svg?${query}`);
      expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'bad_label' } }]);
    },
  );

  it('needs a key where the API does', async () => {
    const key = newApiKey();
    const keyHash = keyHashOf(key);
    const known: ApiKey = {
      keyId: keyIdOf(keyHash),
      keyHash,
      name: 'test',
      nodeId: null,
      permissions: ['subscribe'],
      ratePerMinute: 0,
      createdAtMs: 0,
      revokedAtMs: null,
      createdEventMs: 0,
      revokedEventMs: null,
    };
    const book = new KeyBook([known]);
    const server = createServer({ findKey: (keyId) => book.find(keyId) }, { apiAuth: 'required' });
    const { url } = await server.start();
    for (const path of ['badge/online.svg', 'api/federation/nodes.csv', 'api/federation/public']) {
      expect((await fetch(`${url}/${path}`)).status, path).toBe(401);
      const headers = { authorization: `Bearer ${key}` };
      expect((await fetch(`${url}/${path}`, { headers })).status, path).toBe(200);
    }
  });
});

describe('http - public page', () => {
  it('is the page with the attribute, at an address from which relative names still lead to its files', async () => {
    const url = await startServer();
    const [page, open] = await Promise.all(
      ['/', '/public'].map(async (path) => (await fetch(`${url}${path}`)).text()),
    );
    expect(page).not.toContain('<html data-public');
    expect(open).toBe(page?.replace('<html', '<html data-public'));
    const [, script = ''] = /<script type="module" src="([^"]*)"/.exec(open ?? '') ?? [];
    expect(new URL(script, `${url}/truebit/public`).pathname).toBe('/truebit/assets/main.js');
  });

  it('has live numbers without those of the operator', async () => {
    const url = await startServer();
    const body = (await (await fetch(`${url}/api/federation/public`)).json()) as object;
    expect(body).toEqual({
      at: '2026-01-15T00:00:00.000Z',
      status: 'ready',
      catchingUp: false,
      brokerConnected: false,
      aggregatorId: 'agg-1',
      publishIntervalMs: 30_000,
      staleAfterMs: 150_000,
      lastTickAt: null,
      lastHeardAt: null,
      nodes: { online: 2, stale: 1, offline: 0, active: 3, total: 3 },
    });
    const feed = await open(`${url}/api/federation/public/events`);
    const [text] = (await feed[Symbol.asyncIterator]().next()).value.toString().split('\n\n').slice(1);
    const snapshot = JSON.parse(text.slice(text.indexOf('{'))) as object;
    expect(snapshot).toEqual({ ...body, statistics: null });
    feed.destroy();
  });

  it('counts the readers of both feeds', async () => {
    const server = createServer();
    const { url } = await server.start();
    const feeds = await Promise.all(
      ['events', 'public/events'].map((path) => open(`${url}/api/federation/${path}`)),
    );
    expect(server.feed().clients).toBe(2);
    for (const feed of feeds) feed.destroy();
    await until('no reader', () => server.feed().clients === 0);
  });
});

describe('http - frames', () => {
  it('lets no site show the page in a frame by default', async () => {
    const url = await startServer();
    for (const path of ['/', '/public', '/api/federation/limits', '/assets/main.js']) {
      const { headers } = await fetch(`${url}${path}`);
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-frame-options')).toBe('DENY');
    }
  });

  it('lets the named origins show the pages, and nothing else', async () => {
    const embedOrigins = ['https://www.example.com', 'http://127.0.0.1:9'];
    const { url } = await createServer({}, { embedOrigins }).start();
    for (const path of ['/', '/public']) {
      const { headers } = await fetch(`${url}${path}`);
      expect(headers.get('content-security-policy')).toMatch(
        /; frame-ancestors https:\/\/www\.example\.com http:\/\/127\.0\.0\.1:9$/,
      );
      expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
      expect(headers.get('x-frame-options')).toBeNull();
    }
    const { headers } = await fetch(`${url}/api/federation/limits`);
    expect(headers.get('x-frame-options')).toBe('DENY');
  });
});

/** Requests an address; resolves with the answer when its headers are there. */
function open(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, resolve).once('error', reject);
  });
}

/** Resolves when the number has not changed for a while. */
async function standsStill(count: () => number): Promise<void> {
  let last = -1;
  let sinceMs = 0;
  await until('a number that stands still', () => {
    const now = count();
    if (now !== last || now === 0) sinceMs = performance.now();
    last = now;
    return performance.now() - sinceMs > 300;
  });
}
