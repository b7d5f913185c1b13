// A histogram counted where observing must cost next to nothing; another thread turns the counts into a metric.

/** Bucket counts of one histogram, not cumulative: `counts[i]` observations were at most `boundsSeconds[i]`, the last cell is above all. */
export interface HistogramSnapshot {
  readonly boundsSeconds: readonly number[];
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}

export class Histogram {
  readonly boundsSeconds: readonly number[];
  readonly #counts: number[];
  #sumSeconds = 0;

  /** `boundsSeconds`: upper bounds, ascending; one more cell counts what is above all. */
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

  /** A copy, safe to send to another thread. */
  snapshot(): HistogramSnapshot {
    return { boundsSeconds: this.boundsSeconds, counts: [...this.#counts], sumSeconds: this.#sumSeconds };
  }
}
