import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeletionClock, type DeletionClockState } from '../../src/domain/federation/deletion-clock.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A machine on true time, its wall clock wrong by `errorMs`, on which the program runs and is looked at every minute. */
class Machine {
  trueMs = NOW_MS;
  errorMs = 0;
  #kept: DeletionClockState | null = null;
  #clock = this.#open();
  /** What it deletes by, minus true time. */
  get deletesAtMs(): number {
    const readMs = this.#clock.read(this.trueMs + this.errorMs, this.trueMs);
    this.#kept = this.#clock.state;
    return readMs - this.trueMs;
  }
  run(lengthMs: number): number {
    const endMs = this.trueMs + lengthMs;
    let mostMs = this.deletesAtMs;
    while (this.trueMs < endMs) {
      this.trueMs = Math.min(endMs, this.trueMs + 60_000);
      mostMs = Math.max(mostMs, this.deletesAtMs);
    }
    return mostMs;
  }
  /** Ends, is away, and starts again. */
  away(lengthMs: number): void {
    this.trueMs += lengthMs;
    this.#clock = this.#open();
  }
  #open(): DeletionClock {
    return new DeletionClock(DAY_MS, this.#kept, this.trueMs + this.errorMs, this.trueMs);
  }
}

const machine = () => {
  const made = new Machine();
  made.run(HOUR_MS);
  return made;
};

describe('deletion clock', () => {
  it('deletion clock - shows the wall clock where that is right', () => {
    expect(machine().run(3 * DAY_MS)).toBe(0);
  });

  it.each([1000, HOUR_MS, DAY_MS, 90 * DAY_MS])(
    'deletion clock - %i ms ahead for less than a day delete nothing earlier',
    (errorMs) => {
      const clock = machine();
      clock.errorMs = errorMs;
      expect(clock.run(DAY_MS - HOUR_MS)).toBe(0);
      clock.away(HOUR_MS);
      expect(clock.run(HOUR_MS / 2)).toBeLessThanOrEqual(0);
      clock.errorMs = 0;
      expect(clock.run(3 * DAY_MS)).toBeLessThanOrEqual(0);
    },
  );

  it('deletion clock - what has been ahead for a day of running is believed', () => {
    const clock = machine();
    clock.errorMs = 90 * DAY_MS;
    clock.run(DAY_MS + HOUR_MS);
    expect(clock.deletesAtMs).toBe(90 * DAY_MS);
  });

  it('deletion clock - set back, it deletes less at once, and goes on where it was afterwards', () => {
    const clock = machine();
    clock.errorMs = -90 * DAY_MS;
    expect(clock.run(HOUR_MS)).toBe(-90 * DAY_MS);
    clock.errorMs = 0;
    expect(clock.run(HOUR_MS)).toBe(0);
  });

  it('deletion clock - a clock that was ahead from the first start on is believed less after a day', () => {
    const clock = new Machine();
    clock.errorMs = 90 * DAY_MS;
    clock.run(HOUR_MS);
    clock.errorMs = 0;
    expect(clock.run(2 * DAY_MS)).toBe(0);
    clock.errorMs = DAY_MS;
    expect(clock.run(HOUR_MS)).toBe(0);
  });

  it('deletion clock - after an absence it is behind by that for a day of running, also with a restart every day', () => {
    const clock = machine();
    clock.away(60 * DAY_MS);
    expect(clock.run(DAY_MS - HOUR_MS)).toBe(-60 * DAY_MS);
    clock.run(2 * HOUR_MS);
    expect(clock.deletesAtMs).toBe(0);
    for (let day = 0; day < 30; day++) {
      clock.away(600_000);
      clock.run(DAY_MS - 600_000);
    }
    expect(clock.deletesAtMs).toBeGreaterThan(-2 * HOUR_MS);
  });

  it('deletion clock - whatever the wall clock does for less than a day, nothing is deleted early', () => {
    const wrong = fc.record({
      errorMs: fc.integer({ min: -400 * DAY_MS, max: 400 * DAY_MS }),
      forMs: fc.integer({ min: 0, max: 23 * HOUR_MS }),
      restarts: fc.boolean(),
      rightForMs: fc.integer({ min: 60_000, max: 3 * HOUR_MS }),
    });
    fc.assert(
      fc.property(fc.array(wrong, { maxLength: 6 }), (times) => {
        const clock = machine();
        for (const { errorMs, forMs, restarts, rightForMs } of times) {
          clock.errorMs = errorMs;
          if (restarts) clock.away(1000);
          expect(clock.run(forMs)).toBeLessThanOrEqual(0);
          clock.errorMs = 0;
          if (restarts) clock.away(1000);
          expect(clock.run(rightForMs)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 30 },
    );
  });
});
