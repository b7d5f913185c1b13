// Retention in small steps (docs/federation.md#retention): it keeps which table comes next and how far the walk has
// come. Each step is part of a commit, after the changed rows are written, so it decides by the newest values. It never
// reads a clock.

import type { StoredValues } from '../../store/stored-values.ts';
import type { Cutoffs } from './key-walk.ts';
import type { RollupDeltas } from './rollups.ts';

/**
 * Maximum number of tasks or invoices that one step prunes: a quarter of the 50 ms for which the writer may pause
 * (bench/retention.ts).
 */
export const PRUNED_ROWS_MAX = 500;

/** A table whose rows are pruned. */
export interface PrunedTable {
  /**
   * Prunes some of the rows after `afterKey` that were last seen before their cutoff, inside the caller's transaction,
   * and moves their counts into the pruned totals. May be repeated after a failure.
   */
  prune(
    afterKey: number,
    cutoffs: Cutoffs,
    rollups: RollupDeltas,
  ): { readonly afterKey: number; readonly isEnd: boolean; readonly rows: number };
}

/** The result of a step. */
export interface PruneResult {
  readonly rows: number;
  /**
   * True if the step was the last of a pass over all tables. The rest of a pass that began before a restart does not
   * count as a pass.
   */
  readonly isPassOver: boolean;
}

const TABLE = 'retention_table';
const AFTER = 'retention_after';

/** The walk of retention over all tables, with its place in the database. */
export class Retention {
  readonly #tables: readonly PrunedTable[];
  readonly #stored: StoredValues;
  #place: { readonly table: number; readonly afterKey: number };
  #nextPlace: { readonly table: number; readonly afterKey: number };
  /**
   * False until this process starts a pass from the beginning. A pass resumed after a restart has skipped the tables
   * before the resume point.
   */
  #isWholePass: boolean;
  #cutoffs: Cutoffs | null = null;
  #result: PruneResult | null = null;

  constructor(tables: readonly PrunedTable[], stored: StoredValues) {
    this.#tables = tables;
    this.#stored = stored;
    this.#place = { table: stored.number(TABLE) % tables.length, afterKey: stored.number(AFTER) };
    this.#nextPlace = this.#place;
    this.#isWholePass = isStart(this.#place);
  }

  /** Schedules one step with these cutoffs for the next commit. */
  ask(cutoffs: Cutoffs): void {
    this.#cutoffs = cutoffs;
  }

  /** Makes the scheduled step, inside the caller's transaction. */
  write(rollups: RollupDeltas): void {
    const table = this.#tables[this.#place.table];
    if (this.#cutoffs === null || table === undefined) return;
    const step = table.prune(this.#place.afterKey, this.#cutoffs, rollups);
    const next = step.isEnd ? (this.#place.table + 1) % this.#tables.length : this.#place.table;
    this.#nextPlace = { table: next, afterKey: step.isEnd ? 0 : step.afterKey };
    this.#result = { rows: step.rows, isPassOver: this.#isWholePass && isStart(this.#nextPlace) };
    this.#stored.set(TABLE, this.#nextPlace.table);
    this.#stored.set(AFTER, this.#nextPlace.afterKey);
  }

  /**
   * The transaction that held {@link write} is committed. Returns the result of its step; null if none was scheduled.
   */
  committed(): PruneResult | null {
    const result = this.#result;
    this.#place = this.#nextPlace;
    if (isStart(this.#place)) this.#isWholePass = true;
    this.#cutoffs = null;
    this.#result = null;
    return result;
  }
}

function isStart({ table, afterKey }: { readonly table: number; readonly afterKey: number }): boolean {
  return table === 0 && afterKey === 0;
}
