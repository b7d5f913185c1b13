// What the reference backend says of clients over HTTP: corrections, provenances, pages, searches, bounds, metrics.

import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/trades/backend/chain.ts';
import { FINDINGS_SHOWN_MAX, QUOTES_SHOWN_MAX } from '../../../src/trades/backend/client-figures.ts';
import { REPORT_PAGE_ROWS_MAX } from '../../../src/trades/backend/reports.ts';
import { createBackendMetrics } from '../../../src/trades/backend/metrics.ts';
import type { BackendView } from '../../../src/trades/backend/view.ts';
import { metricsOfPage, metricsOfText, metricsPage, promtool, tableRows } from '../../support/metric-docs.ts';
import { FIRST } from '../domain/check-values.ts';
import { withSignature } from '../../../src/trades/domain/canonical.ts';
import { bucket, hour, type RunningBackend, type Sketch, signed, startBackend } from './running.ts';

interface Page {
  readonly rows: readonly Record<string, unknown>[];
  readonly page: number;
  readonly pages: number;
  readonly total: number;
}

/** Sends summaries one after the other; returns their digests. */
async function send(backend: RunningBackend, ...sketches: readonly Sketch[]): Promise<string[]> {
  const digests: string[] = [];
  for (const sketch of sketches) {
    const { status, body } = await backend.post(await signed(sketch));
    expect(status).toBe(200);
    digests.push(String(body['digest']));
  }
  return digests;
}

const account = (
  seq: number,
  from: number,
  returnPct: number,
  metadata: Sketch['metadata'] = {},
): Sketch => ({
  period: [from, from + 1],
  buckets: [bucket(from, returnPct, { trades: 3 })],
  metadata: { seq, ...metadata },
});

