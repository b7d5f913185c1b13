import { afterEach, describe, expect, it } from 'vitest';
import type { MiningView } from '../../../src/mining/domain/view.ts';
import { createMetrics, type Metrics } from '../../../src/mining/metrics/metrics.ts';
import {
  metricsOfPage,
  metricsOfText,
  metricsPage,
  promtool,
  seriesOf,
  tableRows,
} from '../../support/metric-docs.ts';
import { NO_BACKUP } from '../../support/no-backup.ts';
import { machineOf, STATISTICS, UPSTREAM, VIEW } from '../http/view.ts';

const made: Metrics[] = [];
afterEach(() => {
  for (const metrics of made.splice(0)) metrics.stop();
});

function create(view: () => MiningView = () => VIEW): Metrics {
  const metrics = createMetrics({
    view,
    statistics: () => ({ ...STATISTICS, machines: [machineOf('a'), machineOf('b')] }),
    feed: () => ({ clients: 1, dropped: 2, refused: 3 }),
    lastBackup: NO_BACKUP,
    wallMs: (monotonicMs) => performance.timeOrigin + monotonicMs,
  });
  made.push(metrics);
  return metrics;
}

describe('mining metrics', () => {
  it('are accepted by promtool, before and after something was counted', async () => {
    const metrics = create();
    expect(promtool(await metrics.text())).toEqual({ code: 0, said: '' });
    metrics.transition('online', 'stale');
    metrics.actorFailed('restarted');
    expect(promtool(await metrics.text())).toEqual({ code: 0, said: '' });
  });

  it('have the values of the view and of the statistics', async () => {
    const answerSeconds = { boundsSeconds: [0.5, 1], counts: [2, 3, 4], sumSeconds: 17.5 };
    const metrics = create(() => ({ ...VIEW, door: { ...VIEW.door, answerSeconds } }));
    metrics.transition('online', 'stale');
    const series = seriesOf(await metrics.text());
    for (const [name, value] of [
      ['aggregator_mining_machines{state="stale"}', 1],
      ['aggregator_mining_machine_transitions_total{from="online",to="stale"}', 1],
      ['aggregator_mining_active_machines', 1],
      ['aggregator_mining_capacity_bytes', 3 * 2 ** 40],
      ['aggregator_mining_requests_total{method="get_mining_info"}', 500],
      ['aggregator_mining_information_answers_total{source="old"}', 1],
      ['aggregator_mining_answer_seconds_bucket{le="1"}', 5],
      ['aggregator_mining_answer_seconds_count', 9],
      ['aggregator_mining_verdicts_total{verdict="false"}', 3],
      ['aggregator_mining_proof_workers{state="busy"}', 1],
      ['aggregator_mining_proof_workers{state="idle"}', 0],
      ['aggregator_mining_proof_queue_oldest_seconds', 2.1],
      ['aggregator_mining_proof_checks_total{outcome="fails"}', 3],
      ['aggregator_mining_addresses_over_budget', 1],
      ['aggregator_mining_upstream_state{upstream="primary-pool",state="ready"}', 1],
      ['aggregator_mining_upstream_state{upstream="primary-pool",state="down"}', 0],
      ['aggregator_mining_upstream_information_age_seconds{upstream="primary-pool"}', 1.4],
      ['aggregator_mining_deliveries_total{upstream="primary-pool",outcome="delivered"}', 7],
      ['aggregator_mining_redeliveries_total{upstream="primary-pool"}', 1],
      ['aggregator_mining_database_writable', 1],
      ['aggregator_mining_connections_refused_total{reason="address"}', 2],
      ['aggregator_mining_unauthenticated_requests_total{password="missing"}', 3],
      ['aggregator_mining_unauthenticated_requests_total{password="wrong"}', 2],
      ['aggregator_mining_ignored_names_total', 8],
      ['aggregator_mining_large_bodies_total', 1],
      ['aggregator_mining_batch_members_total', 4],
      ['aggregator_mining_arrivals_total{arrival="held"}', 10],
      ['aggregator_mining_entries_crowded_out_total', 11],
      ['aggregator_mining_entries_taken_over_total', 13],
      ['aggregator_mining_proof_checks_postponed_total', 14],
      ['aggregator_mining_unanswered_submissions', 15],
      ['aggregator_mining_unlisted_pairs_total', 16],
      ['aggregator_mining_notifications_waiting{receiver="ops"}', 21],
      ['aggregator_mining_notifications_total{receiver="ops",outcome="sent"}', 22],
      ['aggregator_mining_notifications_total{receiver="ops",outcome="failed"}', 23],
      ['aggregator_mining_notifications_total{receiver="ops",outcome="dropped"}', 24],
      ['aggregator_mining_alarms_waiting', 17],
      ['aggregator_mining_alarms_sent_total', 18],
      ['aggregator_mining_alarm_attempts_failed_total', 19],
      ['aggregator_mining_alarms_dropped_total', 20],
      ['aggregator_mining_open_files_limit', 1024],
      ['aggregator_mining_feed_clients_refused_total', 3],
    ] as const)
      expect(series.get(name), name).toBe(value);
  });

  it('give an upstream without information the age of the program, and forget one that has left', async () => {
    let upstreams: readonly (typeof UPSTREAM)[] = [
      { ...UPSTREAM, name: 'first' },
      { ...UPSTREAM, name: 'second', informationAgeMs: null },
    ];
    const metrics = create(() => ({ ...VIEW, upstreams }));
    const age = 'aggregator_mining_upstream_information_age_seconds';
    expect(seriesOf(await metrics.text()).get(`${age}{upstream="second"}`)).toBe(90);
    upstreams = upstreams.slice(0, 1);
    const series = [...seriesOf(await metrics.text()).keys()];
    expect(series.filter((name) => name.includes('upstream="second"'))).toEqual([]);
    expect(series).toContain(`${age}{upstream="first"}`);
  });

  it('are those of docs/metrics.md, with their types and labels', async () => {
    const actual = metricsOfText(await create().text());
    expect(metricsOfPage(metricsPage('mining'))).toEqual(actual);
    expect(actual.length).toBeGreaterThan(60);
    for (const [name, , , meaning] of tableRows(metricsPage('mining'))) expect(meaning, name).toMatch(/\.$/);
  });
});
