import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NetworkStatistics, TickStatistics } from '../../../src/federation/domain/statistics.ts';
import { PERIODS } from '../../../src/federation/domain/vocabulary.ts';
import { THIN_REST_MS } from '../../../src/federation/store/housekeeping.ts';
import { THINNED_ROWS_MAX } from '../../../src/federation/store/statistics-thinning.ts';
import { DAY_MS, NOW_MS } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;

let folder: ReturnType<typeof testFolder>;
let files = 0;
const open = () => new Opened(folder.path(`${files++}.db`));
beforeEach(() => {
  folder = testFolder('thinning');
});
afterEach(() => folder.remove());

const EMPTY: NetworkStatistics = {
  activeNodes: 0,
  totalNodes: 0,
  totalTasks: 0,
  completedTasks: 0,
  failedTasks: 0,
  cachedTasks: 0,
  tasksLast24h: 0,
  successRate: 0,
  cacheHitRate: 0,
  totalInvoices: 0,
  invoicesLast24h: 0,
  executionTimeDistribution: {},
  gasUsageDistribution: {},
  stepsComputedDistribution: {},
  memoryUsedDistribution: {},
  chainDistribution: {},
  taskTypeDistribution: {},
  onlineNodes: 0,
  staleNodes: 0,
  offlineNodes: 0,
  continentDistribution: {},
  locationDistribution: {},
};
const tick = (nowMs: number): TickStatistics => ({
  nowMs,
  periods: { '1h': EMPTY, '24h': EMPTY, '7d': EMPTY, all: EMPTY },
});

/** Steps until nothing is left to thin; returns the number of steps. */
function thin(opened: Opened, nowMs: number): number {
  for (let steps = 1; ; steps++) {
    opened.writer.thinStep(nowMs);
    if (opened.commit().report.isThinned === true) return steps;
  }
}
const timesOf = (opened: Opened, period = 'all') =>
  opened
    .column(`SELECT recorded_at FROM network_stats WHERE stat_period = '${period}' ORDER BY recorded_at, id`)
    .map((text) => Date.parse(String(text)) - NOW_MS);

/** The times that stay at `nowMs`, by docs/federation.md#statistics-rows. */
function expectedTimes(timesMs: readonly number[], nowMs: number): number[] {
  const taken = new Set<string>();
  return [...timesMs]
    .toSorted((a, b) => a - b)
    .filter((atMs) => {
      const isOver = (stretchMs: number, afterMs: number) =>
        (Math.floor(atMs / stretchMs) + 1) * stretchMs <= nowMs - afterMs;
      const stretchMs = isOver(HOUR_MS, 7 * DAY_MS)
        ? HOUR_MS
        : isOver(FIVE_MINUTES_MS, DAY_MS)
          ? FIVE_MINUTES_MS
          : null;
      if (stretchMs === null) return true;
      const stretch = `${stretchMs} ${Math.floor(atMs / stretchMs)}`;
      const isFirst = !taken.has(stretch);
      taken.add(stretch);
      return isFirst;
    });
}

const ticksAgoMs = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 10 * DAY_MS }),
    // Around the edges of both tiers, close together.
    fc
      .tuple(fc.constantFrom(0, DAY_MS, 7 * DAY_MS), fc.integer({ min: -800, max: 800 }))
      .map(([edgeMs, seconds]) => Math.max(0, edgeMs + seconds * 1000)),
  ),
  { minLength: 1, maxLength: 60, size: 'max' },
);

