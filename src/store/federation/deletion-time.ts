// By what time rows are deleted: the deletion clock as it is kept in the database, and which rows are younger than their
// times say. It is told the clocks' readings and deletes nothing.

import { DeletionClock, type DeletionClockState } from '../../domain/federation/deletion-clock.ts';
import type { AdoptedKind } from './adopted-rows.ts';
import type { KeptValues } from './kept-values.ts';
import { type NextKeys, YoungRows } from './young-rows.ts';

const DELETION_CLOCK = 'deletion_clock';
/** The wall clock is behind if it shows so much less than the deletion clock. */
const BEHIND_MIN_MS = 1000;

export interface DeletionTimeOptions {
  /** How long the wall clock must be ahead, while we run, before rows are deleted by it. */
  readonly graceMs: number;
  /** How long rows are kept. */
  readonly retentionMs: number;
}

export class DeletionTime {
  readonly #kept: KeptValues;
  readonly #options: DeletionTimeOptions;
  readonly #nextKeys: () => NextKeys;
  readonly #young: YoungRows;
  #clock: DeletionClock | null = null;

  constructor(kept: KeptValues, options: DeletionTimeOptions, nextKeys: () => NextKeys) {
    this.#kept = kept;
    this.#options = options;
    this.#nextKeys = nextKeys;
    this.#young = new YoungRows(kept, nextKeys());
  }

  /** Reads the wall clock and the monotonic clock; returns the time for deletions, and keeps it with the next commit. */
  read(nowMs: number, monotonicMs: number): number {
    const { graceMs, retentionMs } = this.#options;
    this.#clock ??= new DeletionClock(graceMs, this.#keptState(), nowMs, monotonicMs);
    const deletionMs = this.#clock.read(nowMs, monotonicMs);
    const { state } = this.#clock;
    this.#kept.set(DELETION_CLOCK, JSON.stringify(state));
    const isBehind = state.ownMs - nowMs > BEHIND_MIN_MS;
    this.#young.note(isBehind, this.#nextKeys(), state.ownMs, state.ownMs + retentionMs);
    return deletionMs;
  }

  /** True if the row with this key is younger than its times say. */
  isYoung(kind: AdoptedKind, key: number): boolean {
    return this.#young.has(kind, key);
  }

  #keptState(): DeletionClockState | null {
    const kept = this.#kept.text(DELETION_CLOCK);
    return kept === null ? null : (JSON.parse(kept) as DeletionClockState);
  }
}
