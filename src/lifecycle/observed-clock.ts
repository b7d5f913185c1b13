// The clock on which silence is measured (docs/federation.md#observed-clock). It advances only while the broker
// demonstrably reaches this program. An absence of the program or of the broker therefore makes no node silent.

/** Counts the time for which the broker was heard, in ms. */
export class ObservedClock {
  #observedMs: number;
  #lastMonotonicMs: number | null = null;
  readonly #stepMaxMs: number;

  /** Resumes at `observedMs`. One sign of life of the broker advances the clock by at most `stepMaxMs`. */
  constructor(observedMs: number, stepMaxMs: number) {
    this.#observedMs = observedMs;
    this.#stepMaxMs = stepMaxMs;
  }

  /** Milliseconds observed since the database was made, as a whole number because it is stored. */
  get nowMs(): number {
    return Math.floor(this.#observedMs);
  }

  /**
   * The source heard the broker: a message, or an answer to a ping. While the source is catching up the clock stands
   * still.
   */
  heard(monotonicMs: number, isCatchingUp: boolean): void {
    if (this.#lastMonotonicMs !== null && !isCatchingUp) {
      this.#observedMs += Math.min(Math.max(0, monotonicMs - this.#lastMonotonicMs), this.#stepMaxMs);
    }
    this.#lastMonotonicMs = monotonicMs;
  }

  /** The connection is gone: the time until the broker is heard again does not count. */
  lost(): void {
    this.#lastMonotonicMs = null;
  }
}
