import { describe, expect, it } from 'vitest';
import { DeletionTime } from '../../src/store/deletion-time.ts';

const NOW_MS = Date.UTC(2026, 0, 15);
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

describe('the time of deletions', () => {
  it('deletion time - is the wall clock while that is right', () => {
    const time = new DeletionTime(NOW_MS, NOW_MS, 0);
    expect([time.at(NOW_MS, 0), time.at(NOW_MS + HOUR_MS, HOUR_MS)]).toEqual([NOW_MS, NOW_MS + HOUR_MS]);
    expect(new DeletionTime(0, NOW_MS, 5).at(NOW_MS, 5)).toBe(NOW_MS);
  });

  it('deletion time - a clock that is a year ahead for an hour costs ten hours, also from the start on', () => {
    const time = new DeletionTime(NOW_MS, NOW_MS + YEAR_MS, 0);
    expect(time.at(NOW_MS + YEAR_MS + HOUR_MS, HOUR_MS)).toBe(NOW_MS + 10 * HOUR_MS);
    expect(time.at(NOW_MS + HOUR_MS, HOUR_MS)).toBe(NOW_MS + HOUR_MS);
  });

  it('deletion time - after an absence it comes up to the wall clock', () => {
    const time = new DeletionTime(NOW_MS - 20 * HOUR_MS, NOW_MS, 0);
    expect(time.at(NOW_MS + 3 * HOUR_MS, 3 * HOUR_MS)).toBe(NOW_MS + 3 * HOUR_MS);
  });
});
