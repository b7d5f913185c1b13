// Rows that were made while the wall clock was behind: their times make them older than they are, so retention passes them
// over until they are as old as they seem. It knows keys of rows and never reads a row.

import type { AdoptedKind } from './adopted-rows.ts';
import type { KeptValues } from './kept-values.ts';

/** The next key of each table, by kind. */
export type NextKeys = Readonly<Record<AdoptedKind, number>>;

/** Rows from one set of keys up to, and without, another; without an end while the wall clock is still behind. */
interface Range {
  readonly from: NextKeys;
  readonly to: NextKeys | null;
  /** They are old from this time of the deletion clock on. */
  readonly untilMs: number;
}

/** Ranges kept; when full, the last one is extended: too many rows stay rather than too few. */
const RANGES_MAX = 64;
const YOUNG_ROWS = 'young_rows';

export class YoungRows {
  readonly #kept: KeptValues;
  #ranges: readonly Range[];
  /** At the last look that found the wall clock right. */
  #before: NextKeys;

  constructor(kept: KeptValues, nextKeys: NextKeys) {
    this.#kept = kept;
    const text = kept.text(YOUNG_ROWS);
    this.#ranges = text === null ? [] : (JSON.parse(text) as Range[]);
    this.#before = nextKeys;
  }

  /** Says whether the wall clock is behind now; `untilMs` is when a row made now may be pruned. */
  note(isBehind: boolean, nextKeys: NextKeys, ownMs: number, untilMs: number): void {
    const kept = this.#ranges.filter((range) => range.to === null || range.untilMs > ownMs);
    const last = kept.at(-1);
    const isOpen = last?.to === null;
    if (isBehind && !isOpen) {
      const from = kept.length < RANGES_MAX ? this.#before : (kept.pop()?.from ?? this.#before);
      kept.push({ from, to: null, untilMs: 0 });
    } else if (!isBehind && last !== undefined && isOpen) {
      kept[kept.length - 1] = { from: last.from, to: nextKeys, untilMs };
    }
    if (!isBehind) this.#before = nextKeys;
    if (kept.length === this.#ranges.length && isBehind === isOpen) return;
    this.#ranges = kept;
    this.#kept.set(YOUNG_ROWS, JSON.stringify(kept));
  }

  /** True if the row with this key is younger than its times say. */
  has(kind: AdoptedKind, key: number): boolean {
    return this.#ranges.some(({ from, to }) => key >= from[kind] && (to === null || key < to[kind]));
  }
}
