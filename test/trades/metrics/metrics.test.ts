import { afterEach, describe, expect, it } from 'vitest';
import type { Exposition } from '../../../src/metrics/registry.ts';
import type { TradesView } from '../../../src/trades/domain/view.ts';
import { createMetrics } from '../../../src/trades/metrics/metrics.ts';
import {
  metricsOfPage,
  metricsOfText,
  metricsPage,
  promtool,
  seriesOf,
  tableRows,
} from '../../support/metric-docs.ts';
import { STARTED_MS, VIEW } from '../http/view.ts';

const made: Exposition[] = [];
afterEach(() => {
  for (const metrics of made.splice(0)) metrics.stop();
});

function create(view: TradesView = VIEW): Exposition {
  const metrics = createMetrics({
    view: () => view,
    feed: () => ({ clients: 1, dropped: 2, refused: 3 }),
    wallMs: (monotonicMs) => performance.timeOrigin + monotonicMs,
  });
  made.push(metrics);
  return metrics;
}

describe('trades metrics', () => {
  it('are accepted by promtool', async () => {
    expect(promtool(await create().text())).toEqual({ code: 0, said: '' });
  });

  it('have the values of the view', async () => {
    const series = seriesOf(await create().text());
    for (const [name, value] of [
      ['jobs{status="collecting"}', 4],
      ['jobs{status="failed"}', 1],
      ['jobs_limit', 1_000],
      ['jobs_opened_total', 12],
      ['jobs_refused_total', 5],
      ['nodes{state="stale"}', 2],
      ['node_transitions_total{state="offline"}', 19],
      ['actor_failures_total{outcome="given_up"}', 21],
      ['taken_total', 500],
      ['not_taken_total{reason="not_collecting"}', 8],
      ['seal_retries_total', 14],
      ['unsealable_total', 15],
      ['waiting_calls', 16],
      ['socket_listening', 1],
      ['received_bytes_total', 70_000],
      ['socket_errors_total{reason="invalid_trade"}', 3],
      ['connections_closed_total{reason="silent"}', 5],
      ['outbox_summaries', 3],
      ['outbox_bytes', 3_000],
      ['outbox_oldest_seconds', 4.5],
      ['dead_letters', 0],
      ['backend_accepting', 1],
      ['delivery_attempts_total{outcome="retried"}', 14],
      ['last_delivery_timestamp_seconds', STARTED_MS / 1000 + 60],
      ['accounts{state="online"}', 0],
      ['enclave_linked', 0],
      ['database_writable', 1],
      ['database_readable', 1],
      ['disk_free_bytes', 50],
      ['seal_seconds_bucket{le="1"}', 5],
      ['delivery_seconds_count', 9],
      ['commit_seconds_sum', 17.5],
      ['feed_clients_refused_total', 3],
    ] as const)
      expect(series.get(`aggregator_trades_${name}`), name).toBe(value);
  });

  it('are 0 or 1 for what may be absent or broken', async () => {
    const series = seriesOf(
      await create({
        ...VIEW,
        socket: { ...VIEW.socket, isListening: false },
        outbox: { ...VIEW.outbox, lastDeliveredAtMs: null, problem: 'away' },
        store: { ...VIEW.store, problem: 'full', freeBytes: null },
        readProblem: 'damaged',
        accounts: { ...VIEW.accounts, online: 1, isLinked: true },
      }).text(),
    );
    for (const [name, value] of [
      ['socket_listening', 0],
      ['last_delivery_timestamp_seconds', 0],
      ['backend_accepting', 0],
      ['database_writable', 0],
      ['database_readable', 0],
      ['disk_free_bytes', 0],
      ['enclave_linked', 1],
    ] as const)
      expect(series.get(`aggregator_trades_${name}`), name).toBe(value);
  });

  it('are those of docs/metrics.md, with their types and labels', async () => {
    const actual = metricsOfText(await create().text());
    expect(metricsOfPage(metricsPage('trades'))).toEqual(actual);
    expect(actual.length).toBeGreaterThan(50);
    for (const [name, , , meaning] of tableRows(metricsPage('trades'))) expect(meaning, name).toMatch(/\.$/);
  });
});
