// Spans of time in milliseconds, for settings and rules that are given in minutes or days.

/** A minute, in ms. */
export const MINUTE_MS = 60_000;
/** A day of 24 hours, in ms. */
export const DAY_MS = 86_400_000;
