import { describe, expect, it } from 'vitest';
import {
  ClockSteps,
  type ClockReading,
  describeStart,
  describeStep,
  readClocks,
} from '../../src/lib/clock-steps.ts';

const NOON_MS = Date.parse('2026-03-04T12:00:00.000Z');
const DAY_MS = 86_400_000;

/** Readings a second apart on the monotonic clock; the wall clock moves by each number more than that. */
function readings(...shifts: number[]): ClockReading[] {
  let nowMs = NOON_MS;
  return shifts.map((shift, index) => ({
    nowMs: (nowMs += 1000 + shift),
    monotonicMs: 70_000.25 + (index + 1) * 1000,
  }));
}

function stepsIn(all: readonly ClockReading[]) {
  const steps = new ClockSteps({ nowMs: NOON_MS, monotonicMs: 70_000.25 });
  return all.map((reading) => steps.since(reading)?.byMs ?? 0);
}

describe('steps of the wall clock', () => {
  it.each([
    ['none', [0, 0, 0]],
    ['a second forward', [0, 1000, 0]],
    ['a second back', [0, -1000, 0]],
    ['an hour back, then forward again', [-3_600_000, 0, 3_600_000]],
    ['40 days forward', [0, 40 * DAY_MS, 0]],
    ['seven months back', [0, -210 * DAY_MS, 0]],
    ['two in a row', [1800_000, 1800_000]],
  ])('%s', (_name, shifts) => {
    expect(stepsIn(readings(...shifts))).toEqual(shifts);
  });

  it.each([
    ['a slew of 10 % for ten minutes', Array.from({ length: 600 }, () => 100)],
    ['a slew of 10 % back', Array.from({ length: 600 }, () => -100)],
    ['readings that are rounded', [0.4, -0.4, 0.6]],
    ['just below the least step', [499, -499]],
  ])('is not %s', (_name, shifts) => {
    expect(stepsIn(readings(...shifts)).every((byMs) => byMs === 0)).toBe(true);
  });

  it('gives the times before and after, with the time between the readings included', () => {
    const steps = new ClockSteps({ nowMs: NOON_MS, monotonicMs: 500 });
    expect(steps.since({ nowMs: NOON_MS - 1_800_000, monotonicMs: 7500 })).toEqual({
      byMs: -1_807_000,
      fromMs: NOON_MS + 7000,
      toMs: NOON_MS - 1_800_000,
    });
  });

  it('is not seen when a thread slept long, because both clocks moved', () => {
    const steps = new ClockSteps({ nowMs: NOON_MS, monotonicMs: 0 });
    expect(steps.since({ nowMs: NOON_MS + DAY_MS, monotonicMs: DAY_MS })).toBeNull();
  });

  it('is seen when the machine was suspended, because the monotonic clock stood still', () => {
    const steps = new ClockSteps({ nowMs: NOON_MS, monotonicMs: 0 });
    expect(steps.since({ nowMs: NOON_MS + 3_600_000, monotonicMs: 1000 })?.byMs).toBe(3_599_000);
  });
});

describe('the wall time of a moment', () => {
  it('stays the same until the wall clock is set, and then moves with it', () => {
    const steps = new ClockSteps({ nowMs: NOON_MS, monotonicMs: 500 });
    steps.since({ nowMs: NOON_MS + 1001, monotonicMs: 1500.4 });
    expect(steps.wallMs(700.3)).toBe(NOON_MS + 200);
    steps.since({ nowMs: NOON_MS + 2001 - 1_800_000, monotonicMs: 2500 });
    expect(steps.wallMs(700.3)).toBe(NOON_MS + 201 - 1_800_000);
  });

  it('follows a slew once it is large', () => {
    const steps = new ClockSteps({ nowMs: NOON_MS, monotonicMs: 0 });
    for (let second = 1; second <= 100; second++) {
      expect(steps.since({ nowMs: NOON_MS + second * 1090, monotonicMs: second * 1000 })).toBeNull();
    }
    expect(Math.abs(steps.wallMs(100_000) - (NOON_MS + 109_000))).toBeLessThan(500);
  });
});

describe('reading both clocks', () => {
  it('is repeated if the thread was held up between the two readings', () => {
    const monotonic = [0, 900, 1000, 1000.5];
    const wall = [NOON_MS, NOON_MS + 1000];
    const clock = { nowMs: () => wall.shift() ?? 0, monotonicMs: () => monotonic.shift() ?? 0 };
    expect(readClocks(clock)).toEqual({ nowMs: NOON_MS + 1000, monotonicMs: 1000.5 });
  });

  it('takes the best of five attempts on a thread that is always held up', () => {
    let atMs = 0;
    const clock = { nowMs: () => NOON_MS + atMs, monotonicMs: () => (atMs += 100) };
    expect(readClocks(clock)).toEqual({ nowMs: NOON_MS + 100, monotonicMs: 200 });
  });
});

describe('the line that names a step', () => {
  it.each([
    [1000, 'forward by 1 s,'],
    [-30 * 60_000, 'back by 30 min,'],
    [3_600_000, 'forward by 1 h,'],
    [-3_599_999, 'back by 1 h,'],
    [612, 'forward by 0.6 s,'],
    [-36 * 3_600_000, 'back by 1.5 d,'],
    [40 * DAY_MS, 'forward by 40 d,'],
  ])('of %i ms', (byMs, words) => {
    expect(describeStep({ byMs, fromMs: NOON_MS, toMs: NOON_MS + byMs })).toContain(
      `clock: the wall clock was set ${words} from 2026-03-04T12:00:00.000Z to ${new Date(NOON_MS + byMs).toISOString()};`,
    );
  });
});

describe('the line of a start', () => {
  it.each([
    ['a second after', 1000, null],
    ['a day after', DAY_MS, null],
    [
      '40 days after',
      40 * DAY_MS,
      /^clock: the wall clock is 40 d ahead of the last run .*if the program was not away/,
    ],
    ['at the same time', 0, null],
    ['a second before', -1000, /^clock: the wall clock is 1 s behind the one of the last run/],
    [
      'half an hour before',
      -30 * 60_000,
      /is 30 min behind the one of the last run \(it shows 2026-03-04T12:00/,
    ],
    ['seven months before', -210 * DAY_MS, /is 210 d behind/],
  ])('compares the clock with the latest recorded time: %s', (_name, afterMs, line) => {
    const said = describeStart({ recordedMs: NOON_MS - afterMs, nowMs: NOON_MS });
    if (line === null) expect(said).toBeNull();
    else expect(said).toMatch(line);
  });
});
