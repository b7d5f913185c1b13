// Collects a batch's changes of the roll-up cells and writes each changed cell once. It does not know what cells count:
// tasks, invoices and nodes decide which labels they carry.
//
// Cells of minutes stay as long as the rows that they count: a late report may move any live row, and then its minute's
// cell must be reduced. Statistics need only the last 7 days of minutes, so with RETENTION_DAYS=0 the rest is unused,
// but its size is bounded: a row adds at most 9 cells of 17 bytes, and a minute holds one cell per label in use.
// Measured with 100 tasks a minute: 35 cells, 0.6 kB a minute, 0.3 GB a year, beside 8 GB of rows. If old minutes were
// merged into hours, every move of a row would first have to find out which cells still exist.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { MINUTE_MS } from '../../lib/durations.ts';

/** Dimensions of the roll-up tables; the numbers are stored. */
export const DIMENSION = {
  taskStatus: 0,
  cached: 1,
  executionTime: 2,
  gas: 3,
  chain: 4,
  taskType: 5,
  invoices: 6,
  steps: 7,
  memory: 8,
  nodeState: 9,
  operation: 10,
} as const;

/** The label that counts all open labels beyond those with a number. */
export const OTHER_LABEL = 4095;
const LABELS = 4096;
/** A cell's dimension and label in one number. */
export function slotOf(dimension: number, label: number): number {
  return dimension * LABELS + label;
}

/** The changes of one commit to all roll-up tables. */
export class RollupDeltas {
  readonly #minutes = new Map<number, Map<number, number>>();
  readonly #totals = new Map<number, number>();
  readonly #pruned = new Map<number, number>();
  readonly #minuteCells: Cells;
  readonly #hourCells: Cells;
  readonly #totalCells: Cells;
  readonly #prunedCells: Cells;

  constructor(database: Database) {
    this.#minuteCells = new Cells(database, 'rollup_minutes', 'minute');
    this.#hourCells = new Cells(database, 'rollup_hours', 'hour');
    this.#totalCells = new Cells(database, 'rollup_totals', null);
    this.#prunedCells = new Cells(database, 'pruned_totals', null);
  }

  /** Adds `delta` to the cell of the minute that contains `firstMs`, and so to its hour and to the total. */
  add(firstMs: number, slot: number, delta: number): void {
    const minute = Math.floor(firstMs / MINUTE_MS);
    let cells = this.#minutes.get(minute);
    if (cells === undefined) {
      cells = new Map();
      this.#minutes.set(minute, cells);
    }
    cells.set(slot, (cells.get(slot) ?? 0) + delta);
  }

  /** Adds `delta` to a total that has no minutes: node states. */
  addTotal(slot: number, delta: number): void {
    this.#totals.set(slot, (this.#totals.get(slot) ?? 0) + delta);
  }

  /**
   * Moves one count from the cell of the minute that contains `firstMs` to the pruned total, so that lifetime totals do
   * not shrink.
   */
  prune(firstMs: number, slot: number): void {
    this.add(firstMs, slot, -1);
    this.addPruned(slot);
  }

  /** Counts one in a pruned total. */
  addPruned(slot: number): void {
    this.#pruned.set(slot, (this.#pruned.get(slot) ?? 0) + 1);
  }

  /** Writes all cells, inside the caller's transaction. */
  write(): void {
    const hours = new Map<number, Map<number, number>>();
    for (const [minute, cells] of this.#minutes) {
      const hour = Math.floor(minute / 60);
      let ofHour = hours.get(hour);
      if (ofHour === undefined) {
        ofHour = new Map();
        hours.set(hour, ofHour);
      }
      for (const [slot, delta] of cells) {
        ofHour.set(slot, (ofHour.get(slot) ?? 0) + delta);
        this.addTotal(slot, delta);
      }
      this.#minuteCells.change(minute, cells);
    }
    for (const [hour, cells] of hours) this.#hourCells.change(hour, cells);
    this.#totalCells.change(null, this.#totals);
    this.#prunedCells.change(null, this.#pruned);
  }

  clear(): void {
    this.#minutes.clear();
    this.#totals.clear();
    this.#pruned.clear();
  }
}

/** The statements of one roll-up table; `start` is its first key column, if it has one. */
class Cells {
  readonly #add: Statement<number[]>;
  readonly #subtract: Statement<number[]>;
  readonly #drop: Statement<number[]>;
  readonly #table: string;

  constructor(database: Database, table: string, start: string | null) {
    const keys = start === null ? ['dimension', 'label'] : [start, 'dimension', 'label'];
    const where = keys.map((key) => `${key} = ?`).join(' AND ');
    this.#table = table;
    this.#add = statement(
      database,
      `INSERT INTO ${table} (count, ${keys.join(', ')}) VALUES (?, ${keys.map(() => '?').join(', ')})
       ON CONFLICT DO UPDATE SET count = count + excluded.count`,
    );
    // An upsert would fail: SQLite checks the constraint on the negative row before it finds the conflict.
    this.#subtract = statement(database, `UPDATE ${table} SET count = count + ? WHERE ${where}`);
    this.#drop = statement(database, `DELETE FROM ${table} WHERE ${where} AND count = 0`);
  }

  change(start: number | null, cells: ReadonlyMap<number, number>): void {
    for (const [slot, delta] of cells) {
      if (delta === 0) continue;
      const place = [Math.floor(slot / LABELS), slot % LABELS];
      const keys = start === null ? place : [start, ...place];
      if (delta > 0) {
        this.#add.run(delta, ...keys);
        continue;
      }
      // A cell below zero violates the table's CHECK; a missing cell fails here. Either way the commit fails.
      if (this.#subtract.run(delta, ...keys).changes !== 1) throw new Error(`${this.#table} misses a cell`);
      this.#drop.run(...keys);
    }
  }
}
