// Collects what a batch changes in the roll-up cells and writes each touched cell once. It knows cells, not what they
// count: tasks, invoices and nodes say which labels they carry.

import type { Database, Statement } from '../database.ts';

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

/** The label of everything beyond the open labels that are kept. */
export const OTHER_LABEL = 4095;
const LABELS = 4096;
const MINUTE_MS = 60_000;

/** A cell's dimension and label in one number. */
export function slotOf(dimension: number, label: number): number {
  return dimension * LABELS + label;
}

export class RollupDeltas {
  readonly #minutes = new Map<number, Map<number, number>>();
  readonly #totals = new Map<number, number>();
  readonly #changeMinute: Statement<number[]>;
  readonly #changeHour: Statement<number[]>;
  readonly #changeTotal: Statement<number[]>;
  readonly #dropMinute: Statement<number[]>;
  readonly #dropHour: Statement<number[]>;

  constructor(database: Database) {
    const change = (table: string, column: string) =>
      database.prepare<number[]>(
        `INSERT INTO ${table} (${column}, dimension, label, count) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET count = count + excluded.count`,
      );
    const drop = (table: string, column: string) =>
      database.prepare<number[]>(
        `DELETE FROM ${table} WHERE ${column} = ? AND dimension = ? AND label = ? AND count = 0`,
      );
    this.#changeMinute = change('rollup_minutes', 'minute');
    this.#changeHour = change('rollup_hours', 'hour');
    this.#dropMinute = drop('rollup_minutes', 'minute');
    this.#dropHour = drop('rollup_hours', 'hour');
    this.#changeTotal = database.prepare<number[]>(
      `INSERT INTO rollup_totals (dimension, label, count) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count`,
    );
  }

  /** Adds `delta` to the cell of the minute in which `firstMs` lies, and so to its hour and to the total. */
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
      writeCells(minute, cells, this.#changeMinute, this.#dropMinute);
    }
    for (const [hour, cells] of hours) writeCells(hour, cells, this.#changeHour, this.#dropHour);
    for (const [slot, delta] of this.#totals) {
      if (delta !== 0) this.#changeTotal.run(Math.floor(slot / LABELS), slot % LABELS, delta);
    }
  }

  clear(): void {
    this.#minutes.clear();
    this.#totals.clear();
  }
}

function writeCells(
  start: number,
  cells: ReadonlyMap<number, number>,
  change: Statement<number[]>,
  drop: Statement<number[]>,
): void {
  for (const [slot, delta] of cells) {
    if (delta === 0) continue;
    const dimension = Math.floor(slot / LABELS);
    const label = slot % LABELS;
    // A cell that would become negative violates the table's CHECK: an invariant broken, and the commit fails.
    change.run(start, dimension, label, delta);
    if (delta < 0) drop.run(start, dimension, label);
  }
}
