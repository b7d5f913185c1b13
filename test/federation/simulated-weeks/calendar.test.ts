import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';
import { FACTS_AGO_MS, MOMENTS, NOW_OFFSETS_MS } from './calendar-moments.ts';

const RUN = fileURLToPath(new URL('./calendar-run.ts', import.meta.url));
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kolkata',
];
const MINUTE_MS = 60_000;
const WINDOW_MS = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 };

interface Run {
  readonly zoneHours: number;
  readonly results: readonly {
    readonly ticks: readonly TickStatistics[];
    readonly tables: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  }[];
}

const runs = new Map<string, Run>();
beforeAll(async () => {
  const moments = MOMENTS.map(([, atMs]) => atMs).join(',');
  for (const zone of ZONES) {
    const { stdout } = await promisify(execFile)(process.execPath, [RUN, moments], {
      env: { ...process.env, TZ: zone },
      maxBuffer: 100_000_000,
    });
    runs.set(zone, JSON.parse(stdout) as Run);
  }
});

describe('calendar', () => {
  it('calendar - the process really runs in each time zone', () => {
    expect(new Set([...runs.values()].map(({ zoneHours }) => zoneHours)).size).toBeGreaterThan(4);
  });

  it.each(MOMENTS.map(([what], index) => ({ what, index })))(
    'calendar - $what: windows count exactly the messages within them, to the millisecond',
    ({ index }) => {
      const [, momentMs] = MOMENTS[index] ?? ['', 0];
      const { ticks } = runs.get('UTC')?.results[index] ?? { ticks: [] };
      expect(ticks).toHaveLength(NOW_OFFSETS_MS.length);
      for (const { nowMs, periods } of ticks) {
        const minuteMs = nowMs - (nowMs % MINUTE_MS);
        for (const period of ['1h', '24h', '7d'] as const) {
          const within = FACTS_AGO_MS.filter((agoMs) => {
            const afterMs = momentMs - agoMs - minuteMs;
            return afterMs >= -WINDOW_MS[period] && afterMs < WINDOW_MS[period];
          });
          expect(periods[period].totalTasks, `${period} at ${nowMs}`).toBe(within.length);
          expect(periods[period].totalInvoices).toBe(within.length);
        }
        expect(periods.all.totalTasks).toBe(FACTS_AGO_MS.length);
      }
    },
  );

  it('calendar - every tick adds a row to network_stats for each period, and to the history for the period all', () => {
    MOMENTS.forEach((_moment, index) => {
      const { ticks, tables } = runs.get('UTC')?.results[index] ?? { ticks: [], tables: {} };
      const expected = ticks.flatMap(({ nowMs, periods }) =>
        (['1h', '24h', '7d', 'all'] as const).map((period) => {
          const data = periods[period];
          return {
            recorded_at: new Date(nowMs).toISOString(),
            stat_period: period,
            active_nodes: data.activeNodes,
            total_nodes_seen: data.totalNodes,
            total_tasks: data.totalTasks,
            completed_tasks: data.completedTasks,
            failed_tasks: data.failedTasks,
            cached_tasks: data.cachedTasks,
            total_invoices: data.totalInvoices,
            success_rate: data.successRate,
            cache_hit_rate: data.cacheHitRate,
            execution_time_distribution: JSON.stringify(data.executionTimeDistribution),
            gas_usage_distribution: JSON.stringify(data.gasUsageDistribution),
            steps_computed_distribution: JSON.stringify(data.stepsComputedDistribution),
            memory_used_distribution: JSON.stringify(data.memoryUsedDistribution),
            chain_distribution: JSON.stringify(data.chainDistribution),
            task_type_distribution: JSON.stringify(data.taskTypeDistribution),
            interval_ms: 30_000,
            online_nodes: data.onlineNodes,
            stale_nodes: data.staleNodes,
            offline_nodes: data.offlineNodes,
          };
        }),
      );
      const rows = (tables['network_stats'] ?? []).map(({ id: _id, created_at: _created, ...row }) => row);
      expect(rows).toEqual(expected);
      const history = (tables['network_stats_history'] ?? []).map((row) => [
        row['recorded_at'],
        row['total_tasks'],
        row['total_nodes'],
      ]);
      expect(history).toEqual(
        ticks.map(({ nowMs, periods: { all } }) => [
          new Date(nowMs).toISOString(),
          all.totalTasks,
          all.totalNodes,
        ]),
      );
    });
  });

  it.each(ZONES)('calendar - in the zone %s rows, roll-ups and statistics equal those in UTC', (zone) => {
    expect(runs.get(zone)?.results).toEqual(runs.get('UTC')?.results);
  });

  it('calendar - in every time zone, at the change of its clocks, all results equal those in UTC', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [RUN, 'every-zone']);
    const { zones, withSummerTime, different } = JSON.parse(stdout) as Record<string, unknown>;
    expect(zones).toBeGreaterThan(400);
    // Otherwise the zone was never set.
    expect(withSummerTime).toBeGreaterThan(100);
    expect(different).toEqual([]);
  });
});
