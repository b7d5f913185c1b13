// The federation's own numbers on /metrics.

import { afterEach, describe, expect, it } from 'vitest';
import { mergePartials } from '../../../src/federation/domain/merge.ts';
import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';
import { PERIODS } from '../../../src/federation/domain/vocabulary.ts';
import { createMetrics, type Metrics } from '../../../src/federation/metrics/metrics.ts';
import { promtool, seriesOf } from '../../support/metric-docs.ts';
import { NOTHING } from './nothing.ts';
import { TICK } from './tick.ts';

const made: Metrics[] = [];
afterEach(() => {
  for (const metrics of made.splice(0)) metrics.stop();
});

async function text(tick: TickStatistics | null): Promise<string> {
  const metrics = createMetrics({ ...NOTHING, tick: () => tick });
  made.push(metrics);
  return metrics.text();
}

describe('network readings', () => {
  it('network readings - before the first tick no series exists', async () => {
    const names = [...seriesOf(await text(null)).keys()];
    expect(names.filter((name) => name.startsWith('aggregator_network_'))).toEqual([]);
    expect(names).toContain('aggregator_catching_up');
  });

  it('network readings - they are the numbers of the tick, rates as ratios', async () => {
    const series = seriesOf(await text(TICK));
    const numbers = (name: string) => PERIODS.map((period) => series.get(`${name}{period="${period}"}`));
    expect(numbers('aggregator_network_tasks')).toEqual([100, 100, 100, 100]);
    expect(numbers('aggregator_network_completed_tasks')).toEqual([0, 60, 60, 60]);
    expect(numbers('aggregator_network_failed_tasks')).toEqual([0, 20, 20, 20]);
    expect(numbers('aggregator_network_cached_tasks')).toEqual([10, 10, 10, 10]);
    expect(numbers('aggregator_network_invoices')).toEqual([40, 40, 40, 40]);
    // Without a finished task a rate of 0 would say that all fail.
    expect(numbers('aggregator_network_success_ratio')).toEqual([undefined, 0.75, 0.75, 0.75]);
    expect(numbers('aggregator_network_cache_hit_ratio')).toEqual([undefined, 0.125, 0.125, 0.125]);
    expect(
      ['online', 'stale', 'offline'].map((state) => series.get(`aggregator_network_nodes{state="${state}"}`)),
    ).toEqual([7, 2, 3]);
    const bucket = (distribution: string, name: string) =>
      series.get(
        `aggregator_network_distribution{distribution="${distribution}",bucket="${name}",period="24h"}`,
      );
    expect(bucket('execution_time', '<100ms')).toBe(50);
    expect(bucket('execution_time', 'unknown')).toBe(30);
    expect(bucket('memory_used', '>1GB')).toBe(0);
  });

  it('network readings - open labels and places have no series, so that their number has a limit', async () => {
    const said = await text(TICK);
    expect(said).not.toContain('arbitrary');
    expect(said).not.toContain('52.5');
    expect([...seriesOf(said).keys()].filter((name) => name.startsWith('aggregator_network_'))).toHaveLength(
      3 + 5 * PERIODS.length + 2 * (PERIODS.length - 1) + (9 + 6 + 6 + 5) * PERIODS.length,
    );
    expect(promtool(said)).toEqual({ code: 0, said: '' });
  });

  it('network readings - the counts of nodes are the same in every period, so that they need no period', () => {
    const nothing = { received: 0, completed: 0, failed: 0, cached: 0, invoices: 0 };
    const counts = {
      ...nothing,
      executionTimes: [],
      gasAmounts: [],
      stepCounts: [],
      memorySizes: [],
      chains: [],
      taskTypes: [],
    };
    const { periods } = mergePartials([
      {
        nowMs: 0,
        progress: 0,
        sources: [],
        nodes: { online: 1, stale: 2, offline: 3 },
        periods: { '1h': counts, '24h': counts, '7d': counts, all: counts },
      },
    ]);
    for (const { onlineNodes, staleNodes, offlineNodes } of Object.values(periods))
      expect([onlineNodes, staleNodes, offlineNodes]).toEqual([1, 2, 3]);
  });
});
