// The clock on which silence is measured (section 6): it advances only while the broker demonstrably reaches us, so
// that our own absence, or the broker's, makes nobody silent.

export class ObservedClock {
  #observedMs: number;
  #lastMonotonicMs: number | null = null;
  readonly #stepMaxMs: number;

  /** Resumes at `observedMs`; one sign of the broker advances it by at most `stepMaxMs`. */
  constructor(observedMs: number, stepMaxMs: number) {
    this.#observedMs = observedMs;
    this.#stepMaxMs = stepMaxMs;
  }

  /** Milliseconds observed since the database was made; whole, for it is stored. */
  get nowMs(): number {
    return Math.floor(this.#observedMs);
  }

  /** The broker was heard: a message or an answer to a ping. While catching up the clock stands still. */
  heard(monotonicMs: number, isCatchingUp: boolean): void {
    if (this.#lastMonotonicMs !== null && !isCatchingUp) {
      this.#observedMs += Math.min(Math.max(0, monotonicMs - this.#lastMonotonicMs), this.#stepMaxMs);
    }
    this.#lastMonotonicMs = monotonicMs;
  }

  /** The connection is gone: the time until it is heard again counts for nothing. */
  lost(): void {
    this.#lastMonotonicMs = null;
  }
}