describe('clients', () => {
  it('a correction replaces the buckets of its period, whichever of the two comes first', async () => {
    const backend = await startBackend();
    const [first = ''] = await send(backend, account(1, 0, 10));
    await send(backend, account(2, 1, 10));
    const before = await backend.get('/api/ingest/client?client=1');
    expect(before).toMatchObject({ totalReturnPct: 21, corrections: 0, trades: 6 });
    await send(backend, account(3, 0, -50, { revises: first }));
    const after = await backend.get('/api/ingest/client?client=1');
    expect(after).toMatchObject({
      totalReturnPct: -45,
      maximumDrawdownPct: 50,
      corrections: 1,
      trades: 6,
      hours: 2,
      findings: [],
    });
    const { rows } = await backend.get<Page>('/api/ingest/summaries?client=1');
    expect(rows.map(({ seq, state }) => [seq, state])).toEqual([
      [3, 'counts'],
      [2, 'counts'],
      [1, 'replaced'],
    ]);
    // The other order, on another backend: shown as a correction of something unknown until its summary comes.
    const other = await startBackend();
    await send(other, account(2, 1, 10), account(3, 0, -50, { revises: first }));
    const alone = await other.get<{ findings: Finding[] }>('/api/ingest/client?client=1');
    expect(alone).toMatchObject({ totalReturnPct: 10, corrections: 0 });
    expect(alone.findings.map(({ kind }) => kind)).toEqual(['unknown_revision']);
    await send(other, account(1, 0, 10));
    expect(await other.get('/api/ingest/client?client=1')).toMatchObject({
      totalReturnPct: -45,
      corrections: 1,
      findings: [],
    });
  });

  it('never mixes what a client reports with what was polled under the same id', async () => {
    const backend = await startBackend();
    await send(backend, account(1, 0, 1));
    const forged: Sketch = {
      period: [0, 1],
      buckets: [bucket(0, 900)],
      metadata: { provenance: 'client_reported' },
    };
    const [digest = ''] = await send(backend, forged);
    // A correction must name a summary of the same client: this one is of another provenance.
    await send(backend, account(2, 0, 900, { revises: digest }));
    const { rows, total } = await backend.get<Page>('/api/ingest/clients?sort=clientId');
    expect(total).toBe(2);
    expect(rows).toMatchObject([
      { clientId: 'account-1', provenance: 'polled', totalReturnPct: 1, found: { unknown_revision: 1 } },
      { clientId: 'account-1', provenance: 'client_reported', totalReturnPct: 900, unnumbered: 1 },
    ]);
  });

  it('shows a summary without metadata as unstated', async () => {
    const backend = await startBackend();
    expect((await backend.post(withSignature(FIRST.text, FIRST.signature))).status).toBe(200);
    expect(await backend.get('/api/ingest/client?client=1')).toMatchObject({
      provenance: 'unstated',
      totalReturnPct: 1,
      sums: [{ quote: 'USD', volume: 20_250, fees: 5 }],
      periodStart: hour(0),
      periodEnd: hour(2),
    });
    const { rows } = await backend.get<Page>('/api/ingest/summaries?client=1');
    expect(rows).toMatchObject([
      { digest: FIRST.digest, seq: null, notes: ['no metadata'], state: 'counts' },
    ]);
  });

  it('of many quote assets the sums of QUOTES_SHOWN_MAX are shown, those of the most hours', async () => {
    const backend = await startBackend();
    const quoted = Array.from({ length: QUOTES_SHOWN_MAX + 1 }, (_, nth) =>
      account(nth + 1, nth, 0, { quote: `Q${nth}` }),
    );
    await send(backend, ...quoted, account(QUOTES_SHOWN_MAX + 2, 20, 0, { quote: `Q${QUOTES_SHOWN_MAX}` }));
    const { sums } = await backend.get<{ sums: { quote: string; volume: number }[] }>(
      '/api/ingest/client?client=1',
    );
    expect(sums).toHaveLength(QUOTES_SHOWN_MAX);
    expect(sums[0]).toEqual({ quote: `Q${QUOTES_SHOWN_MAX}`, volume: 200, fees: 0 });
  });

  it('a cut hour adds up: its parts come in consecutive periods', async () => {
    const backend = await startBackend();
    const part = (seq: number, period: [number, number], returnPct: number, volumeQuote: number): Sketch => ({
      period,
      buckets: [bucket(0, returnPct, { volume_quote: volumeQuote })],
      metadata: { seq },
    });
    await send(backend, part(1, [0, 0.25], 2, 100), part(2, [0.25, 1], 6, 300));
    expect(await backend.get('/api/ingest/client?client=1')).toMatchObject({
      hours: 1,
      trades: 2,
      totalReturnPct: 5,
      sums: [{ quote: 'USD', volume: 400, fees: 0 }],
      findings: [],
    });
    const chart = await backend.get(`/api/ingest/chart?client=1&from=${hour(0)}&to=${hour(1)}`);
    expect(chart).toEqual({
      stepMs: 3_600_000,
      quote: 'USD',
      steps: [{ at: hour(0), growthPct: 5, drawdownPct: 0, trades: 2, volume: 400 }],
    });
  });

  it('gives pages of bounded length, sorted and searched, and 404 for a client that is not there', async () => {
    const backend = await startBackend();
    const ids = Array.from(
      { length: REPORT_PAGE_ROWS_MAX + 2 },
      (_, at) => `Client_${String(at).padStart(3, '0')} 100%`,
    );
    await Promise.all(ids.map((clientId, at) => send(backend, { clientId, period: [at, at + 1] })));
    const names = async (query: string) => {
      const { rows, ...rest } = await backend.get<Page>(`/api/ingest/clients?${query}`);
      return { ids: rows.map(({ clientId }) => clientId), ...rest };
    };
    const total = ids.length;
    expect(await names('sort=clientId')).toEqual({ ids: ids.slice(0, -2), page: 1, pages: 2, total });
    expect(await names('sort=clientId&page=2')).toEqual({ ids: ids.slice(-2), page: 2, pages: 2, total });
    expect(await names('sort=-clientId&page=2')).toMatchObject({ ids: [ids[1], ids[0]] });
    expect(await names('q=client_00&sort=clientId')).toMatchObject({ ids: ids.slice(0, 10), total: 10 });
    expect(await names('q=000%20100%25')).toMatchObject({ ids: [ids[0]], total: 1 });
    expect(await names('q=%25_')).toMatchObject({ ids: [], total: 0 });
    for (const [path, status, code] of [
      ['client?client=99', 404, 'not_found'],
      ['chart?client=99', 404, 'not_found'],
      ['client', 400, 'bad_request'],
      ['client?client=x', 400, 'bad_client'],
      ['clients?page=0', 400, 'bad_page'],
      ['clients?sort=x', 400, 'bad_sort'],
      ['clients?q=%00', 400, 'bad_search'],
      ['chart?client=1&from=2025-01-02T00:00Z&to=2025-01-01T00:00Z', 400, 'bad_time'],
    ] as const) {
      const response = await fetch(`${backend.url}/api/ingest/${path}`);
      expect([path, response.status, await response.json()]).toEqual([
        path,
        status,
        { error: expect.any(String) as string, code },
      ]);
    }
  });

  it('shows the newest findings of many, and counts all', async () => {
    const backend = await startBackend();
    const count = FINDINGS_SHOWN_MAX + 5;
    const bodies = Array.from({ length: count + 1 }, (_, at) => account(2 * at, at, 0));
    await Promise.all(bodies.map((each) => send(backend, each)));
    const client = await backend.get<{ findings: Finding[] }>('/api/ingest/client?client=1');
    expect(client).toMatchObject({ summaries: count + 1, found: { missing: count, gap: 0 } });
    expect(client.findings.length).toBe(FINDINGS_SHOWN_MAX);
    expect(client.findings.at(-1)).toMatchObject({ kind: 'missing', seq: 2 * count - 1 });
  });
});

describe('metrics of the reference backend', () => {
  it('are those of docs/metrics.md, clean, and name no client', async () => {
    const backend = await startBackend();
    await send(backend, { clientId: 'planted', period: [0, 1] });
    await backend.post('{}');
    const text = await (await fetch(`${backend.url}/metrics`)).text();
    expect(promtool(text)).toEqual({ code: 0, said: '' });
    expect(text).toContain('aggregator_ingest_summaries_total{outcome="stored"} 1\n');
    expect(text).toContain('aggregator_ingest_summaries_total{outcome="bad_summary"} 1\n');
    expect(text).toContain('aggregator_ingest_stored_summaries 1\n');
    expect(text).not.toContain('planted');
    const page = metricsPage('backend');
    expect(metricsOfPage(page)).toEqual(metricsOfText(text));
    for (const [name, , , meaning] of tableRows(page)) expect(meaning, name).toMatch(/\.$/);
  });

  it('are whole before the database is open', async () => {
    const view = { status: null, outcomes: {}, keyRefreshes: {}, waiting: 0, bodyBytes: 0, keys: 0 };
    const metrics = createBackendMetrics({
      view: () => ({ ...view, intakeSeconds: null }) as unknown as BackendView,
      feed: () => ({ clients: 0, dropped: 0, refused: 0 }),
      wallMs: (monotonicMs) => monotonicMs,
    });
    expect(await metrics.text()).toContain('aggregator_ingest_database_up 0\n');
    metrics.stop();
  });
});
