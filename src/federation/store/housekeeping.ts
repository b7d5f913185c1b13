// Decides which commits carry a step of retention or thinning: every commit while a pass is in progress, then none
// during a rest. It neither prunes nor thins. The caller passes the times: of the deletion clock, and, for rests, of
// the monotonic clock.

import { ADOPTED_RETENTION_MS } from './adopted-rows.ts';
import type { Cutoffs } from './key-walk.ts';

/**
 * Rest of retention and thinning, in ms, after a batch failed for a reason other than the environment: they may have
 * caused it.
 */
export const HOUSEKEEPING_REST_MS = 3_600_000;

/** Rest between two passes of retention, in ms. A row may stay for this much longer than RETENTION_DAYS. */
export const PRUNE_REST_MS = 3_600_000;
/** Rest between two passes of thinning, in ms. */
export const THIN_REST_MS = 300_000;

/** Work done in steps until one reports the end of a pass; the next pass begins after a rest. */
class Pass {
  readonly #restMs: number;
  #restingSinceMs: number | null = null;

  constructor(restMs: number) {
    this.#restMs = restMs;
  }

  isDue(monotonicMs: number): boolean {
    return this.#restingSinceMs === null || monotonicMs - this.#restingSinceMs >= this.#restMs;
  }

  stepped(isOver: boolean, monotonicMs: number): void {
    this.#restingSinceMs = isOver ? monotonicMs : null;
  }
}

/** The schedule of one writer's retention and thinning. */
export class Housekeeping {
  readonly #retentionMs: number;
  readonly #prune = new Pass(PRUNE_REST_MS);
  readonly #thin = new Pass(THIN_REST_MS);

  /** `retentionMs` is the retention of rows, in ms; 0 keeps them for ever. */
  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs;
  }

  /** The cutoffs for a step of retention, computed from the deletion clock's `nowMs`; null if no step is due. */
  pruneCutoffs(nowMs: number, monotonicMs: number): Cutoffs | null {
    if (this.#retentionMs <= 0 || !this.#prune.isDue(monotonicMs)) return null;
    const adoptedRetentionMs = Math.max(this.#retentionMs, ADOPTED_RETENTION_MS);
    return { cutoffMs: nowMs - this.#retentionMs, adoptedCutoffMs: nowMs - adoptedRetentionMs };
  }

  /** True if a step of thinning is due. */
  isThinningDue(monotonicMs: number): boolean {
    return this.#thin.isDue(monotonicMs);
  }

  /** A step of retention is committed; `isOver` if it ended a pass over all tables. */
  pruned(isOver: boolean, monotonicMs: number): void {
    this.#prune.stepped(isOver, monotonicMs);
  }

  /** A step of thinning is committed; `isOver` if nothing is left to thin. */
  thinned(isOver: boolean, monotonicMs: number): void {
    this.#thin.stepped(isOver, monotonicMs);
  }
}
