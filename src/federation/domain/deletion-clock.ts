// The deletion clock: the time by which rows are old enough to be deleted. It ages rows only while the program runs. A
// wrong wall clock, for however long, therefore never makes a row look older than it is. It reads no clock.

/** From `fromMs` of the running time on, the wall clock was ahead of the running time by at least `leastMs`. */
export interface LeastOffset {
  readonly fromMs: number;
  readonly leastMs: number;
}

/** The state of a deletion clock that the database keeps over a restart. */
export interface DeletionClockState {
  /** How long the program has run on this database, over all starts. */
  readonly runMs: number;
  /** The offsets of the window, oldest first; each is greater than the one before it. */
  readonly offsets: readonly LeastOffset[];
}

/** An offset that grew by less than this counts as unchanged. */
const STEP_MIN_MS = 60_000;
/** Number of parts of the window. Two kept offsets are at least one part apart, which bounds how many are kept. */
const PARTS = 64;

/**
 * The running time advances with the monotonic clock alone, and the database keeps it over a restart. The wall clock is
 * ahead of the running time by an offset. A step of the wall clock changes the offset, and so does an absence of the
 * program. This clock shows the running time plus the least offset of the last window of running time.
 *
 * Why this deletes nothing early, whatever the wall clock does: a row that was touched at running time s carries a time
 * of at least s plus the offset at s. While s is in the window, this clock shows at most the present running time plus
 * that offset. The row therefore looks at most as old as the time that the program has run since s. The window is as
 * long as the retention of rows.
 *
 * The price: after an absence, and after a wall clock that was behind, rows stay for up to one more window of running
 * time.
 */
export class DeletionClock {
  readonly #windowMs: number;
  #runMs: number;
  #offsets: readonly LeastOffset[];
  #lastMonotonicMs: number;

  /**
   * Resumes from the `kept` state. Without one it starts at `knownMs`, the newest time in the database; without that,
   * at the first reading of the wall clock.
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

  /** The state to keep; `offsets` is the same array object until an offset changes. */
  get state(): DeletionClockState {
    return { runMs: Math.floor(this.#runMs), offsets: this.#offsets };
  }

  /** Takes a reading of both clocks. Returns what the deletion clock shows, which is never later than `nowMs`. */
  read(nowMs: number, monotonicMs: number): number {
    this.#runMs += Math.max(0, monotonicMs - this.#lastMonotonicMs);
    this.#lastMonotonicMs = monotonicMs;
    const offsetMs = Math.floor(nowMs - this.#runMs);
    this.#note(offsetMs);
    // An offset leaves the window when the next one has begun before the window.
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
    // This offset is later and less than the greater ones, so it replaces them.
    const fromMs = this.#offsets[less.length]?.fromMs ?? this.#runMs;
    this.#offsets = [...less, { fromMs, leastMs }];
  }
}
