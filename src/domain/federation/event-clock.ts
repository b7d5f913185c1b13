// The event clock: the times of events with every step back taken out of them, so that a clock which is set back limits
// no sender, keeps no node offline and shields none. It reads no clock and stores nothing.

/** The whole state: kept in the transaction of the messages, it gives the same answers after a crash. */
export interface EventClockState {
  /** The time of the last event, as its source gave it. */
  readonly lastMs: number;
  /** What this clock showed then. */
  readonly nowMs: number;
  /** What the observed clock showed then. */
  readonly observedMs: number;
}

/** A stream does not say how much time passed over a step back of its clock: no more than this is assumed. */
const STEP_TIME_MAX_MS = 1000;
/** The two clocks of plain NATS differ by less than this between two messages, or the wall clock was set back. */
const STEP_MIN_MS = 100;

/**
 * Follows the times of the messages in the order in which they are read. A time above the one before moves this clock on
 * by the difference. A time below it shows that the clock behind it was set back; then this clock moves on by what passed
 * on the observed clock, or, in a stream, where that depends on when we read it, by a second at most, and always by a
 * millisecond: what is said next is later than what was said before. As long as times only rise, it shows exactly them.
 */
export class EventClock {
  #lastMs: number;
  #nowMs: number;
  #observedMs: number;

  constructor({ lastMs, nowMs, observedMs }: EventClockState) {
    this.#lastMs = lastMs;
    this.#nowMs = nowMs;
    this.#observedMs = observedMs;
  }

  get state(): EventClockState {
    return { lastMs: this.#lastMs, nowMs: this.#nowMs, observedMs: this.#observedMs };
  }

  /** The next event has the time `atMs`; returns its time on this clock. `isPlain`: it comes from no stream. */
  pass(atMs: number, observedMs: number, isPlain: boolean): number {
    const byMs = atMs - this.#lastMs;
    const passedMs = isPlain ? observedMs - this.#observedMs : Math.min(-byMs, STEP_TIME_MAX_MS);
    if (byMs < 0) this.#nowMs += Math.max(1, passedMs);
    else this.#nowMs += passedMs - byMs >= STEP_MIN_MS ? passedMs : byMs;
    this.#lastMs = atMs;
    this.#observedMs = observedMs;
    return this.#nowMs;
  }
}
