// Samples of the capacity every few minutes, for the chart of the capacity over time.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { ACTIVE_MS } from '../domain/statistics.ts';
import { SAMPLE_MS } from './outcome-rows.ts';
import type { StatisticsMemory } from './statistics-memory.ts';

/** Time after which the newest sample is made anew, in ms, so that a chart ends with what is true now. */
const RENEW_MS = 30_000;
/** The same while there is no capacity, so that a first one shows soon. */
const RENEW_EMPTY_MS = 5_000;

/** The samples of a database. */
export class Samples {
  readonly #insert: Statement;
  #lastMs: number;
  #dueMs = 0;

  constructor(database: Database) {
    this.#insert = statement(
      database,
      `INSERT OR REPLACE INTO capacity_samples (at_ms, capacity_tib, machines, accounts, base_target)
         VALUES (?, ?, ?, ?, (SELECT base_target FROM informations WHERE is_active = 1))`,
    );
    this.#lastMs =
      statement<[], number | null>(database, 'SELECT max(at_ms) FROM capacity_samples').pluck().get() ?? 0;
  }

  /** Time of the newest sample, in ms since the epoch; 0 without any. */
  get newestMs(): number {
    return this.#lastMs;
  }

  /** Stores a sample if one is due, in the place of the newest if that is of the same five minutes. Throws SQLite's error, and can be repeated. */
  take(nowMs: number, statistics: StatisticsMemory): void {
    const atMs = Math.floor(nowMs / SAMPLE_MS) * SAMPLE_MS;
    // A clock that was ahead has left a newest sample in the future: samples go on all the same.
    const isEarly = atMs === this.#lastMs && nowMs < this.#dueMs;
    if (isEarly || !statistics.isComplete) return;
    const { machines, accounts, pairs } = statistics.snapshot(nowMs);
    const active = machines.filter(({ seenAtMs }) => nowMs - seenAtMs < ACTIVE_MS).length;
    const capacityTib = pairs.reduce((sum, pair) => sum + pair.capacityTib, 0);
    this.#insert.run(atMs, capacityTib, active, accounts.length);
    this.#lastMs = atMs;
    this.#dueMs = nowMs + (capacityTib === 0 ? RENEW_EMPTY_MS : RENEW_MS);
  }
}
