// How the broker's wall clock runs against our monotonic clock, learned from messages that were read the moment they were
// stored. With it the age of a message is known however wrong our own wall clock is. It reads no clock.

/** A message that was read live: the broker's time of it, and when it was read on the monotonic clock. */
interface LiveReading {
  readonly atMs: number;
  readonly heardMs: number;
}

export class BrokerClock {
  #live: LiveReading | null = null;
  #isAtEnd = false;

  /**
   * A message was read; `pending` is how many the stream holds beyond it. It was read live if nothing was waiting before
   * it and nothing is behind it: a stream that was read up to its end brings messages as they are stored.
   */
  read({ atMs, heardMs, pending }: LiveReading & { readonly pending: number }): void {
    if (this.#isAtEnd && pending === 0) this.#live = { atMs, heardMs };
    this.#isAtEnd = pending === 0;
  }

  /** The stream holds nothing that was not read. */
  drained(): void {
    this.#isAtEnd = true;
  }

  /** Messages may wait from now on: we are not reading. */
  away(): void {
    this.#isAtEnd = false;
  }

  /** What the broker's clock shows at `monotonicMs`; null before a message was read live. */
  nowMs(monotonicMs: number): number | null {
    return this.#live === null ? null : this.#live.atMs + monotonicMs - this.#live.heardMs;
  }
}
