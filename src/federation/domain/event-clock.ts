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
  /** How far {@link EventClock.presentMs} is behind `nowMs`; absent in databases of earlier versions. */
  readonly skippedMs?: number;
}

/** A stream does not say how much time passed over a step back of its clock: no more than this is assumed. */
const STEP_TIME_MAX_MS = 1000;
/** The two clocks of plain NATS differ by less than this between two messages, or the wall clock was set back. */
const STEP_MIN_MS = 100;
/**
 * A gap between two messages counts as this part of OFFLINE_AFTER at most, where silence is measured. One step forward
 * then leaves every node that beats four fifths of OFFLINE_AFTER for its next beat. Two beats of a monitor fit into the
 * part (60 s by default), so that no gap is shortened as long as a single node beats.
 */
const GAPS_UNTIL_OFFLINE = 5;

/** The longest gap that counts as silence, see {@link EventClock.presentMs}. */
export function longestGapMs(offlineAfterMs: number): number {
  return Math.floor(offlineAfterMs / GAPS_UNTIL_OFFLINE);
}

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
  #skippedMs: number;
  readonly #gapMaxMs: number;

  /** Goes on from a state; `gapMaxMs` is the longest gap that {@link presentMs} takes whole. */
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
   * The time of the last event without what is too long in the gaps between two messages. A long gap may be a step of the
   * clock forward, or silence of the whole federation: neither shows that one node is silent while others speak. What was
   * observed on plain NATS is believed, however long.
   */
  get presentMs(): number {
    return this.#nowMs - this.#skippedMs;
  }

  /** What it would show for an event at `atMs`: never less than for those before. It does not move. */
  at(atMs: number): number {
    return this.#nowMs + Math.max(0, atMs - this.#lastMs);
  }

  /** The next event has the time `atMs`; returns its time on this clock. `isPlain`: it comes from no stream. */
  pass(atMs: number, observedMs: number, isPlain: boolean): number {
    const byMs = atMs - this.#lastMs;
    const passedMs = isPlain ? observedMs - this.#observedMs : Math.min(-byMs, STEP_TIME_MAX_MS);
    const isPassedTaken = byMs < 0 || passedMs - byMs >= STEP_MIN_MS;
    const movedMs = isPassedTaken ? Math.max(1, passedMs) : byMs;
    this.#nowMs += movedMs;
    // The first event sets both readings.
    if (this.#lastMs > 0) {
      const believedMs = isPlain ? Math.max(this.#gapMaxMs, passedMs) : this.#gapMaxMs;
      this.#skippedMs += Math.max(0, movedMs - believedMs);
    }
    this.#lastMs = atMs;
    this.#observedMs = observedMs;
    return this.#nowMs;
  }
}
