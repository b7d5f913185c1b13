// Finds rows last seen before a moment, a bounded stretch of the primary key at a time. There is no index by last
// sighting: every message moves it, so such an index would be written with every row of every commit, whereas one step
// of this walk reads a few thousand neighbouring rows in about a millisecond (bench/retention.ts).

import type { Database, Statement } from '../../store/database.ts';
import type { AdoptedKind } from './adopted-rows.ts';
import { statement } from '../../store/statements.ts';

/** Rows that one step looks at. */
export const EXAMINED_ROWS_MAX = 4096;

/** Before when a row must have been seen last to go, in ms since the epoch; adopted rows have their own such moment. */
export interface Cutoffs {
  readonly cutoffMs: number;
  readonly adoptedCutoffMs: number;
}

/** Where rows are and how they tell when they were last seen. */
export interface WalkedTable {
  readonly table: string;
  readonly key: string;
  /** SQL of the last sighting in ms since the epoch. */
  readonly lastMs: string;
  readonly columns: readonly string[];
  /** As what its rows are adopted. */
  readonly adopted: AdoptedKind;
}

/** One step: rows to prune, and where the next one begins; `isEnd` if nothing lies behind. */
export interface WalkStep<Row> {
  readonly rows: readonly Row[];
  readonly afterKey: number;
  readonly isEnd: boolean;
}

export class KeyWalk<Row> {
  readonly #edge: Statement<[number], number>;
  readonly #old: Statement<[number, number, number, number, number], Row & { walkedKey: number }>;

  constructor(database: Database, { table, key, lastMs, columns, adopted }: WalkedTable) {
    this.#edge = statement<[number], number>(
      database,
      `SELECT ${key} FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT 1 OFFSET ${EXAMINED_ROWS_MAX - 1}`,
    ).pluck();
    this.#old = statement(
      database,
      `SELECT ${key} AS walkedKey, ${columns.join(', ')} FROM ${table}
       WHERE ${key} > ? AND ${key} <= ? AND ${lastMs} < ?
         AND (${lastMs} < ? OR NOT EXISTS (SELECT 1 FROM adopted WHERE kind = ${adopted} AND id = ${table}.${key}))
       ORDER BY ${key} LIMIT ?`,
    );
  }

  /**
   * Looks at the rows behind `afterKey`; finds at most `rowsMax` that were last seen before the cutoff, adopted ones before
   * theirs.
   */
  step(afterKey: number, cutoffs: Cutoffs, rowsMax: number): WalkStep<Row> {
    const { cutoffMs, adoptedCutoffMs } = cutoffs;
    const edge = this.#edge.get(afterKey);
    const rows = this.#old.all(afterKey, edge ?? Number.MAX_SAFE_INTEGER, cutoffMs, adoptedCutoffMs, rowsMax);
    const last = rows.at(-1);
    if (last !== undefined && rows.length === rowsMax)
      return { rows, afterKey: last.walkedKey, isEnd: false };
    return { rows, afterKey: edge ?? 0, isEnd: edge === undefined };
  }
}
