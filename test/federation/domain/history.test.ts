import { describe, expect, it } from 'vitest';
import { isGap, likelyIntervalMs, stepOf } from '../../../src/federation/domain/history.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Before 4:00 each hour keeps its first row; from 4:00 to 12:00 each stretch of 5 minutes does. */
const THINNED = [
  { untilMs: 4 * HOUR_MS, stretchMs: HOUR_MS },
  { untilMs: 12 * HOUR_MS, stretchMs: 5 * MINUTE_MS },
];

const time = (text: string) => {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
  return hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS;
};

describe('history', () => {
  it.each([
    // Every row is still stored.
    ['20:00:00', '20:00:30', 30, false],
    ['20:00:00', '20:01:15', 30, false],
    ['20:00:00', '20:01:16', 30, true],
    // These rows were recorded at another interval.
    ['20:00:00', '20:10:00', 300, false],
    ['20:00:00', '20:12:31', 300, true],
    ['20:00:00', '20:00:03', 1, true],
    // Only the first row of each stretch of 5 minutes is left.
    ['10:00:20', '10:05:10', 30, false],
    ['10:00:00', '10:06:15', 30, false],
    ['10:00:00', '10:06:16', 30, true],
    ['10:04:59', '10:06:16', 30, true],
    ['10:00:00', '10:20:00', 600, false],
    // Only the first row of each hour is left.
    ['2:00:00', '3:00:29', 30, false],
    ['2:00:00', '3:01:16', 30, true],
    ['2:59:59', '3:00:29', 30, false],
    ['2:59:59', '4:00:29', 30, true],
    // From the part thinned to hours into the part thinned to 5 minutes, and from there into the part with every row.
    ['3:00:00', '4:00:10', 30, false],
    ['11:55:00', '12:00:05', 30, false],
    // Thinning is in the middle of this stretch: some of its rows are deleted already.
    ['12:00:00', '12:04:00', 30, false],
    ['12:05:00', '12:09:00', 30, true],
  ])(
    'history - from a row at %s to the next at %s, with a tick every %i s: a gap is %s',
    (from, to, seconds, is) => {
      const neighbours = { fromMs: time(from), toMs: time(to), intervalMs: seconds * SECOND_MS };
      expect(isGap(neighbours, THINNED)).toBe(is);
    },
  );

  it.each([
    ['on both sides', 300, 600, 300],
    ['before', 300, null, 300],
    ['after', null, 300, 300],
    ['on no side', null, null, 30],
    ['shorter than today', 10, 300, 30],
  ])(
    'history - a row that does not say its interval, with a distance %s',
    (_name, before, after, seconds) => {
      expect(likelyIntervalMs(30, before, after)).toBe(seconds);
    },
  );

  it.each([
    [1000, 2, 1000],
    [1000, 11, 100],
    [10, 2000, 1],
  ])('%i ms in %i points are steps of %i ms', (length, points, step) => {
    expect(stepOf({ period: 'all', fromMs: 5, toMs: 5 + length, points })).toBe(step);
  });
});
