// Decides when a log has been silent for too long. Each splitter publishes a round a second, so silence is a fault even if
// the broker says that there is nothing to read. It has no clock and begins nothing.

/** Time without a new round after which reading begins again, in ms. */
export const LOG_SILENT_AFTER_MS = 3_000;
/** The longest time between two such beginnings: each reads some hundred rounds again. */
const SILENT_AGAIN_MS = 30_000;

/** The silence of one log. All times are on the monotonic clock. */
export class LogSilence {
  readonly #afterMs: number;
  /** The highest sequence read. */
  #newestSeq = 0;
  /** Since when no new round came, and since when this reading waits for one. */
  #sinceMs = 0;
  #waitingMs = 0;
  /** How long this reading waits. */
  #patienceMs: number;

  constructor(afterMs: number) {
    this.#afterMs = afterMs;
    this.#patienceMs = afterMs;
  }

  /** Rounds may come from now on, after none could. */
  begin(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#waitingMs = nowMs;
  }

  /** A reading begins of a log that ends at `lastSeq`. */
  attached(lastSeq: number, nowMs: number): void {
    // The log may have gone back: its sequences come a second time.
    this.#newestSeq = Math.min(this.#newestSeq, lastSeq);
    this.#waitingMs = nowMs;
    if (this.#sinceMs === 0) this.#sinceMs = nowMs;
  }

  /** A round was read; returns true if it is not one that was read before. */
  read(seq: number, nowMs: number): boolean {
    if (seq <= this.#newestSeq) return false;
    this.#newestSeq = seq;
    this.begin(nowMs);
    this.#patienceMs = this.#afterMs;
    return true;
  }

  /** Returns the duration of the silence if reading must begin again, in ms; null otherwise. */
  due(nowMs: number): number | null {
    if (nowMs - this.#waitingMs < this.#patienceMs) return null;
    this.#waitingMs = nowMs;
    this.#patienceMs = Math.min(SILENT_AGAIN_MS, this.#patienceMs * 2);
    return nowMs - this.#sinceMs;
  }
}
