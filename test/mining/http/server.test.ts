// The dashboard's server over a real socket.

import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StatsDocument } from '../../../src/mining/domain/statistics.ts';
import { createMiningAnswers } from '../../../src/mining/http/answers.ts';
import { judgeReadiness } from '../../../src/mining/http/readiness.ts';
import { SharedStatistics } from '../../../src/mining/http/shared-statistics.ts';
import { createServer, startServer } from './parts.ts';
import { ACCOUNT, accountOf, machineOf, STARTED_MS, STATISTICS, UPSTREAM, VIEW } from './view.ts';

async function get(url: string, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, { headers });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    headers: response.headers,
    text,
  };
}
const json = async (url: string, path: string) =>
  JSON.parse((await get(url, path)).text) as Record<string, unknown>;

describe('mining server - answers of both ports', () => {
  it('answers health, liveness, readiness and metrics', async () => {
    const url = await startServer();
    expect(await get(url, '/health')).toMatchObject({
      status: 200,
      text: 'OK',
      type: 'text/plain; charset=utf-8',
    });
    expect(await get(url, '/livez')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect(await get(url, '/metrics')).toMatchObject({ status: 200, text: 'up 1\n' });
    expect(JSON.parse((await get(url, '/readyz')).text)).toEqual(judgeReadiness(VIEW));
  });

  it('answers 503 with the reason per component while it is not ready', async () => {
    const store = { ...VIEW.store, problem: 'the disk is full' };
    const url = await startServer({ view: () => ({ ...VIEW, store }), live: () => false });
    const { status, text } = await get(url, '/readyz');
    expect([status, JSON.parse(text)]).toEqual([
      503,
      expect.objectContaining({
        status: 'not_ready',
        components: expect.objectContaining({ database: { ok: false, reason: 'the disk is full' } }),
      }),
    ]);
    expect(await get(url, '/livez')).toMatchObject({ status: 503, text: '{"status":"not_live"}' });
  });

  it('sends /stats with every digit, member by member', async () => {
    const { status, type, text } = await get(await startServer(), '/stats');
    expect([status, type]).toEqual([200, 'application/json; charset=utf-8']);
    expect(text).toContain('"currentHeight":18446744073709551615,');
    expect(text).toContain(
      `"currentBlockBest":{"height":18446744073709551615,"bestPocTime":9007199254740993,"bestRawQuality":9223372036854775809,"bestAccountId":"${ACCOUNT}","bestMachineId":"rig@10.0.0.7"}`,
    );
    const figures = {
      submissions24h: 3,
      submissionPercentage: 0.5,
      lastSeenSecsAgo: 2,
      isActive: true,
      forwarded: 0,
      accepted: 0,
      rejected: 0,
      verified: 0,
      failedProofs: 0,
    };
    expect(JSON.parse(text)).toMatchObject({
      uniqueMiners: 1,
      uniqueMachines: 2,
      activeMachines: 1,
      uptimeSecs: 90,
      totalCapacity: '1.5 TiB',
      networkCapacity: '9.9 PiB',
      machines: [
        {
          machineId: 'rig@10.0.0.7',
          accountCount: 1,
          totalCapacityTib: 1.5,
          ...figures,
          accounts: [{ accountId: ACCOUNT, capacityTib: 1.5, ...figures }],
        },
      ],
      accounts: [
        {
          accountId: ACCOUNT,
          machineCount: 1,
          totalCapacityTib: 1.5,
          ...figures,
          machines: [{ machineId: 'rig@10.0.0.7', capacityTib: 1.5, ...figures }],
        },
      ],
    });
  });

  it('has nulls in /stats before the first submission of a block', async () => {
    const best = {
      height: 7n,
      bestPocTime: null,
      bestRawQuality: null,
      bestAccountId: null,
      bestMachineId: null,
    };
    const url = await startServer({ document: () => ({ ...STATISTICS, currentBlockBest: best }) });
    expect((await json(url, '/stats'))['currentBlockBest']).toEqual({ ...best, height: 7 });
  });

  it('makes the statistics at most once a second, for both ports and all routes together', async () => {
    let nowMs = 0;
    let made = 0;
    const statistics = new SharedStatistics({
      monotonicMs: () => nowMs,
      statistics: () => ({ ...STATISTICS, uniqueMiners: ++made }),
    });
    const answers = createMiningAnswers({
      statistics,
      live: () => true,
      readiness: () => judgeReadiness(VIEW),
      metrics: async () => ({ contentType: '', text: '' }),
      failed: () => {},
    });
    const first = answers.stats().body;
    nowMs = 999;
    expect(answers.stats().body).toBe(first);
    expect(statistics.latest().summary.uniqueMiners).toBe(1);
    nowMs = 1_000;
    expect(answers.stats().body).toContain('"uniqueMiners":2');
    expect(made).toBe(2);
  });

  it('makes costly statistics more seldom', () => {
    let nowMs = 0;
    const statistics = new SharedStatistics({
      monotonicMs: () => nowMs,
      statistics: () => {
        nowMs += 40;
        return STATISTICS;
      },
    });
    const first = statistics.latest();
    nowMs = 40 + 50 * 40 - 1;
    expect(statistics.latest()).toBe(first);
    nowMs++;
    expect(statistics.latest()).not.toBe(first);
  });

  it('answers 500 and tells the program why, if the statistics fail', async () => {
    const failures: unknown[] = [];
    const url = await startServer({
      document: () => {
        throw new Error('a defect');
      },
      failed: (error) => failures.push(error),
    });
    const { status, text } = await get(url, '/stats');
    expect([status, JSON.parse(text)]).toMatchObject([500, { error: { code: 'internal' } }]);
    expect(failures).toEqual([new Error('a defect')]);
  });
});

/** More machines than one page has. */
function manyMachines(count: number): StatsDocument {
  const ids = Array.from({ length: count }, (_, index) => `m-${String(index).padStart(5, '0')}`);
  return {
    ...STATISTICS,
    machines: ids.map((id, index) =>
      machineOf(id, ACCOUNT, { totalCapacityTib: index, failedProofs: index % 7 }),
    ),
    accounts: [accountOf(ACCOUNT, ids, { refusal: `<b>${'no '.repeat(200)}` })],
  };
}

interface Page {
  readonly rows: readonly {
    readonly id: string;
    readonly nested: readonly object[];
    readonly nestedCount: number;
  }[];
  readonly page: number;
  readonly pages: number;
  readonly total: number;
}
const page = async (url: string, path: string) => (await json(url, path)) as unknown as Page;

describe('mining server - tables', () => {
  it('sends ten thousand machines a page at a time, searched and sorted', async () => {
    const document = manyMachines(10_000);
    const url = await startServer({ document: () => document });
    const first = await page(url, '/api/mining/machines');
    expect(first).toMatchObject({ page: 1, pages: 200, total: 10_000 });
    expect(first.rows).toHaveLength(50);
    expect(first.rows[0]?.id).toBe('m-09999');
    const byFailures = await page(url, '/api/mining/machines?sort=-failedProofs&page=2');
    expect(byFailures.rows[0]?.id).toBe('m-00356');
    const found = await page(url, '/api/mining/machines?q=M-0000&sort=-id');
    expect([found.total, found.rows[0]?.id, found.rows.at(-1)?.id]).toEqual([10, 'm-00009', 'm-00000']);
    expect(await page(url, '/api/mining/machines?page=201')).toMatchObject({ rows: [], total: 10_000 });
  });

  it('caps what opens under a row, and says how much there is', async () => {
    const url = await startServer({ document: () => manyMachines(10_000) });
    const [account] = (await page(url, '/api/mining/accounts')).rows;
    expect([account?.id, account?.nested.length, account?.nestedCount]).toEqual([ACCOUNT, 100, 10_000]);
    expect((await get(url, '/api/mining/accounts')).text.length).toBeLessThan(40_000);
  });

  it('lists each account at each machine, and finds it by either', async () => {
    const other = 'b2'.repeat(20);
    const document = {
      ...STATISTICS,
      accounts: [accountOf(ACCOUNT, ['x', 'y']), accountOf(other, ['x'], { refusal: 'not assigned' })],
    };
    const url = await startServer({ document: () => document });
    const all = await page(url, '/api/mining/miners?sort=id');
    expect(all.rows).toMatchObject([
      { id: 'x', accountId: ACCOUNT, refusal: null },
      { id: 'x', accountId: other, refusal: 'not assigned' },
      { id: 'y', accountId: ACCOUNT },
    ]);
    expect((await page(url, `/api/mining/miners?q=B2B2`)).total).toBe(1);
  });

  it.each([
    ['page=0', 'bad_page'],
    ['page=01', 'bad_page'],
    ['sort=constructor', 'bad_sort'],
    ['sort=--id', 'bad_sort'],
    [`q=${'a'.repeat(151)}`, 'bad_search'],
    ['q=%00', 'bad_search'],
  ])('refuses %s', async (query, code) => {
    const { status, text } = await get(await startServer(), `/api/mining/machines?${query}`);
    expect([status, JSON.parse(text)]).toMatchObject([400, { error: { code } }]);
  });
});

describe('mining server - charts', () => {
  it('asks a worker for a span, once for all who ask the same', async () => {
    const asked: object[] = [];
    const rounds = {
      at: ['2026-01-15T00:00:00.000Z'],
      heights: ['18446744073709551615'],
      bestPocTimes: [27],
      submissions: [2],
      gaps: [],
    };
    const url = await startServer({
      rounds: async (query) => {
        asked.push(query);
        return rounds;
      },
    });
    const path = '/api/mining/rounds?from=2026-01-14T00:00:00Z&to=2026-01-15T00:00:00Z&points=9';
    expect(await json(url, path)).toEqual(rounds);
    await get(url, path);
    expect(asked).toEqual([{ fromMs: STARTED_MS - 86_400_000, toMs: STARTED_MS, points: 9 }]);
    expect(await json(url, '/api/mining/capacity')).toEqual({ at: [], capacityTib: [], gaps: [] });
  });

  it('asks a worker for the verdicts of each miner', async () => {
    const miner = { machineId: 'rig', accountId: ACCOUNT, counts: { accepted: 4, false: 2 } };
    const url = await startServer({
      verdicts: async ({ fromMs, toMs, limit }) => {
        expect([toMs - fromMs, limit]).toEqual([86_400_000, 9]);
        return [miner];
      },
    });
    expect(await json(url, '/api/mining/verdicts?limit=9')).toEqual({ miners: [miner] });
    expect((await get(url, '/api/mining/verdicts?limit=501')).status).toBe(400);
  });

  it.each(['from=2026-01-15T00:00:00Z&to=2026-01-15T00:00:00Z', 'from=yesterday', 'points=1'])(
    'refuses %s',
    async (query) => {
      expect((await get(await startServer(), `/api/mining/rounds?${query}`)).status).toBe(400);
    },
  );
});

describe('mining server - live numbers', () => {
  it('has every integer of the wire as text, and texts of an upstream cut', async () => {
    const upstream = {
      ...UPSTREAM,
      lastError: { text: 'x'.repeat(1_000), atMs: STARTED_MS },
      alarms: ['<script>alert(1)</script>'],
    };
    const url = await startServer({
      view: () => ({ ...VIEW, upstreams: [upstream], isDemonstration: true }),
    });
    const body = await json(url, '/api/mining/health');
    expect(body).toMatchObject({
      demonstration: true,
      statistics: {
        currentHeight: '18446744073709551615',
        currentBlockBest: { bestPocTime: '9007199254740993', bestRawQuality: '9223372036854775809' },
      },
      machines: { online: 2, stale: 1, offline: 0, total: 3 },
      upstreams: [
        {
          name: 'primary-pool',
          height: '18446744073709551615',
          informationAgeSecs: 1,
          lastError: { text: `${'x'.repeat(299)}…`, at: '2026-01-15T00:00:00.000Z' },
          alarms: ['<script>alert(1)</script>'],
          delivery: { waiting: 2, delivered: 7, redelivered: 1, refused: 1, failedAttempts: 4 },
        },
      ],
      proofs: { waiting: 5, outcomes: { fails: 3 } },
    });
  });

  it('feeds a snapshot, then changes, and stays small with ten thousand machines', async () => {
    let machines = VIEW.machines;
    const document = manyMachines(10_000);
    const url = await startServer({ view: () => ({ ...VIEW, machines }), document: () => document });
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const response = await fetch(`${url}/api/mining/events`, { signal: stop.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first = (await reader?.read())?.value ?? '';
    expect(first).toMatch(/^retry: 2000\n\nevent: snapshot\ndata: \{"at":/);
    expect(first.length).toBeLessThan(5_000);
    machines = { online: 9, stale: 0, offline: 0 };
    expect((await reader?.read())?.value).toMatch(
      /^event: change\ndata: \{"at":"[^"]+","machines":\{"online":9,"stale":0,"total":9\}\}\n\n$/,
    );
  });
});

describe('mining server - mechanism', () => {
  it('describes its API without keys, and is read by no page of another origin', async () => {
    const url = await startServer();
    const document = (await json(url, '/api/openapi.json')) as {
      paths: Record<string, object>;
      components?: object;
    };
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/stats', '/health', '/readyz', '/api/mining/machines', '/api/mining/events']),
    );
    expect(JSON.stringify(document)).not.toMatch(/API_AUTH|bearer/);
    const { headers } = await get(url, '/api/mining/health', { origin: 'http://other.example' });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('names its own setting if it cannot listen', async () => {
    const taken = createTcpServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    await expect(createServer({}, { port }).start()).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining('set dashboard.listen_address to another port'),
    });
  });

  it.each([
    ['POST', '/stats', 405],
    ['GET', '/api/federation/health', 404],
  ])('%s %s gets %i', async (method, path, status) => {
    expect((await fetch(`${await startServer()}${path}`, { method })).status).toBe(status);
  });
});
