// Computes how long a retry loop waits before its next attempt. Pure: it does not wait.

/** The bounds of the waits of one retry loop. */
export interface Backoff {
  /** The longest wait before any attempt has failed; it doubles with each failed attempt. */
  readonly leastMs: number;
  /** The longest wait of all. */
  readonly mostMs: number;
}

/**
 * The wait, in ms, before the attempt that follows `failures` failed ones. `random`, from 0 to below 1, shortens it by
 * up to half, so that several programs do not retry at the same moments.
 */
export function backoffMs({ leastMs, mostMs }: Backoff, failures: number, random: number): number {
  // 2 ** 1024 is Infinity, and the maximum still applies.
  const ceilingMs = Math.min(mostMs, leastMs * 2 ** failures);
  return Math.round(ceilingMs * (1 - random / 2));
}
