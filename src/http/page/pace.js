// How fast a growing number grows, over the last ten seconds. Times are those of `performance.now()`, so that setting the
// wall clock does not change the pace.

const WINDOW_MS = 10_000;
/** Over less time a pace would say little. */
const LEAST_MS = 900;

/** The pace of one number. */
export class Pace {
  /** @type {{ atMs: number, total: number }[]} */
  #notes = [];

  /**
   * Notes the number as it is now.
   * @param {number} total
   * @param {number} nowMs
   */
  note(total, nowMs) {
    const notes = this.#notes;
    notes.push({ atMs: nowMs, total });
    while (notes.length > 2 && (notes[1]?.atMs ?? 0) < nowMs - WINDOW_MS) notes.shift();
  }

  /** Forgets all notes: the number begins anew. */
  forget() {
    this.#notes = [];
  }

  /** Growth in a second; null as long as it is not known. */
  perSecond() {
    return growth(this.#notes[0], this.#notes.at(-1), LEAST_MS);
  }

  /** Growth in a second between the last two notes; null without them. */
  lastPerSecond() {
    return growth(this.#notes.at(-2), this.#notes.at(-1), 1);
  }
}

/**
 * @param {{ atMs: number, total: number } | undefined} first
 * @param {{ atMs: number, total: number } | undefined} last
 * @param {number} leastMs
 */
function growth(first, last, leastMs) {
  if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return null;
  return Math.max(0, ((last.total - first.total) * 1000) / (last.atMs - first.atMs));
}
