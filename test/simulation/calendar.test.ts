import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TickStatistics } from '../../src/domain/federation/statistics.ts';
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
  readonly results: readonly { readonly ticks: readonly TickStatistics[] }[];
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
  it('calendar - the zones are really other zones', () => {
    expect(new Set([...runs.values()].map(({ zoneHours }) => zoneHours)).size).toBeGreaterThan(4);
  });

  it.each(MOMENTS.map(([what], index) => ({ what, index })))(
    'calendar - $what: windows count what lies in them, to the millisecond',
    ({ index }) => {
      const [, momentMs] = MOMENTS[index] ?? ['', 0];
      const { ticks } = runs.get('UTC')?.results[index] ?? { ticks: [] };
      expect(ticks).toHaveLength(NOW_OFFSETS_MS.length);
      for (const { nowMs, periods } of ticks) {
        const minuteMs = nowMs - (nowMs % MINUTE_MS);
        for (const period of ['1h', '24h', '7d'] as const) {
          const within = FACTS_AGO_MS.filter((agoMs) => momentMs - agoMs >= minuteMs - WINDOW_MS[period]);
          expect(periods[period].totalTasks, `${period} at ${nowMs}`).toBe(within.length);
          expect(periods[period].totalInvoices).toBe(within.length);
        }
        expect(periods.all.totalTasks).toBe(FACTS_AGO_MS.length);
      }
    },
  );

  it.each(ZONES)('calendar - in %s rows, roll-ups and statistics are those of UTC', (zone) => {
    expect(runs.get(zone)?.results).toEqual(runs.get('UTC')?.results);
  });
});
