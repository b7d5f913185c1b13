// Reads the header `Retry-After`. It waits for nothing.

/** A longer wait than this is cut to it: no block lasts so long, and no typing error of an upstream may. */
const LONGEST_WAIT_MS = 3_600_000;

/** The wait that the header asks for, in seconds or as a date, in ms from `nowMs`; null if it asks for none. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_WAIT_MS);
  const atMs = /[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.min(Math.max(0, atMs - nowMs), LONGEST_WAIT_MS);
}
