// When the writer's commits carry a step of retention or thinning: in every commit while a pass is under way, and then not
// for a while. It neither prunes nor thins, and is told the time: of the deletion clock, and, for rests, the monotonic one.

import { ADOPTED_RETENTION_MS } from './adopted-rows.ts';
import type { Cutoffs } from './key-walk.ts';

/** After a batch that failed for no reason of the environment: how long retention and thinning rest, in case it was they. */
export const HOUSEKEEPING_REST_MS = 3_600_000;

/** Rest between two passes of retention: how much longer than RETENTION_DAYS a row may stay. */
export const PRUNE_REST_MS = 3_600_000;
/** Rest between two passes of thinning. */
export const THIN_REST_MS = 300_000;

/** One kind of work that is done in steps until it says that it is done, and begins again after a rest. */
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

export class Housekeeping {
  readonly #retentionMs: number;
  readonly #prune = new Pass(PRUNE_REST_MS);
  readonly #thin = new Pass(THIN_REST_MS);

  /** `retentionMs` 0 keeps rows for ever. */
  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs;
  }

  /** Rows last seen before this, `nowMs` being the deletion clock, are to be pruned by a step now; null if none is due. */
  pruneCutoffs(nowMs: number, monotonicMs: number): Cutoffs | null {
    if (this.#retentionMs <= 0 || !this.#prune.isDue(monotonicMs)) return null;
    const adoptedRetentionMs = Math.max(this.#retentionMs, ADOPTED_RETENTION_MS);
    return { cutoffMs: nowMs - this.#retentionMs, adoptedCutoffMs: nowMs - adoptedRetentionMs };
  }

  isThinningDue(monotonicMs: number): boolean {
    return this.#thin.isDue(monotonicMs);
  }

  /** A step of retention is committed; `isOver` if a pass over all tables ended with it. */
  pruned(isOver: boolean, monotonicMs: number): void {
    this.#prune.stepped(isOver, monotonicMs);
  }

  /** A step of thinning is committed; `isOver` if nothing is left to thin. */
  thinned(isOver: boolean, monotonicMs: number): void {
    this.#thin.stepped(isOver, monotonicMs);
  }
}
