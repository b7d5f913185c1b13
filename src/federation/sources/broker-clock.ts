// How the broker's wall clock runs against our monotonic clock, learned from messages that were read live: one that waited in
// the stream is old, whatever the clocks show. With it the age of a message is known however wrong our own wall clock is. It
// reads no clock.

/**
 * A message is live if it was read at most this long after a pull was asked for that found the end of the stream: everything
 * stored before that pull had been delivered, so the message is no older than that. A pull on a quiet stream waits for 2 s,
 * and the next one for 2 s again.
 */
const LIVE_AGE_MAX_MS = 5000;

/** Times of messages are the broker's; the others are of our monotonic clock. All in milliseconds. */
export class BrokerClock {
  #liveUntilMs = -Infinity;
  #storedAtMs: number | null = null;
  #readMs = 0;

  /** The stream held nothing unread at some moment after `askedMs`. */
  ended(askedMs: number): void {
    this.#liveUntilMs = Math.max(this.#liveUntilMs, askedMs + LIVE_AGE_MAX_MS);
  }

  /** Messages may wait from now on: we are not reading. */
  away(): void {
    this.#liveUntilMs = -Infinity;
  }

  /** A message that the broker stored at `storedAtMs` was read at `readMs`. */
  read(storedAtMs: number, readMs: number): void {
    if (readMs > this.#liveUntilMs) return;
    this.#storedAtMs = storedAtMs;
    this.#readMs = readMs;
  }

  /** What the broker's clock shows at `monotonicMs`; null before a message was read live. */
  nowMs(monotonicMs: number): number | null {
    return this.#storedAtMs === null ? null : this.#storedAtMs + (monotonicMs - this.#readMs);
  }
}
