// Which of the completions that wait for metrics have waited long enough. The wait of a completion begins when the logs were
// read to their end after it came. It knows numbers of completions only.

/** Moments that are remembered; with more, the latest one moves. */
const MARKS_MAX = 100;

interface Mark {
  /** Completions up to this number began to wait. */
  readonly upTo: number;
  readonly dueMs: number;
}

/** The waits of one state. Times are of a monotonic clock, in ms. */
export class OutcomeWaits {
  readonly #waitMs: number;
  #marks: readonly Mark[] = [];

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** The logs were read to their end: every completion up to this number waits from now on, if it does not wait already. */
  mark(newest: number, nowMs: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && last.upTo >= newest) return;
    const kept = this.#marks.length < MARKS_MAX ? this.#marks : this.#marks.slice(0, -1);
    this.#marks = [...kept, { upTo: newest, dueMs: nowMs + this.#waitMs }];
  }

  /** The number up to which completions have waited long enough; null if none has. */
  due(nowMs: number): number | null {
    return this.#marks.findLast(({ dueMs }) => dueMs <= nowMs)?.upTo ?? null;
  }

  /** Every completion up to this number is released. */
  released(upTo: number): void {
    this.#marks = this.#marks.filter((mark) => mark.upTo > upTo);
  }
}
