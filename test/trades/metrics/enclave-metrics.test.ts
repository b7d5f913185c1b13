// The metrics of the enclave's own port, and their part of docs/metrics.md.

import { afterEach, describe, expect, it } from 'vitest';
import { NODE_STATES } from '../../../src/lifecycle/node-state.ts';
import type { Exposition } from '../../../src/metrics/registry.ts';
import { createEnclaveMetrics } from '../../../src/trades/metrics/enclave-metrics.ts';
import {
  metricsOfPage,
  metricsOfText,
  metricsPage,
  promtool,
  seriesOf,
  tableRows,
} from '../../support/metric-docs.ts';
import { accountRow, COUNTERS } from '../enclave/link/enclave-messages.ts';

const made: Exposition[] = [];
afterEach(() => {
  for (const metrics of made.splice(0)) metrics.stop();
});

function create(): Exposition {
  const accounts = [accountRow('a'), accountRow('b'), { ...accountRow('c'), node: 'offline' as const }];
  const metrics = createEnclaveMetrics({
    status: () => ({ accounts, unstoredSummaries: 3, counters: COUNTERS }),
    wallMs: (monotonicMs) => performance.timeOrigin + monotonicMs,
  });
  made.push(metrics);
  return metrics;
}

describe('enclave metrics', () => {
  it('are accepted by promtool', async () => {
    expect(promtool(await create().text())).toEqual({ code: 0, said: '' });
  });

  it('have the values of the status', async () => {
    const series = seriesOf(await create().text());
    const counts = NODE_STATES.map((state) => series.get(`aggregator_enclave_accounts{state="${state}"}`));
    expect(counts.reduce((sum = 0, count = 0) => sum + count, 0)).toBe(3);
    expect(series.get('aggregator_enclave_accounts{state="offline"}')).toBe(1);
    expect(series.get('aggregator_enclave_unstored_summaries')).toBe(3);
    expect(series.get('aggregator_enclave_polls_total{outcome="empty"}')).toBe(COUNTERS.polls.empty);
    expect(series.get('aggregator_enclave_heap_bytes')).toBe(COUNTERS.heapBytes);
  });

  it('are those of the page, each explained', async () => {
    const page = metricsPage('enclave');
    expect(metricsOfText(await create().text())).toEqual(metricsOfPage(page));
    for (const [name, , , meaning] of tableRows(page)) expect(meaning, name).toMatch(/\.$/);
  });
});
