// The screen of `aggregator agent status` from the real answers of a running server.

import { describe, expect, it, onTestFinished } from 'vitest';
import { statusView } from '../../../src/agent/cli/status-view.ts';
import type { AgentView } from '../../../src/agent/domain/view.ts';
import { createMetrics } from '../../../src/agent/metrics/metrics.ts';
import type { Readiness } from '../../../src/cli/status.ts';
import { parsePrometheusText } from '../../../src/lib/prometheus-text.ts';
import { startServer } from '../http/parts.ts';
import { LINK, NODE_ID, NOW_MS, VIEW } from '../http/view.ts';

const STATUS_VIEW = statusView(() => 'http://127.0.0.1:8090');

async function statusOf(view: AgentView) {
  const metrics = createMetrics({
    view: () => view,
    feed: () => ({ clients: 0, dropped: 0, refused: 0 }),
    nowMs: () => NOW_MS,
    wallMs: (monotonicMs) => performance.timeOrigin + monotonicMs,
  });
  onTestFinished(() => metrics.stop());
  const url = await startServer({
    view: () => view,
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
  });
  const readiness = (await (await fetch(`${url}/readyz`)).json()) as Readiness;
  const text = await (await fetch(`${url}/metrics`)).text();
  return STATUS_VIEW.statusOf(readiness, parsePrometheusText(text), NOW_MS / 1000);
}

describe('agent status', () => {
  it('has the numbers of the running program', async () => {
    const status = await statusOf(VIEW);
    expect(status).toMatchObject({
      ready: true,
      problems: [],
      nodeId: NODE_ID,
      isConnected: true,
      tasks: { active: 3, total: 512 },
      invoices: 488,
      facts: { known: 495, remembered: 12, queued: 1_006 },
      waiting: 7,
      waitingMax: 10_000,
      messages: { confirmed: 4_369, unconfirmed: 3, set_aside: 1, forbidden: 2 },
      bytesBehind: { events: 0, logs: 4_096 },
      heartbeatSeconds: 9,
      statisticsSeconds: 12,
      databaseBytes: 3_145_728,
    });
    const screen = STATUS_VIEW.screenOf(status, 'http://127.0.0.1:8090');
    expect(screen).toContain(`node       ${NODE_ID}\n`);
    expect(screen).toContain('broker     connected, last confirmed heartbeat 9 s ago\n');
    expect(screen).toContain('tasks      512, active 3; 488 invoices\n');
    expect(screen).toContain('sources    events read to the end, logs 4,096 bytes behind\n');
    expect(screen).toContain('outbox     7 messages wait of at most 10,000\n');
    expect(screen).toContain('statistics published 12 s ago\n');
  });

  it('says what is wrong', async () => {
    const status = await statusOf({
      ...VIEW,
      link: { ...LINK, isConnected: false, reason: 'refused', lastHeartbeatMs: null },
      statistics: null,
      waiting: 0,
      sources: [],
      factCounts: [],
      messageCounts: [],
      logLinesDropped: 4,
    });
    expect([status.ready, status.heartbeatSeconds, status.statisticsSeconds]).toEqual([false, null, null]);
    const screen = STATUS_VIEW.screenOf(status, 'http://127.0.0.1:8090');
    for (const line of [
      'ready      NO\n',
      'broker: not connected to the broker: refused\n',
      'broker     AWAY, no heartbeat confirmed yet\n',
      'facts      none since the start\n',
      'sources    NONE can be read\n',
      'outbox     empty\n',
      'statistics none yet\n',
      'log        4 lines could not be written\n',
    ])
      expect(screen).toContain(line);
  });
});
