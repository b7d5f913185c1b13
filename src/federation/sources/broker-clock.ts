// Relates the broker's wall clock to this machine's monotonic clock, by messages that were read live: a message that
// waited in the stream is old, whatever the clocks show. The age of a message is then known even if this machine's wall
// clock is wrong. It reads no clock.

/**
 * A message counts as live if it was read at most this long after the sending of a pull request that found the end of
 * the stream: everything stored before that request had been delivered, so the message is no older than that. A pull
 * request on a quiet stream waits for 2 s, and the next one for another 2 s.
 */
const LIVE_AGE_MAX_MS = 5000;

/**
 * The two clocks. Times of messages are the broker's; all others are on this machine's monotonic clock. All in
 * milliseconds.
 */
export class BrokerClock {
  #liveUntilMs = -Infinity;
  #storedAtMs: number | null = null;
  #readMs = 0;

  /** Records that the stream held nothing unread at some moment after `askedMs`. */
  ended(askedMs: number): void {
    this.#liveUntilMs = Math.max(this.#liveUntilMs, askedMs + LIVE_AGE_MAX_MS);
  }

  /** Records that the source stops reading, so that messages may wait from now on. */
  away(): void {
    this.#liveUntilMs = -Infinity;
  }

  /** Records that a message which the broker stored at `storedAtMs` was read at `readMs`. */
  read(storedAtMs: number, readMs: number): void {
    if (readMs > this.#liveUntilMs) return;
    this.#storedAtMs = storedAtMs;
    this.#readMs = readMs;
  }

  /** The broker's clock at `monotonicMs`; null until a message was read live. */
  nowMs(monotonicMs: number): number | null {
    return this.#storedAtMs === null ? null : this.#storedAtMs + (monotonicMs - this.#readMs);
  }
}
