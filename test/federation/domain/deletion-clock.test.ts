import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeletionClock, type DeletionClockState } from '../../../src/federation/domain/deletion-clock.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RETENTION_MS = 8 * DAY_MS;
/** A pass takes an hour, a step covers 1/64 of the window, and the machine is checked at this interval. */
const LATE_MAX_MS = RETENTION_MS / 64 + 2 * HOUR_MS;
const LOOK_MS = HOUR_MS;

interface Row {
  readonly trueMs: number;
  /** The running time when the row was made. */
  readonly runMs: number;
  readonly lastMs: number;
}

/**
 * A machine on true time, its wall clock wrong by `errorMs`. While the program runs it makes a row at every look, and
 * deletes by the deletion clock; no row may go before the program has run for RETENTION_MS since.
 */
class Machine {
  trueMs = NOW_MS;
  errorMs = 0;
  runMs = 0;
  rows: Row[] = [];
  kept: DeletionClockState | null = null;
  #clock: DeletionClock;

  constructor(errorMs = 0, knownMs: number | null = null) {
    this.errorMs = errorMs;
    this.#clock = this.#open(knownMs);
    this.#look();
  }

  /** Age of the oldest row, in true time. */
  get oldestMs(): number {
    return this.trueMs - Math.min(...this.rows.map(({ trueMs }) => trueMs));
  }

  run(lengthMs: number): void {
    for (let leftMs = lengthMs; leftMs > 0; leftMs -= LOOK_MS) {
      const stepMs = Math.min(leftMs, LOOK_MS);
      this.trueMs += stepMs;
      this.runMs += stepMs;
      this.#look();
    }
  }

  /** The program ends, is down for a while, and starts again. */
  away(lengthMs: number): void {
    this.trueMs += lengthMs;
    this.#clock = this.#open(null);
    this.#look();
  }

  #look(): void {
    const wallMs = this.trueMs + this.errorMs;
    const deletionMs = this.#clock.read(wallMs, this.trueMs);
    this.kept = this.#clock.state;
    // No expect: this runs a million times.
    if (deletionMs > wallMs || this.kept.offsets.length > 66)
      throw new Error(`${deletionMs - wallMs} ms ahead, ${this.kept.offsets.length} offsets`);
    this.rows.push({ trueMs: this.trueMs, runMs: this.runMs, lastMs: wallMs });
    const goes = (row: Row) => row.lastMs < deletionMs - RETENTION_MS;
    if (!this.rows.some(goes)) return;
    const early = this.rows.find((row) => goes(row) && this.runMs - row.runMs < RETENTION_MS);
    if (early !== undefined)
      throw new Error(`a row was deleted after ${(this.runMs - early.runMs) / HOUR_MS} h of running`);
    this.rows = this.rows.filter((row) => !goes(row));
  }

  #open(knownMs: number | null): DeletionClock {
    return new DeletionClock(RETENTION_MS, this.kept, knownMs, this.trueMs);
  }
}

