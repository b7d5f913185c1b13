// Estimates quantiles of a Prometheus histogram in the same way as `histogram_quantile`.

/** Cumulative counts, by rising upper bound; the last bound is Infinity. */
export interface CumulativeHistogram {
  readonly bounds: readonly number[];
  readonly cumulative: readonly number[];
}

/**
 * The observations between two readings of the same histogram. A bucket that the earlier reading lacks counts as zero
 * there.
 */
export function histogramSince(before: CumulativeHistogram, after: CumulativeHistogram): CumulativeHistogram {
  const earlier = new Map(before.bounds.map((bound, index) => [bound, before.cumulative[index] ?? 0]));
  const cumulative = after.bounds.map(
    (bound, index) => (after.cumulative[index] ?? 0) - (earlier.get(bound) ?? 0),
  );
  return { bounds: after.bounds, cumulative };
}

/**
 * The value that the fraction `quantile` of all observations does not exceed, interpolated inside its bucket. Null
 * without observations; Infinity if the value lies above the last finite bound.
 */
export function quantileOf(histogram: CumulativeHistogram, quantile: number): number | null {
  const total = histogram.cumulative[histogram.cumulative.length - 1] ?? 0;
  if (total <= 0) return null;
  const wanted = quantile * total;
  const index = histogram.cumulative.findIndex((count) => count >= wanted);
  const upper = histogram.bounds[index] ?? Infinity;
  if (upper === Infinity) return Infinity;
  const lower = histogram.bounds[index - 1] ?? 0;
  const below = histogram.cumulative[index - 1] ?? 0;
  const inside = (histogram.cumulative[index] ?? 0) - below;
  return inside === 0 ? upper : lower + ((upper - lower) * (wanted - below)) / inside;
}