describe('thinning', () => {
  it('thinning - keeps every tick for 24 h, the first of each 5 minutes for 7 days, then the first of each hour', () => {
    fc.assert(
      fc.property(ticksAgoMs, (agos) => {
        const opened = open();
        const timesMs = agos.map((ago) => NOW_MS - ago);
        for (const atMs of timesMs.toSorted((a, b) => a - b)) opened.writer.statistics(tick(atMs));
        opened.commit();
        thin(opened, NOW_MS);
        const expected = expectedTimes(timesMs, NOW_MS).map((atMs) => atMs - NOW_MS);
        for (const period of PERIODS) expect(timesOf(opened, period)).toEqual(expected);
        const before = opened.dump();
        opened.reopen();
        expect(thin(opened, NOW_MS)).toBe(1);
        expect(opened.dump()).toEqual(before);
        opened.writer.close();
      }),
      { numRuns: 100 },
    );
  });

  it('thinning - thinning day by day, with restarts, leaves the rows that thinning once leaves', () => {
    fc.assert(
      fc.property(
        ticksAgoMs,
        fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 6, size: 'max' }),
        (agos, days) => {
          const often = open();
          const once = open();
          const timesMs = agos.map((ago) => NOW_MS - ago).toSorted((a, b) => a - b);
          const momentsMs = days.map((day) => NOW_MS - day * DAY_MS).toSorted((a, b) => a - b);
          for (const atMs of timesMs) {
            while ((momentsMs[0] ?? Infinity) <= atMs) {
              thin(often, momentsMs.shift() ?? 0);
              often.reopen();
            }
            for (const opened of [often, once]) {
              opened.writer.statistics(tick(atMs));
              opened.commit();
            }
          }
          thin(often, NOW_MS);
          thin(once, NOW_MS);
          expect(timesOf(often)).toEqual(timesOf(once));
          often.writer.close();
          once.writer.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('thinning - of rows of the same moment the one with the least id stays', () => {
    const opened = open();
    for (let row = 0; row < 5; row++) opened.writer.statistics(tick(NOW_MS - 3 * DAY_MS));
    opened.commit();
    thin(opened, NOW_MS);
    expect(opened.column('SELECT id FROM network_stats ORDER BY id')).toEqual([1, 2, 3, 4]);
    opened.writer.close();
  });

  it('thinning - a step reads a bounded number of rows, also where rows are dense', () => {
    const opened = open();
    const rows = () => Number(opened.column('SELECT count(*) FROM network_stats')[0]);
    // Four ticks a second, for ten minutes, three days ago.
    for (let index = 0; index < 2400; index++)
      opened.writer.statistics(tick(NOW_MS - 3 * DAY_MS + index * 250));
    opened.commit();
    let before = rows();
    for (let isDone = false; !isDone; ) {
      opened.writer.thinStep(NOW_MS);
      isDone = opened.commit().report.isThinned === true;
      expect(before - rows()).toBeLessThanOrEqual(THINNED_ROWS_MAX);
      before = rows();
    }
    expect(rows()).toBe(4 * 2);
    opened.writer.close();
  });

  it('thinning - rows recorded after the clock was set back are thinned too', () => {
    const opened = open();
    opened.writer.statistics(tick(NOW_MS - 2 * DAY_MS));
    opened.commit();
    thin(opened, NOW_MS);
    for (let index = 0; index < 20; index++)
      opened.writer.statistics(tick(NOW_MS - 5 * DAY_MS + index * 1000));
    opened.commit();
    opened.reopen();
    thin(opened, NOW_MS);
    expect(timesOf(opened)).toEqual([-5 * DAY_MS, -2 * DAY_MS]);
    opened.writer.close();
  });

  it('thinning - a commit that SQLite refuses thins nothing, and its repetition does', () => {
    const opened = open();
    for (let index = 0; index < 20; index++)
      opened.writer.statistics(tick(NOW_MS - 3 * DAY_MS + index * 1000));
    opened.commit();
    opened.database.exec(
      `CREATE TEMP TRIGGER refuse BEFORE UPDATE ON main.settings_kept BEGIN SELECT RAISE(ABORT, 'refused'); END`,
    );
    opened.writer.thinStep(NOW_MS);
    expect(() => opened.commit(1)).toThrow('refused');
    expect(timesOf(opened)).toHaveLength(20);
    opened.database.exec('DROP TRIGGER refuse');
    opened.commit(2);
    expect(timesOf(opened)).toEqual([-3 * DAY_MS]);
    opened.writer.close();
  });

  it('thinning - housekeeping thins in every commit until nothing is left, and then rests', () => {
    const opened = open();
    const commitAt = (nowMs: number) => {
      opened.writer.housekeep(nowMs);
      opened.writer.commit(nowMs, 0);
      return opened.writer.lastCommit.isThinned;
    };
    for (let index = 0; index < 200; index++)
      opened.writer.statistics(tick(NOW_MS - 3 * DAY_MS + index * 1000));
    opened.commit();
    const steps: (boolean | null)[] = [];
    do steps.push(commitAt(NOW_MS));
    while (steps.at(-1) === false);
    expect(steps.length).toBeGreaterThan(2);
    expect(commitAt(NOW_MS)).toBeNull();
    expect(commitAt(NOW_MS + THIN_REST_MS - 1)).toBeNull();
    expect(commitAt(NOW_MS + THIN_REST_MS)).toBe(true);
    opened.writer.close();
  });
});