describe('deletion clock', () => {
  it('deletion clock - with a correct clock rows are deleted within hours of RETENTION_DAYS', () => {
    const machine = new Machine();
    machine.run(40 * DAY_MS);
    expect(machine.oldestMs).toBeLessThan(RETENTION_MS + LATE_MAX_MS);
    expect(machine.kept?.offsets).toHaveLength(1);
  });

  it.each([1000, HOUR_MS, 2 * DAY_MS, 20 * DAY_MS, 90 * DAY_MS, 400 * DAY_MS])(
    'deletion clock - a clock step of %i ms, forward or back, for hours or weeks, at any moment, deletes no row early',
    (stepMs) => {
      for (const errorMs of [stepMs, -stepMs])
        for (const forMs of [HOUR_MS, 6 * HOUR_MS, 2 * DAY_MS, 9 * DAY_MS, 30 * DAY_MS])
          for (const restarts of [false, true])
            for (const beforeMs of [0, 10 * DAY_MS]) {
              const machine = new Machine(beforeMs === 0 ? errorMs : 0);
              machine.run(beforeMs);
              machine.errorMs = errorMs;
              if (restarts) machine.away(1000);
              machine.run(forMs);
              machine.errorMs = 0;
              if (restarts) machine.away(1000);
              machine.run(2 * RETENTION_MS + LATE_MAX_MS);
              // Every row whose time has come is deleted in the end.
              const come = machine.rows.filter(({ lastMs }) => lastMs < machine.trueMs - RETENTION_MS);
              expect(Math.min(machine.trueMs, ...come.map(({ trueMs }) => trueMs))).toBeGreaterThan(
                machine.trueMs - RETENTION_MS - LATE_MAX_MS,
              );
            }
    },
  );

  it('deletion clock - a database without a deletion clock starts one at its newest time', () => {
    const clock = new DeletionClock(RETENTION_MS, null, NOW_MS - HOUR_MS, 0);
    expect(clock.read(NOW_MS + 400 * DAY_MS, 0)).toBe(NOW_MS - HOUR_MS);
    expect(clock.read(NOW_MS + 401 * DAY_MS, DAY_MS)).toBe(NOW_MS - HOUR_MS + DAY_MS);
    // A clock that was ahead left times in the future in the database.
    const ahead = new DeletionClock(RETENTION_MS, null, NOW_MS + 90 * DAY_MS, 0);
    expect(ahead.read(NOW_MS, 0)).toBe(NOW_MS);
  });

  it('deletion clock - after downtime a row is deleted once the program has run for RETENTION_DAYS since the row was made', () => {
    const machine = new Machine();
    machine.run(10 * DAY_MS);
    const awayAtMs = machine.trueMs;
    machine.away(60 * DAY_MS);
    machine.run(RETENTION_MS - HOUR_MS);
    expect(machine.rows.some(({ trueMs }) => trueMs <= awayAtMs)).toBe(true);
    machine.run(LATE_MAX_MS);
    expect(machine.rows.some(({ trueMs }) => trueMs <= awayAtMs)).toBe(false);
  });

  it.each([
    ['a restart every hour', HOUR_MS, 60_000],
    ['a restart every hour that takes ten minutes', HOUR_MS, 600_000],
    ['an hour a day', HOUR_MS, 23 * HOUR_MS],
  ])('deletion clock - with %s a row is deleted after RETENTION_DAYS of running', (_name, runMs, awayMs) => {
    const machine = new Machine();
    for (let day = 0; day < 40 * 24; day++) {
      machine.run(runMs);
      machine.away(awayMs);
    }
    const oldestRunMs = machine.runMs - Math.min(...machine.rows.map((row) => row.runMs));
    expect(oldestRunMs).toBeLessThan(RETENTION_MS + LATE_MAX_MS);
  });

  it('deletion clock - whatever the wall clock and the program do, no row is deleted early, and with a correct clock every old row is', () => {
    const episode = fc.record({
      errorMs: fc.oneof(
        fc.integer({ min: -400 * DAY_MS, max: 400 * DAY_MS }),
        fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS }),
      ),
      forMs: fc.integer({ min: 0, max: 12 * DAY_MS }),
      awayMs: fc.option(fc.integer({ min: 0, max: 3 * DAY_MS }), { nil: null }),
    });
    fc.assert(
      fc.property(fc.array(episode, { maxLength: 8 }), (episodes) => {
        const machine = new Machine(episodes[0]?.errorMs);
        for (const { errorMs, forMs, awayMs } of episodes) {
          machine.errorMs = errorMs;
          if (awayMs !== null) machine.away(awayMs);
          machine.run(forMs);
        }
        machine.errorMs = 0;
        machine.run(2 * RETENTION_MS + LATE_MAX_MS);
        const lateMs = machine.trueMs - RETENTION_MS - LATE_MAX_MS;
        expect(machine.rows.filter(({ trueMs, lastMs }) => trueMs < lateMs && lastMs < lateMs)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
