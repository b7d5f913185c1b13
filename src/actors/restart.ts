// Whether an actor that failed is started again: so many times in a span of time, then no more. A decision on plain data;
// the supervisor acts on it.

/** What becomes of an actor that failed. */
export const FAILURE_OUTCOMES = ['restarted', 'given_up'] as const;
export type FailureOutcome = (typeof FAILURE_OUTCOMES)[number];

/** How often an actor may be started again. */
export interface RestartLimit {
  /** Restarts in any span of `spanMs`; 0: none. */
  readonly restartsMax: number;
  readonly spanMs: number;
}

export interface FailureJudgement {
  readonly outcome: FailureOutcome;
  /** The restarts that still count, with this one: handed in at the next failure. At most `restartsMax`. */
  readonly restartsAtMs: readonly number[];
}

/**
 * Judges the failure at `nowMs` of an actor that was started again at `restartsAtMs`, oldest first, all on one clock that
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
