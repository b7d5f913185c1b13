import { describe, expect, it } from 'vitest';
import { gapsBetween, stepOf, usualDistanceMs } from '../../src/domain/federation/history.ts';

const HOUR_MS = 3_600_000;

describe('history', () => {
  it.each([
    [0, 30_000, 30_000],
    [23 * HOUR_MS, 30_000, 30_000],
    [25 * HOUR_MS, 30_000, 300_000],
    [25 * HOUR_MS, 600_000, 600_000],
    [8 * 24 * HOUR_MS, 30_000, HOUR_MS],
  ])('rows that are %i ms old, with a tick every %i ms, are %i ms apart', (ageMs, tickMs, distanceMs) => {
    expect(usualDistanceMs(ageMs, tickMs)).toBe(distanceMs);
  });

  it.each([
    [[], []],
    [[0], []],
    [[0, 30, 60, 90], []],
    [[0, 30, 90, 120, 150], []],
    [[0, 30, 120, 150], [[30, 120]]],
    [
      [0, 30, 1000, 1030, 5000],
      [
        [30, 1000],
        [1030, 5000],
      ],
    ],
    // Another interval then: what is usual among the rows is no gap.
    [[0, 200, 400, 600, 630], []],
  ])('of rows at %j s the gaps are %j', (seconds, gaps) => {
    const atMs = seconds.map((second) => second * 1000);
    const found = gapsBetween(atMs, { nowMs: 6_000_000, tickMs: 30_000, stepMs: 10_000 });
    expect(found.map(({ fromMs, toMs }) => [fromMs / 1000, toMs / 1000])).toEqual(gaps);
  });

  it('a step as wide as a gap hides it', () => {
    expect(
      gapsBetween([0, 100_000, 200_000, 400_000], { nowMs: 500_000, tickMs: 1, stepMs: 100_000 }),
    ).toEqual([]);
  });

  it.each([
    [1000, 2, 1000],
    [1000, 11, 100],
    [10, 2000, 1],
  ])('%i ms in %i points are steps of %i ms', (length, points, step) => {
    expect(stepOf({ period: 'all', fromMs: 5, toMs: 5 + length, points })).toBe(step);
  });
});
