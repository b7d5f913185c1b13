// Moments at which calendars change, and the times to check around each. All in UTC, the only zone that the program
// knows.

export const MOMENTS: readonly (readonly [what: string, atMs: number])[] = [
  ['midnight', Date.UTC(2026, 0, 15)],
  ['end of a month', Date.UTC(2026, 2, 1)],
  ['end of February in a leap year', Date.UTC(2028, 2, 1)],
  ['new year', Date.UTC(2027, 0, 1)],
  ['leap second of 2016', Date.UTC(2017, 0, 1)],
  ['summer time begins in Europe', Date.UTC(2026, 2, 29, 1)],
  ['summer time ends in Europe', Date.UTC(2026, 9, 25, 1)],
  ['summer time begins in New York', Date.UTC(2026, 2, 8, 7)],
  ['half an hour on Lord Howe', Date.UTC(2026, 3, 4, 15)],
  ['the day that Samoa left out', Date.UTC(2011, 11, 30, 10)],
];

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Ages of facts at the moment, negative for after it: around the moment and around the edges of all windows. */
export const FACTS_AGO_MS: readonly number[] = [0, HOUR_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS].flatMap(
  (edgeMs) =>
    [-90 * MINUTE_MS, -MINUTE_MS, -1, 0, 1, 59_999, MINUTE_MS, 61 * MINUTE_MS].map((ms) => edgeMs + ms),
);

/** When statistics are asked for, after the moment. */
export const NOW_OFFSETS_MS: readonly number[] = [-1, 0, 1, 59_999, MINUTE_MS, HOUR_MS, 3 * HOUR_MS];
