// Spreads polls over time, so that together they need no more than the budget of their exchange. It is a plan: the budget
// itself holds requests back. Pure: times are arguments, by one clock.

/** Length of one stretch of the plan, in ms. */
const STRETCH_MS = 250;
/** Share of the budget that polls are given; the rest is for requests that no poll foresaw. */
const POLL_SHARE = 0.8;
/** How far ahead a poll can be planned, in ms: the longest interval between polls, and as much again. */
const AHEAD_MAX_MS = 7_200_000;

/** The plan of one exchange. It holds one number for each stretch from now to two hours ahead that has work. */
export class PollCalendar {
  /** Planned work by stretch, in ms. */
  readonly #planned = new Map<number, number>();
  #firstStretch = 0;

  /** Stretches that have work. */
  get size(): number {
    return this.#planned.size;
  }

  /**
   * Plans a poll of about `workMs` of the budget, and returns when it should begin: `leastMs` or later. If the next
   * two hours are full, it returns the time after them and plans nothing.
   */
  reserve(workMs: number, leastMs: number, nowMs: number): number {
    this.#forgetBefore(Math.floor(nowMs / STRETCH_MS));
    const roomMs = STRETCH_MS * POLL_SHARE;
    const last = Math.floor((nowMs + AHEAD_MAX_MS) / STRETCH_MS);
    let stretch = Math.floor(Math.min(leastMs, nowMs + AHEAD_MAX_MS) / STRETCH_MS);
    while (stretch <= last && this.#usedMs(stretch) >= roomMs) stretch += 1;
    if (stretch > last) return Math.max(leastMs, nowMs + AHEAD_MAX_MS);
    const beginMs = stretch * STRETCH_MS + this.#usedMs(stretch) / POLL_SHARE;
    for (let restMs = workMs; restMs > 0 && stretch <= last; stretch += 1) {
      const usedMs = this.#usedMs(stretch);
      const partMs = Math.max(0, Math.min(restMs, roomMs - usedMs));
      this.#planned.set(stretch, usedMs + partMs);
      restMs -= partMs;
    }
    return Math.max(leastMs, beginMs);
  }

  #usedMs(stretch: number): number {
    return this.#planned.get(stretch) ?? 0;
  }

  #forgetBefore(stretch: number): void {
    const gone = stretch - this.#firstStretch;
    if (gone > this.#planned.size) {
      for (const each of this.#planned.keys()) if (each < stretch) this.#planned.delete(each);
    } else {
      for (let each = this.#firstStretch; each < stretch; each += 1) this.#planned.delete(each);
    }
    this.#firstStretch = Math.max(this.#firstStretch, stretch);
  }
}
