// Finds rows last seen before a given time, one bounded range of the primary key at a time. There is no index by last
// sighting. Every message changes it, so each commit would update such an index for every row. One step of this walk
// reads a few thousand adjacent rows in about a millisecond (bench/retention.ts).

import type { Database, Statement } from '../../store/database.ts';
import type { AdoptedKind } from './adopted-rows.ts';
import { statement } from '../../store/statements.ts';

/** Maximum number of rows that one step reads. */
export const EXAMINED_ROWS_MAX = 4096;

/** Rows last seen before `cutoffMs`, in ms since the epoch, are pruned; adopted rows have their own cutoff. */
export interface Cutoffs {
  readonly cutoffMs: number;
  readonly adoptedCutoffMs: number;
}

/** The walked table, and the SQL for its key and its last sighting. */
export interface WalkedTable {
  readonly table: string;
  readonly key: string;
  /** SQL expression for the last sighting in ms since the epoch. */
  readonly lastMs: string;
  readonly columns: readonly string[];
  /** The kind under which the table's rows are marked if adopted. */
  readonly adopted: AdoptedKind;
}

/**
 * The result of one step: rows to prune, and the key after which the next step begins. `isEnd` is true if no rows
 * follow.
 */
export interface WalkStep<Row> {
  readonly rows: readonly Row[];
  readonly afterKey: number;
  readonly isEnd: boolean;
}

/** The walk over one table; the caller keeps its position. */
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

  /** Reads the rows after `afterKey`. Returns at most `rowsMax` rows that were last seen before their cutoff. */
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
