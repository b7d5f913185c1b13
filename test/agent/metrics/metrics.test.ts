// The metrics of the agent, and their part of docs/metrics.md.

import { afterEach, describe, expect, it } from 'vitest';
import type { AgentView } from '../../../src/agent/domain/view.ts';
import { createMetrics } from '../../../src/agent/metrics/metrics.ts';
import type { Exposition } from '../../../src/metrics/registry.ts';
import {
  metricsOfPage,
  metricsOfText,
  metricsPage,
  promtool,
  seriesOf,
  tableRows,
} from '../../support/metric-docs.ts';
import { EVENTS, LINK, LOGS, NOW_MS, VIEW } from '../http/view.ts';

const made: Exposition[] = [];
afterEach(() => {
  for (const metrics of made.splice(0)) metrics.stop();
});

function create(view: AgentView = VIEW): Exposition {
  const metrics = createMetrics({
    view: () => view,
    feed: () => ({ clients: 1, dropped: 2, refused: 3 }),
    nowMs: () => NOW_MS,
    wallMs: (monotonicMs) => performance.timeOrigin + monotonicMs,
  });
  made.push(metrics);
  return metrics;
}

describe('agent metrics', () => {
  it('are accepted by promtool', async () => {
    expect(promtool(await create().text())).toEqual({ code: 0, said: '' });
  });

  it('have the values of the view', async () => {
    const series = seriesOf(await create().text());
    for (const [name, value] of [
      ['facts_total{kind="received",source="events",outcome="queued"}', 500],
      ['facts_total{kind="received",source="events",outcome="known"}', 0],
      ['unread_total{source="events",reason="other"}', 7_300],
      ['messages_total{type="heartbeat",outcome="unconfirmed"}', 3],
      ['messages_total{type="node_left",outcome="confirmed"}', 0],
      ['outbox_messages', 7],
      ['outbox_limit_messages', 10_000],
      ['completions_waiting', 1],
      ['tasks{state="active"}', 3],
      ['tasks{state="total"}', 512],
      ['invoices', 488],
      ['source_readable{source="logs"}', 1],
      ['source_bytes_behind{source="logs"}', 4_096],
      ['source_problems_total{source="logs",problem="too_long"}', 2],
      ['source_problems_total{source="events",problem="damaged"}', 0],
      ['enabled', 1],
      ['broker_connected', 1],
      ['broker_reconnections_total', 2],
      ['breaker_open', 0],
      ['salt_known', 1],
      ['joined', 1],
      ['rate_limit_per_minute', 60],
      ['last_heartbeat_timestamp_seconds', NOW_MS / 1000 - 9],
      ['statistics_known', 1],
      ['statistics_age_seconds', 12],
      ['statistics_total{outcome="bad_signature"}', 3],
      ['statistics_other_key', 0],
      ['state_writable', 1],
      ['db_size_bytes', 3_145_728],
      ['feed_clients_refused_total', 3],
    ] as const)
      expect(series.get(`agent_${name}`), name).toBe(value);
  });

  it('have what is wrong', async () => {
    const series = seriesOf(
      await create({
        ...VIEW,
        isEnabled: false,
        link: { ...LINK, isConnected: false, breaker: 'trying', saltFrom: null, lastHeartbeatMs: null },
        sources: [{ ...LOGS, isReadable: false, problems: { other_thing: 9 } }],
        statistics: null,
        stateProblem: 'full',
        isOtherKeyOffered: true,
      }).text(),
    );
    for (const [name, value] of [
      ['enabled', 0],
      ['broker_connected', 0],
      ['breaker_open', 1],
      ['salt_known', 0],
      ['last_heartbeat_timestamp_seconds', 0],
      ['source_readable{source="events"}', 0],
      ['source_problems_total{source="logs",problem="other_thing"}', 9],
      ['statistics_known', 0],
      ['statistics_age_seconds', 86_400],
      ['statistics_other_key', 1],
      ['state_writable', 0],
    ] as const)
      expect(series.get(`agent_${name}`), name).toBe(value);
  });

  it('have the same series whatever happens', async () => {
    const names = async (view: AgentView) => [...seriesOf(await create(view).text()).keys()].toSorted();
    const quiet = { ...VIEW, factCounts: [], messageCounts: [], unreadCounts: [], sources: [EVENTS] };
    expect(await names(quiet)).toEqual(await names(VIEW));
  });

  it('are those of the page, each explained', async () => {
    const page = metricsPage('agent');
    expect(metricsOfText(await create().text())).toEqual(metricsOfPage(page));
    for (const [name, , , meaning] of tableRows(page)) expect(meaning, name).toMatch(/\.$/);
  });
});
