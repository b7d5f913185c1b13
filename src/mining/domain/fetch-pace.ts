// How far apart the questions for the information of one upstream are. An upstream that asks for fewer gets fewer; the
// time is an argument.

/** Least time between two questions of one kind, in ms. */
export const USUAL_INTERVAL_MS = 1_000;
/** The interval doubles up to this, in ms. */
export const LONGEST_INTERVAL_MS = 10_000;
/** A failure is not asked about again for so long, in ms. */
export const FAILURE_KEPT_MS = 1_000;
/** Number of answers in a row after which the interval halves again. */
const ANSWERS_BEFORE_FASTER = 5;

/** The pace of the questions to one upstream, on a clock that never goes back. */
export class FetchPace {
  #intervalMs = USUAL_INTERVAL_MS;
  #answers = 0;
  #notBeforeMs = -Infinity;

  /** The least time between two questions of one kind, in ms. */
  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** No question before this time. */
  get notBeforeMs(): number {
    return this.#notBeforeMs;
  }

  /** The upstream gave an information. */
  answered(): void {
    this.#answers += 1;
    if (this.#answers % ANSWERS_BEFORE_FASTER !== 0) return;
    this.#intervalMs = Math.max(USUAL_INTERVAL_MS, this.#intervalMs / 2);
  }

  /** A question failed at `nowMs`. `isBusy`: the upstream asks for fewer; `retryAfterMs`: it says when. */
  failed(nowMs: number, isBusy: boolean, retryAfterMs: number | null): void {
    this.#answers = 0;
    this.#notBeforeMs = nowMs + FAILURE_KEPT_MS;
    if (!isBusy) return;
    this.#intervalMs = Math.min(LONGEST_INTERVAL_MS, this.#intervalMs * 2);
    const askedForMs = Math.min(LONGEST_INTERVAL_MS, retryAfterMs ?? 0);
    this.#notBeforeMs = nowMs + Math.max(FAILURE_KEPT_MS, this.#intervalMs, askedForMs);
  }
}
