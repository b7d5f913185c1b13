// Thins the history of statistics (docs/federation.md#statistics-rows): every tick for 24 h, then one row per period
// and 5 minutes, after 7 days one per hour, for ever. The first row of a stretch stays, so the result depends neither
// on the pace of thinning nor on restarts.

import type { Thinned } from '../domain/history.ts';
import { PERIODS, type Period } from '../domain/vocabulary.ts';
import type { Database, ReadDatabase, Statement } from '../../store/database.ts';
import type { StoredValues } from '../../store/stored-values.ts';
import { statement } from '../../store/statements.ts';

/** Maximum number of rows that one step reads, and so the most that it deletes. */
export const THINNED_ROWS_MAX = 256;

interface Tier {
  /** Name of the stored time up to which the tier is done, in ms since the epoch. */
  readonly name: string;
  readonly stretchMs: number;
  readonly afterMs: number;
}

// Hours come first: rows that become hourly need not become 5-minutely before, and the first row of an hour is also the
// first of its first 5 minutes.
const TIERS: readonly Tier[] = [
  { name: 'thinned_to_hours_until_ms', stretchMs: 3_600_000, afterMs: 7 * 86_400_000 },
  { name: 'thinned_to_5_minutes_until_ms', stretchMs: 300_000, afterMs: 86_400_000 },
];

/** How far each tier is thinned, the widest stretch first. */
export function readThinned(database: ReadDatabase): readonly Thinned[] {
  const stored = statement<[string], number>(
    database,
    'SELECT value FROM settings_kept WHERE name = ?',
  ).pluck();
  return TIERS.map(({ name, stretchMs }) => ({ untilMs: stored.get(name) ?? 0, stretchMs }));
}

/** The thinning of one database, with its progress per tier. */
export class StatisticsThinning {
  readonly #stored: StoredValues;
  readonly #firstFrom: Statement<[string, string], string | null>;
  readonly #idsIn: Statement<[string, string, string, number], number>;
  readonly #delete: Statement<[number]>;
  readonly #doneMs = new Map<Tier, number>();
  readonly #nextDoneMs = new Map<Tier, number>();
  #nowMs: number | null = null;
  #isDone = true;

  constructor(database: Database, stored: StoredValues) {
    this.#stored = stored;
    this.#firstFrom = statement<[string, string], string | null>(
      database,
      'SELECT min(recorded_at) FROM network_stats WHERE stat_period = ? AND recorded_at >= ?',
    ).pluck();
    this.#idsIn = statement<[string, string, string, number], number>(
      database,
      `SELECT id FROM network_stats WHERE stat_period = ? AND recorded_at >= ? AND recorded_at < ?
         ORDER BY recorded_at, id LIMIT ?`,
    ).pluck();
    this.#delete = statement(database, 'DELETE FROM network_stats WHERE id = ?');
    for (const tier of TIERS) this.#doneMs.set(tier, stored.number(tier.name));
  }

  /**
   * A row with this time is about to be stored. If a clock was set back to before the time up to which a tier is done,
   * the tier repeats from there.
   */
  recorded(atMs: number): void {
    for (const tier of TIERS) {
      if (atMs >= (this.#doneMs.get(tier) ?? 0)) continue;
      this.#doneMs.set(tier, startOf(tier, atMs));
      this.#stored.set(tier.name, startOf(tier, atMs));
    }
  }

  /** Schedules one step for the next commit, with ages as of `nowMs`. */
  ask(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** Makes the scheduled step, inside the caller's transaction. May be repeated after a failure. */
  write(): void {
    if (this.#nowMs === null) return;
    let rowsLeft = THINNED_ROWS_MAX;
    this.#isDone = true;
    for (const tier of TIERS) {
      const endMs = startOf(tier, this.#nowMs - tier.afterMs);
      let doneMs = this.#doneMs.get(tier) ?? 0;
      while (doneMs < endMs && rowsLeft > 0) {
        const fromMs = startOf(tier, this.#firstAt(doneMs) ?? endMs);
        if (fromMs >= endMs) {
          doneMs = endMs;
          break;
        }
        rowsLeft -= this.#thin(fromMs, fromMs + tier.stretchMs, rowsLeft);
        // If the bound ended the stretch early, it is read again: its deleted rows are gone, and its first row is the
        // same.
        doneMs = rowsLeft > 0 ? fromMs + tier.stretchMs : fromMs;
      }
      this.#isDone &&= doneMs >= endMs;
      this.#nextDoneMs.set(tier, doneMs);
      this.#stored.set(tier.name, doneMs);
    }
  }

  /**
   * The transaction that held {@link write} is committed. Returns true if nothing is left to thin; null if no step was
   * scheduled.
   */
  committed(): boolean | null {
    if (this.#nowMs === null) return null;
    this.#nowMs = null;
    for (const [tier, doneMs] of this.#nextDoneMs) this.#doneMs.set(tier, doneMs);
    return this.#isDone;
  }

  /** The time of the oldest row of any period at or after `fromMs`. */
  #firstAt(fromMs: number): number | null {
    const from = new Date(fromMs).toISOString();
    const firsts = PERIODS.map((period) => this.#firstFrom.get(period, from)).filter((text) => text != null);
    return firsts.length === 0 ? null : Math.min(...firsts.map((text) => Date.parse(text)));
  }

  /**
   * Deletes all rows of the stretch except the first of each period; returns the number of rows that it read, at most
   * `rowsMax`.
   */
  #thin(fromMs: number, toMs: number, rowsMax: number): number {
    const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
    let looked = 0;
    for (const period of PERIODS) looked += this.#thinPeriod(period, from, to, rowsMax - looked);
    return looked;
  }

  #thinPeriod(period: Period, from: string, to: string, rowsMax: number): number {
    if (rowsMax <= 0) return 0;
    const [, ...others] = this.#idsIn.all(period, from, to, rowsMax);
    for (const id of others) this.#delete.run(id);
    return others.length + 1;
  }
}

function startOf(tier: Tier, atMs: number): number {
  return Math.floor(atMs / tier.stretchMs) * tier.stretchMs;
}
