// The values that the roll-up cells must have, counted from the rows. Hours, labels and totals are counted exactly. The
// minutes of an hour are checked by their sum and by a weighted sum, so that memory grows with the hours and not with
// the minutes. It reads nothing itself.

import { randomWhole } from '../../lib/clock.ts';
import { MINUTE_MS } from '../../lib/durations.ts';

const HOUR_MINUTES = 60;
/** Even a count of a million times this weight is an exact whole number. */
const WEIGHT_MAX = 2 ** 30;

/**
 * The counts of one hour and slot. `weight` is 0 if every minute's cell equals its rows, and otherwise almost certainly
 * not 0.
 */
interface Cell {
  rows: number;
  inMinutes: number;
  inHours: number;
  weight: number;
}

/** How many cells were compared, and how many of them differ. */
export interface Comparison {
  readonly compared: number;
  readonly differing: number;
}

/** Collects counts from rows and from cells, and compares them. */
export class Recount {
  readonly #weights = Array.from({ length: HOUR_MINUTES }, () => randomWhole(1, WEIGHT_MAX));
  readonly #hours = new Map<number, Map<number, Cell>>();
  readonly #totals = new Map<number, { rows: number; inTotals: number }>();
  /** Rows come roughly in the order of time, so the last hour's cells are cached. */
  #lastHour = Number.NaN;
  #lastCells = new Map<number, Cell>();

  /** Counts a row in its slots. */
  add(firstMs: number, slots: readonly number[]): void {
    const minute = Math.floor(firstMs / MINUTE_MS);
    const hour = Math.floor(minute / HOUR_MINUTES);
    const weight = this.#weights[minute - hour * HOUR_MINUTES] ?? 0;
    for (const slot of slots) {
      const cell = this.#cell(hour, slot);
      cell.rows++;
      cell.weight += weight;
      this.addTotal(slot);
    }
  }

  /** Counts a row in a total that has no minutes. */
  addTotal(slot: number): void {
    this.#total(slot).rows++;
  }

  minuteCell(minute: number, slot: number, count: number): void {
    const hour = Math.floor(minute / HOUR_MINUTES);
    const cell = this.#cell(hour, slot);
    cell.inMinutes += count;
    cell.weight -= count * (this.#weights[minute - hour * HOUR_MINUTES] ?? 0);
  }

  hourCell(hour: number, slot: number, count: number): void {
    this.#cell(hour, slot).inHours += count;
  }

  totalCell(slot: number, count: number): void {
    this.#total(slot).inTotals += count;
  }

  compare(): { readonly minutes: Comparison; readonly hours: Comparison; readonly totals: Comparison } {
    let [cells, minutes, hours] = [0, 0, 0];
    for (const ofHour of this.#hours.values()) {
      for (const { rows, inMinutes, inHours, weight } of ofHour.values()) {
        cells++;
        if (inMinutes !== rows || weight !== 0) minutes++;
        if (inHours !== rows) hours++;
      }
    }
    const totals = [...this.#totals.values()].filter(({ rows, inTotals }) => rows !== inTotals);
    return {
      minutes: { compared: cells, differing: minutes },
      hours: { compared: cells, differing: hours },
      totals: { compared: this.#totals.size, differing: totals.length },
    };
  }

  #cell(hour: number, slot: number): Cell {
    if (hour !== this.#lastHour) {
      let cells = this.#hours.get(hour);
      if (cells === undefined) {
        cells = new Map();
        this.#hours.set(hour, cells);
      }
      this.#lastHour = hour;
      this.#lastCells = cells;
    }
    let cell = this.#lastCells.get(slot);
    if (cell === undefined) {
      cell = { rows: 0, inMinutes: 0, inHours: 0, weight: 0 };
      this.#lastCells.set(slot, cell);
    }
    return cell;
  }

  #total(slot: number): { rows: number; inTotals: number } {
    let total = this.#totals.get(slot);
    if (total === undefined) {
      total = { rows: 0, inTotals: 0 };
      this.#totals.set(slot, total);
    }
    return total;
  }
}
