// The time by which old rows are deleted (docs/time.md). It follows the wall clock, but slowly, so that a clock that is
// wrong for an hour does not delete years of rows. It reads no clock.

/** How much faster than the running time of the program it may go. */
export const DELETION_PACE = 10;

/** A clock that is never ahead of the wall clock, and follows a step forward at {@link DELETION_PACE} only. */
export class DeletionTime {
  #ms: number;
  #monotonicMs: number;

  /**
   * `keptMs` is the time until which the program is known to have run, 0 if unknown; it begins there, or at `nowMs`, the
   * wall clock, if that is earlier. Times are in ms.
   */
  constructor(keptMs: number, nowMs: number, monotonicMs: number) {
    this.#ms = keptMs === 0 ? nowMs : Math.min(keptMs, nowMs);
    this.#monotonicMs = monotonicMs;
  }

  /** The time at this moment, in ms since the epoch. */
  at(nowMs: number, monotonicMs: number): number {
    const elapsedMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs = monotonicMs;
    this.#ms = Math.min(nowMs, this.#ms + elapsedMs * DELETION_PACE);
    return this.#ms;
  }
}
