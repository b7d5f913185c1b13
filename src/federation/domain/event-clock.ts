// The event clock: it follows the times of events and removes every step back. If a clock is set back, no sender is
// limited for it, and no node is kept offline or online by it. It reads no clock and stores nothing.

/**
 * The whole state. The writer commits it in the transaction of the messages, so the clock gives the same answers after
 * a crash.
 */
export interface EventClockState {
  /** The time of the last event, as its source reported it. */
  readonly lastMs: number;
  /** The reading of this clock at the last event. */
  readonly nowMs: number;
  /** The reading of the observed clock at the last event. */
  readonly observedMs: number;
  /** How far {@link EventClock.presentMs} is behind `nowMs`; absent in databases of earlier versions. */
  readonly skippedMs?: number;
}

/**
 * When a stream's clock steps back, the stream does not tell how much time passed meanwhile. The event clock assumes at
 * most this much.
 */
const STEP_TIME_MAX_MS = 1000;
/**
 * On plain NATS, the wall clock and the observed clock advance by amounts that differ by less than this between two
 * messages, unless the wall clock was set back.
 */
const STEP_MIN_MS = 100;
/**
 * Where silence is measured, a gap between two messages counts as at most this fraction of OFFLINE_AFTER. After one
 * step forward, every node that still beats has four fifths of OFFLINE_AFTER left for its next beat. Two beats of a
 * monitor fit into the fraction (60 s by default), so no gap is shortened while a single node beats.
 */
const GAPS_UNTIL_OFFLINE = 5;

/** The longest gap that counts fully as silence, in ms, see {@link EventClock.presentMs}. */
export function longestGapMs(offlineAfterMs: number): number {
  return Math.floor(offlineAfterMs / GAPS_UNTIL_OFFLINE);
}

/**
 * By how much a clock advances in a stream whose time changes by `byMs` from one message to the next, see
 * {@link EventClock}.
 */
export function movedInStreamMs(byMs: number): number {
  return byMs < 0 ? Math.max(1, Math.min(-byMs, STEP_TIME_MAX_MS)) : byMs;
}

/**
 * Follows the times of the messages in the order in which they are read. A time above the previous one advances this
 * clock by the difference. A time below the previous one shows that the source's clock was set back. Then this clock
 * advances by the time that passed on the observed clock. In a stream that time depends on when the program reads, so
 * there it advances by one second at most. It always advances by at least one millisecond after a step back, so that
 * later messages get later times. While times only rise, this clock shows exactly those times.
 */
export class EventClock {
  #lastMs: number;
  #nowMs: number;
  #observedMs: number;
  #skippedMs: number;
  readonly #gapMaxMs: number;

  /** Resumes from a state. `gapMaxMs` is the longest gap that {@link presentMs} counts in full. */
  constructor({ lastMs, nowMs, observedMs, skippedMs }: EventClockState, gapMaxMs: number) {
    this.#lastMs = lastMs;
    this.#nowMs = nowMs;
    this.#observedMs = observedMs;
    this.#skippedMs = skippedMs ?? 0;
    this.#gapMaxMs = gapMaxMs;
  }

  get state(): EventClockState {
    return {
      lastMs: this.#lastMs,
      nowMs: this.#nowMs,
      observedMs: this.#observedMs,
      skippedMs: this.#skippedMs,
    };
  }

  /**
   * The time of the last event, minus the excess of every gap between two messages that was too long. A long gap can be
   * a step of the clock forward, or silence of the whole federation. Neither shows that one node is silent while others
   * send. On plain NATS the observed clock has measured the gap, so a gap of any length counts.
   */
  get presentMs(): number {
    return this.#nowMs - this.#skippedMs;
  }

  /** The reading of this clock at the last event. */
  get messageMs(): number {
    return this.#nowMs;
  }

  /** What this clock would show for an event at `atMs`; never less than for earlier events. The clock does not move. */
  at(atMs: number): number {
    return this.#nowMs + Math.max(0, atMs - this.#lastMs);
  }

  /**
   * Advances the clock to the next event, whose source reported `atMs`. Returns the event's time on this clock.
   * `isPlain`: the event comes from plain NATS, not from a stream.
   */
  pass(atMs: number, observedMs: number, isPlain: boolean): number {
    const byMs = atMs - this.#lastMs;
    const passedMs = isPlain ? observedMs - this.#observedMs : Math.min(-byMs, STEP_TIME_MAX_MS);
    const isPassedTaken = byMs < 0 || passedMs - byMs >= STEP_MIN_MS;
    const movedMs = isPassedTaken ? Math.max(1, passedMs) : byMs;
    this.#nowMs += movedMs;
    // The first event initialises both readings.
    if (this.#lastMs > 0) {
      const believedMs = isPlain ? Math.max(this.#gapMaxMs, passedMs) : this.#gapMaxMs;
      this.#skippedMs += Math.max(0, movedMs - believedMs);
    }
    this.#lastMs = atMs;
    this.#observedMs = observedMs;
    return this.#nowMs;
  }
}
