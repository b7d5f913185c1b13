// Decides whether an actor that failed is restarted: a limited number of times in a span of time, then no more. It
// decides on plain data; the supervisor acts.

/** What happens to an actor that failed. */
export const FAILURE_OUTCOMES = ['restarted', 'given_up'] as const;
/** One of {@link FAILURE_OUTCOMES}. */
export type FailureOutcome = (typeof FAILURE_OUTCOMES)[number];

/** How often an actor may be restarted. */
export interface RestartLimit {
  /** Maximum number of restarts within any span of `spanMs`; 0 for none. */
  readonly restartsMax: number;
  readonly spanMs: number;
}

/** The decision about a failure. */
export interface FailureJudgement {
  readonly outcome: FailureOutcome;
  /**
   * Times of the restarts that still count, including this one, to be passed in at the next failure. At most
   * `restartsMax`.
   */
  readonly restartsAtMs: readonly number[];
}

/**
 * Judges the failure at `nowMs` of an actor that was restarted at `restartsAtMs`, oldest first, all on one clock that
 * never goes back. A restart no longer counts when it is a whole span old.
 */
export function judgeFailure(
  restartsAtMs: readonly number[],
  nowMs: number,
  { restartsMax, spanMs }: RestartLimit,
): FailureJudgement {
  const counted = restartsAtMs.filter((atMs) => nowMs - atMs < spanMs);
  return counted.length < restartsMax
    ? { outcome: 'restarted', restartsAtMs: [...counted, nowMs] }
    : { outcome: 'given_up', restartsAtMs: counted };
}
