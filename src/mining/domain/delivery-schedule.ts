// When a delivery is tried again, and when it is given up. Pure.

import { backoffMs } from '../../lib/backoff.ts';
import type { SubmissionMode } from './information.ts';

/** The waits after failed attempts, in ms: they double, and stay at the greatest. */
const RETRY = { leastMs: 1000, mostMs: 16_000 };

/** Without any information for this long a submission is dropped, because its block has surely passed. */
export const NO_INFORMATION_MS = 240_000;

/** A longer `Retry-After` than this counts as this: the upstream may not silence us for blocks. */
const RETRY_AFTER_MS = 60_000;

/**
 * The wait in ms after `failures` failed attempts, at least 1. For a pool `random`, from 0 to below 1, shortens it; a
 * wallet is asked at the refresh that follows it. `retryAfterMs` is what the upstream asked for, null for nothing.
 */
export function retryWaitMs(
  mode: SubmissionMode,
  failures: number,
  random: number,
  retryAfterMs: number | null,
): number {
  const waitMs = backoffMs(RETRY, failures - 1, mode === 'pool' ? random : 0);
  return Math.max(waitMs, retryAfter(retryAfterMs));
}

/** The wait in ms that the upstream asked for, within bounds; 0 for none. */
export function retryAfter(retryAfterMs: number | null): number {
  return Math.min(retryAfterMs ?? 0, RETRY_AFTER_MS);
}

/**
 * True if an entry that waits since `sinceMs` is dropped at `nowMs` because no information came since `refreshedMs`,
 * -Infinity for never.
 */
export function isForgotten(sinceMs: number, refreshedMs: number, nowMs: number): boolean {
  return nowMs - Math.max(sinceMs, refreshedMs) >= NO_INFORMATION_MS;
}
