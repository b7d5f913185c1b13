// Submissions that came before the first information: kept until a block is known, and then judged.

import { fairCut } from '../domain/fair-cut.ts';
import type { Entry } from '../domain/facts.ts';

/** Submissions without a block that are kept; above it the addresses with most of them lose their newest. */
export const EARLY_ENTRIES_MAX = 10_000;

/** Called with the entry when a block is known. */
export type Judge = (entry: Entry) => void;

/** Early entries in the order of their arrival, each with what its judgement is told to. */
export class EarlyEntries {
  readonly #judges = new Map<Entry, Judge>();

  get size(): number {
    return this.#judges.size;
  }

  /** Keeps an entry; returns the ones that made room. */
  add(entry: Entry, judge: Judge): readonly Entry[] {
    const removed =
      this.#judges.size < EARLY_ENTRIES_MAX
        ? []
        : fairCut(this.#judges.keys(), ({ address }) => address, Math.ceil(EARLY_ENTRIES_MAX / 16));
    for (const each of removed) this.#judges.delete(each);
    this.#judges.set(entry, judge);
    return removed;
  }

  /** Judges all of them, in the order of their arrival. */
  judge(): void {
    const judges = Array.from(this.#judges);
    this.#judges.clear();
    for (const [entry, judge] of judges) judge(entry);
  }
}
