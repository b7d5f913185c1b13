// The deletion clock: the time by which rows are old enough to be deleted. It ages rows by the time that the program runs, so
// a wall clock that is wrong, for however long, makes no row older than it is. It reads no clock.

/** From one moment of the running time on, the wall clock was ahead of the running time by at least this. */
export interface LeastOffset {
  readonly fromMs: number;
  readonly leastMs: number;
}

/** What is kept of a deletion clock over a restart. */
export interface DeletionClockState {
  /** How long the program has run on this database, over all starts. */
  readonly runMs: number;
  /** Of the window, in the order of time; each offset is greater than the one before it. */
  readonly offsets: readonly LeastOffset[];
}

/** The wall clock may be ahead by so much more than before and is still taken for the same. */
const STEP_MIN_MS = 60_000;
/** Parts of the window: two offsets that are kept lie at least one part apart, so few are kept. */
const PARTS = 64;

/**
 * The running time moves on with the monotonic clock alone, and is kept over a restart. The wall clock differs from it by an
 * offset, which a step changes, and an absence. This clock shows the running time plus the least offset of the last window
 * of running time.
 *
 * Why this deletes nothing early, whatever the wall clock does: a row that was touched at running time s carries a time of
 * at least s plus the offset of s. While s is in the window, this clock shows at most the present running time plus that
 * offset, so the row seems at most as old as the time that the program has run since s. The window is as long as rows are kept.
 *
 * The price: after an absence, and after a wall clock that was behind, rows stay for up to one window of running longer.
 */
export class DeletionClock {
  readonly #windowMs: number;
  #runMs: number;
  #offsets: readonly LeastOffset[];
  #lastMonotonicMs: number;

  /**
   * Goes on from what was kept. If nothing was, it begins at `knownMs`, the newest time that the database knows, or, if it
   * knows none, at the first reading of the wall clock.
   */
  constructor(
    windowMs: number,
    kept: DeletionClockState | null,
    knownMs: number | null,
    monotonicMs: number,
  ) {
    this.#windowMs = windowMs;
    this.#runMs = kept?.runMs ?? 0;
    this.#offsets = kept?.offsets ?? (knownMs === null ? [] : [{ fromMs: 0, leastMs: knownMs }]);
    this.#lastMonotonicMs = monotonicMs;
  }

  /** `offsets` is the same array until it changes. */
  get state(): DeletionClockState {
    return { runMs: Math.floor(this.#runMs), offsets: this.#offsets };
  }

  /** Reads both clocks; returns what this one shows, which is never later than `nowMs`. */
  read(nowMs: number, monotonicMs: number): number {
    this.#runMs += Math.max(0, monotonicMs - this.#lastMonotonicMs);
    this.#lastMonotonicMs = monotonicMs;
    const offsetMs = Math.floor(nowMs - this.#runMs);
    this.#note(offsetMs);
    // An offset held until the next one began.
    while ((this.#offsets[1]?.fromMs ?? Infinity) <= this.#runMs - this.#windowMs) {
      this.#offsets = this.#offsets.slice(1);
    }
    return Math.floor(this.#runMs + (this.#offsets[0]?.leastMs ?? offsetMs));
  }

  #note(leastMs: number): void {
    const last = this.#offsets.at(-1);
    if (last !== undefined && last.leastMs <= leastMs) {
      const isSame = leastMs - last.leastMs < STEP_MIN_MS;
      if (isSame || this.#runMs - last.fromMs < this.#windowMs / PARTS) return;
    }
    const less = this.#offsets.filter((offset) => offset.leastMs < leastMs);
    // Greater offsets are covered by this one, which is less and later.
    const fromMs = this.#offsets[less.length]?.fromMs ?? this.#runMs;
    this.#offsets = [...less, { fromMs, leastMs }];
  }
}
