import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ObservedClock } from '../../src/lifecycle/observed-clock.ts';

const STEP_MAX = 10_000;

/** The clock's reading after each event: `heard` at a moment (live or catching up), or the connection lost. */
function shown(
  startMs: number,
  ...signs: readonly (number | 'lost' | { readonly catchingUp: number })[]
): number[] {
  const clock = new ObservedClock(startMs, STEP_MAX);
  return signs.map((sign) => {
    if (sign === 'lost') clock.lost();
    else if (typeof sign === 'number') clock.heard(sign, false);
    else clock.heard(sign.catchingUp, true);
    return clock.nowMs;
  });
}

describe('observed clock', () => {
  it('observed clock - it begins at its stored reading, and the first sign only starts it', () => {
    expect(new ObservedClock(777, STEP_MAX).nowMs).toBe(777);
    expect(shown(777, 1_000_000)).toEqual([777]);
  });

  it('observed clock - it advances by the time between two signs', () => {
    expect(shown(0, 1000, 1250, 6250, 6250, 11_250)).toEqual([0, 250, 5250, 5250, 10_250]);
  });

  it('observed clock - one sign advances it by at most ten seconds', () => {
    expect(shown(0, 0, 10_000, 20_001, 3_600_000, 3_600_500)).toEqual([0, 10_000, 20_000, 30_000, 30_500]);
  });

  it('observed clock - time without the connection never counts', () => {
    expect(shown(0, 0, 3000, 'lost', 4000, 4500)).toEqual([0, 3000, 3000, 3000, 3500]);
    expect(shown(0, 0, 'lost', 'lost', 9000, 9001)).toEqual([0, 0, 0, 0, 1]);
  });

  it('observed clock - it stands still while catching up, and never adds that time later', () => {
    expect(shown(0, 0, { catchingUp: 2000 }, { catchingUp: 4000 }, 5000)).toEqual([0, 0, 0, 1000]);
    expect(shown(0, { catchingUp: 2000 }, 3000)).toEqual([0, 1000]);
  });

  it('observed clock - it never goes back, even if the clock of the machine does', () => {
    expect(shown(100, 5000, 4000, 4500)).toEqual([100, 100, 600]);
  });

  it('observed clock - it shows whole milliseconds and loses no fractions', () => {
    const clock = new ObservedClock(0, STEP_MAX);
    for (let step = 0; step <= 1000; step++) {
      clock.heard(step * 0.25, false);
      expect(Number.isInteger(clock.nowMs)).toBe(true);
    }
    expect(clock.nowMs).toBe(250);
  });

  it('observed clock - it runs no faster than real time, by at most one step per sign, and only in stretches heard live', () => {
    const sign = fc.record({
      ms: fc.nat(30_000),
      type: fc.constantFrom('live', 'live', 'live', 'catching up', 'lost'),
    });
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 60 }), (signs) => {
        const clock = new ObservedClock(0, STEP_MAX);
        let monotonicMs = 0;
        let isRunning = false;
        let expectedMs = 0;
        for (const { ms, type } of signs) {
          monotonicMs += ms;
          if (type === 'lost') clock.lost();
          else clock.heard(monotonicMs, type === 'catching up');
          // The time before a gap of another kind is part of the step of the next sign.
          if (type === 'live' && isRunning) expectedMs += Math.min(ms, STEP_MAX);
          isRunning = type !== 'lost';
          expect(clock.nowMs).toBe(expectedMs);
          expect(clock.nowMs).toBeLessThanOrEqual(monotonicMs);
        }
      }),
    );
  });
});
