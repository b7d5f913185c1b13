// Reads the header `Retry-After`. It waits for nothing.

/**
 * The wait that the header asks for, in seconds or as a date, in ms from `nowMs` and at most `longestMs`; null if it asks
 * for none. A date that has passed asks for 0.
 */
export function retryAfterMs(header: string | undefined, nowMs: number, longestMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, longestMs);
  const atMs = /[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.min(Math.max(0, atMs - nowMs), longestMs);
}
