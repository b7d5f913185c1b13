// The rows that the history of statistics must hold (docs/federation.md#statistics-rows): every tick for a day, then
// the first of each 5 minutes for a week, then the first of each hour, whatever the clock did; and that lifetime totals
// never shrink from tick to tick.

import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';
import { PERIODS } from '../../../src/federation/simulator/vocabulary.ts';
import type { ReadDatabase } from '../../../src/store/database.ts';

const MINUTE_MS = 60_000;
const FIVE_MINUTES_MS = 300_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A pass of thinning rests for 5 minutes, and has a step in each commit. */
const LATE_MAX_MS = 15 * MINUTE_MS;
/** The lasting error that the clock may have; rows may be thinned early by no more than this. */
const WRONG_FOR_EVER_MS = 2 * HOUR_MS;
const LIFETIME = ['totalTasks', 'totalInvoices', 'totalNodes'] as const;

interface Tick {
  readonly atMs: number;
  readonly totalTasks: number;
}

export class HistoryTruth {
  #waiting: Tick[] = [];
  readonly #stored: Tick[] = [];
  #latestMs = 0;
  readonly #deletions: { readonly trueMs: number; readonly deletionMs: number }[] = [];
  readonly #greatest = { totalTasks: 0, totalInvoices: 0, totalNodes: 0 };

  get ticks(): number {
    return this.#stored.length;
  }

  /** The writer was given a tick. */
  ticked({ nowMs, periods: { all } }: TickStatistics): void {
    this.#waiting.push({ atMs: nowMs, totalTasks: all.totalTasks });
    for (const name of LIFETIME) {
      if (all[name] < this.#greatest[name])
        throw new Error(`${name} shrank from ${this.#greatest[name]} to ${all[name]}`);
      this.#greatest[name] = all[name];
    }
  }

  /** The given ticks are on disk; `deletionMs` is the time by which statistics are thinned. */
  committed(deletionMs: number, trueMs: number): void {
    this.#stored.push(...this.#waiting);
    this.#waiting = [];
    this.#latestMs = Math.max(this.#latestMs, Math.min(deletionMs, trueMs + WRONG_FOR_EVER_MS));
    this.#deletions.push({ trueMs, deletionMs });
  }

  /** The least thinning time within the allowed delay of thinning. */
  #settledMs(trueMs: number): number {
    const before = this.#deletions.findLastIndex((reading) => reading.trueMs <= trueMs - LATE_MAX_MS);
    this.#deletions.splice(0, Math.max(0, before));
    return Math.min(...this.#deletions.map(({ deletionMs }) => deletionMs));
  }

  killed(): void {
    this.#waiting = [];
  }

  /** Throws unless the rows are those ticks that must be there, and of the others only those that still may. */
  expect(database: ReadDatabase, trueMs: number): void {
    const nowMs = this.#settledMs(trueMs);
    const rows = database.prepare<{ period: string }, { atMs: number; total: number }>(
      `SELECT CAST(round((julianday(recorded_at) - 2440587.5) * 86400000) AS INTEGER) AS atMs, total_tasks AS total
         FROM network_stats WHERE stat_period = @period ORDER BY recorded_at, id`,
    );
    const expected = this.#stored.toSorted((a, b) => a.atMs - b.atMs);
    const firstOf = (stretchMs: number) => {
      const firsts = new Map<number, Tick>();
      for (const tick of expected) {
        const stretch = Math.floor(tick.atMs / stretchMs);
        if (!firsts.has(stretch)) firsts.set(stretch, tick);
      }
      return new Set(firsts.values());
    };
    const [ofFive, ofHour] = [firstOf(FIVE_MINUTES_MS), firstOf(HOUR_MS)];
    const startOf = (stretchMs: number, atMs: number) => Math.floor(atMs / stretchMs) * stretchMs;
    // Ages by the latest time by which statistics were ever thinned: rows thinned then are gone.
    const everyFromMs = startOf(FIVE_MINUTES_MS, this.#latestMs - DAY_MS);
    const fiveFromMs = startOf(HOUR_MS, this.#latestMs - 7 * DAY_MS);
    const must = (tick: Tick) =>
      ofHour.has(tick) || (tick.atMs >= fiveFromMs && ofFive.has(tick)) || tick.atMs >= everyFromMs;
    const may = (tick: Tick) =>
      (ofFive.has(tick) || tick.atMs >= nowMs - DAY_MS - FIVE_MINUTES_MS - LATE_MAX_MS) &&
      (ofHour.has(tick) || tick.atMs >= nowMs - 7 * DAY_MS - HOUR_MS - LATE_MAX_MS);
    for (const period of PERIODS) {
      const actual = rows.all({ period });
      let row = 0;
      for (const tick of expected) {
        const isThere =
          actual[row]?.atMs === tick.atMs && (period !== 'all' || actual[row]?.total === tick.totalTasks);
        if (isThere) row++;
        if (isThere ? !may(tick) : must(tick))
          throw new Error(
            `statistics ${period} of ${new Date(tick.atMs).toISOString()} are ${isThere ? 'still' : 'not'} there`,
          );
      }
      if (row < actual.length)
        throw new Error(`statistics ${period}: ${JSON.stringify(actual[row])} was never recorded`);
    }
  }
}
