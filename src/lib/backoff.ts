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
export function backoffMs(backoff: Backoff, failures: number, random: number): number {
  return Math.round(ceilingMs(backoff, failures) * (1 - random / 2));
}

/**
 * The wait, in ms, for one of very many programs that retry: anything from 0 to the longest wait after `failures` failed
 * attempts. They then come back evenly spread. `random` is from 0 to below 1.
 */
export function spreadBackoffMs(backoff: Backoff, failures: number, random: number): number {
  return Math.round(ceilingMs(backoff, failures) * random);
}

function ceilingMs({ leastMs, mostMs }: Backoff, failures: number): number {
  // 2 ** 1024 is Infinity, and the maximum still applies.
  return Math.min(mostMs, leastMs * 2 ** failures);
}
