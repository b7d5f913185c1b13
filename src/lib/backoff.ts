// How long a retry loop waits before its next try. Pure: it never waits itself.

export interface Backoff {
  /** The longest wait after no failed try; it doubles with each. */
  readonly leastMs: number;
  /** No wait is longer. */
  readonly mostMs: number;
}

/**
 * Milliseconds before the try that follows `failures` failed ones. `random` in [0, 1) takes up to half of it away, so that
 * several programs do not try in step.
 */
export function backoffMs({ leastMs, mostMs }: Backoff, failures: number, random: number): number {
  // 2 ** 1024 is infinite, and the ceiling holds for it, too.
  const ceilingMs = Math.min(mostMs, leastMs * 2 ** failures);
  return Math.round(ceilingMs * (1 - random / 2));
}
