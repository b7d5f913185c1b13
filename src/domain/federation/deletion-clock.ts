// The deletion clock: the time by which rows are old enough to be deleted. It follows the wall clock only after the wall
// clock has been believable for a day, so that a wall clock which is wrong for a while deletes nothing. It reads no clock.

/** What is kept of a deletion clock over a restart. */
export interface DeletionClockState {
  /** What it shows, ms since the epoch, were the wall clock never behind it. */
  readonly ownMs: number;
  /** How far the wall clock has been ahead of it (negative: behind it), at least, for as long as `agreedMs`. */
  readonly gapMs: number;
  readonly agreedMs: number;
}

/** A gap below this is none. */
const GAP_MIN_MS = 1000;

/**
 * A clock of its own that moves on with the monotonic clock alone. The wall clock is compared with it at every reading:
 * by how much it was ahead all the time that we ran for a whole grace period, by so much this clock is set forward; the
 * same backward. It never shows more than the wall clock does, for a clock that is set back deletes less.
 *
 * While we are not running it stands still, and after a long absence it is behind for one grace period: rows then stay
 * for that much longer.
 */
export class DeletionClock {
  readonly #graceMs: number;
  #ownMs: number;
  #gapMs: number;
  #agreedMs: number;
  #lastMonotonicMs: number;

  /** Goes on from what was kept, or begins at the wall clock, `nowMs`. */
  constructor(graceMs: number, kept: DeletionClockState | null, nowMs: number, monotonicMs: number) {
    this.#graceMs = graceMs;
    this.#ownMs = kept?.ownMs ?? nowMs;
    this.#gapMs = kept?.gapMs ?? 0;
    this.#agreedMs = kept?.agreedMs ?? 0;
    this.#lastMonotonicMs = monotonicMs;
  }

  get state(): DeletionClockState {
    return { ownMs: Math.floor(this.#ownMs), gapMs: this.#gapMs, agreedMs: Math.floor(this.#agreedMs) };
  }

  /** Reads both clocks; returns what this one shows. */
  read(nowMs: number, monotonicMs: number): number {
    const elapsedMs = Math.max(0, monotonicMs - this.#lastMonotonicMs);
    this.#lastMonotonicMs = monotonicMs;
    this.#ownMs += elapsedMs;
    this.#compare(nowMs - this.#ownMs, elapsedMs);
    return Math.floor(Math.min(nowMs, this.#ownMs));
  }

  #compare(gapMs: number, elapsedMs: number): void {
    const isSameWay = Math.abs(this.#gapMs) >= GAP_MIN_MS && Math.sign(gapMs) === Math.sign(this.#gapMs);
    if (!isSameWay) {
      this.#gapMs = gapMs;
      this.#agreedMs = 0;
      return;
    }
    if (Math.abs(gapMs) < Math.abs(this.#gapMs)) this.#gapMs = gapMs;
    this.#agreedMs += elapsedMs;
    if (this.#agreedMs < this.#graceMs) return;
    this.#ownMs += this.#gapMs;
    this.#gapMs = gapMs - this.#gapMs;
    this.#agreedMs = 0;
  }
}
