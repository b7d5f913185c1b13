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
import { COUNTERS } from '../enclave/link/enclave-messages.ts';
import { NO_BACKUP } from '../../support/no-backup.ts';
import { STARTED_MS, VIEW } from '../http/view.ts';

const made: Exposition[] = [];
afterEach(() => {
  for (const metrics of made.splice(0)) metrics.stop();
});

function create(view: TradesView = VIEW): Exposition {
  const metrics = createMetrics({
    view: () => view,
    feed: () => ({ clients: 1, dropped: 2, refused: 3 }),
    lastBackup: NO_BACKUP,
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

  it('have what the enclave tells', async () => {
    const link = { links: 1, rubbish: 2, stored: 3, repeated: 4, refused: 5, refusedCheckpoints: 6 };
    const accounts = {
      ...VIEW.accounts,
      stale: 7,
      known: 8,
      stranded: 9,
      unstored: 10,
      counters: COUNTERS,
      link,
    };
    const series = seriesOf(await create({ ...VIEW, accounts }).text());
    for (const [name, value] of [
      ['trades_accounts{state="stale"}', 7],
      ['trades_accounts_known', 8],
      ['trades_accounts_stranded', 9],
      ['trades_enclave_links_total', 1],
      ['trades_enclave_rubbish_total', 2],
      ['trades_polled_stored_total', 3],
      ['trades_polled_repeated_total', 4],
      ['trades_polled_refused_total', 5],
      ['trades_checkpoints_refused_total', 6],
      ['enclave_unstored_summaries', 10],
      ['enclave_polls_total{outcome="empty"}', 2],
      ['enclave_requests_total', 4],
      ['enclave_requests_failed_total', 5],
      ['enclave_rate_limit_pauses_total', 6],
      ['enclave_market_downloads_total', 7],
      ['enclave_fills_total', 8],
      ['enclave_fills_repeated_total', 9],
      ['enclave_fills_late_total', 10],
      ['enclave_fills_too_old_total', 11],
      ['enclave_summaries_total', 12],
      ['enclave_corrections_total', 13],
      ['enclave_registrations_total', 14],
      ['enclave_registrations_refused_total', 15],
      ['enclave_sessions_ended_total', 16],
      ['enclave_polls_late_total', 17],
      ['enclave_poll_lateness_seconds', 0.25],
      ['enclave_resident_memory_bytes', 1_000_000],
      ['enclave_heap_bytes', 500_000],
    ] as const)
      expect(series.get(`aggregator_${name}`), name).toBe(value);
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
