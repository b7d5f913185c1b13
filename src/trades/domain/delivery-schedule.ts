// When a summary is sent again. Pure: it does not wait.

import { type Backoff, backoffMs } from '../../lib/backoff.ts';

/** The waits between attempts: 1 s, doubling to 5 min, shortened by chance to as little as half. */
const RETRY: Backoff = { leastMs: 1_000, mostMs: 300_000 };
/** A backend may ask for this wait at most, in ms. */
export const RETRY_AFTER_LONGEST_MS = 3_600_000;
/** Lines that come forward are spread over this time, in ms. */
const FORWARD_SPREAD_MS = 2_000;

/** How long a line waits. */
export interface Wait {
  readonly waitMs: number;
  /** True if the line is sent earlier when the backend is back: the backend did not ask for the wait. */
  readonly mayComeForward: boolean;
}

/**
 * The wait after an attempt failed. `attempts` are the failed attempts so far, at least 1; `random` is from 0 to below 1.
 * `retryAfterMs` is what the backend asks for.
 */
export function retryWait(attempts: number, random: number, retryAfterMs: number | null): Wait {
  const ownMs = backoffMs(RETRY, attempts - 1, random);
  const askedMs = Math.min(retryAfterMs ?? 0, RETRY_AFTER_LONGEST_MS);
  return { waitMs: Math.max(ownMs, askedMs), mayComeForward: askedMs <= ownMs };
}

/**
 * The wait of an entry that was found in the database; `random` is from 0 to below 1. A wait of the program's own comes
 * forward: whoever mended something and started the program again wants to see it work. A longer wait was asked for by the
 * backend, and stays; a wall clock that was set back does not make it longer than any wait can be.
 */
export function restoredWait(nextAtMs: number, nowMs: number, random: number): Wait {
  const leftMs = Math.min(Math.max(0, nextAtMs - nowMs), RETRY_AFTER_LONGEST_MS);
  const mayComeForward = leftMs <= RETRY.mostMs;
  return { waitMs: mayComeForward ? Math.min(leftMs, forwardWaitMs(random)) : leftMs, mayComeForward };
}

/** The wait of a line that comes forward, in ms; `random` is from 0 to below 1. */
export function forwardWaitMs(random: number): number {
  return Math.round(FORWARD_SPREAD_MS * random);
}
