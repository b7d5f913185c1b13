// A histogram whose observations cost next to nothing. It is no metric: another thread turns its counts into one.

/**
 * Bucket counts of one histogram, not cumulative: `counts[i]` observations were at most `boundsSeconds[i]` and above
 * the bound before. The last cell counts those above every bound.
 */
export interface HistogramSnapshot {
  readonly boundsSeconds: readonly number[];
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}

/** Counts observations, in seconds, in buckets with fixed bounds. */
export class Histogram {
  readonly boundsSeconds: readonly number[];
  readonly #counts: number[];
  #sumSeconds = 0;

  /** `boundsSeconds` are the upper bounds, ascending; one more cell counts the observations above all of them. */
  constructor(boundsSeconds: readonly number[]) {
    this.boundsSeconds = boundsSeconds;
    this.#counts = Array.from({ length: boundsSeconds.length + 1 }, () => 0);
  }

  observe(seconds: number): void {
    const bounds = this.boundsSeconds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((bounds[middle] ?? 0) < seconds) low = middle + 1;
      else high = middle;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.#sumSeconds += seconds;
  }

  /** A copy that can be sent to another thread. */
  snapshot(): HistogramSnapshot {
    return { boundsSeconds: this.boundsSeconds, counts: [...this.#counts], sumSeconds: this.#sumSeconds };
  }
}
