// The time that a message carries: the event's own, made coarse (docs/agent.md#messages).

/** Times of messages are multiples of this since the epoch, in ms. */
export const EVENT_TIME_STEP_MS = 300_000;
const DAY_MS = 86_400_000;

/**
 * The text of `timestamp`: the event's own time, or `nowMs` if it has none or lies after it, rounded down to five minutes
 * of the epoch. A time before 1970 is the epoch. Both in ms since the epoch.
 */
export function eventTime(atMs: number | null, nowMs: number): string {
  const known = atMs === null || !Number.isFinite(atMs) ? nowMs : Math.min(atMs, nowMs);
  const step = Math.floor(Math.max(known, 0) / EVENT_TIME_STEP_MS) * EVENT_TIME_STEP_MS;
  if (latest.step !== step) latest = { step, text: new Date(step).toISOString() };
  return latest.text;
}

/** Neighbouring events have the same time. */
let latest = { step: Number.NaN, text: '' };

/** True if the event happened more than 24 hours before `nowMs`. An event without a time counts as older. */
export function isOlderThanADay(atMs: number | null, nowMs: number): boolean {
  return atMs === null || !Number.isFinite(atMs) || nowMs - atMs > DAY_MS;
}
