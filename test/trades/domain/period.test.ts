import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NextSummary, Periods } from '../../../src/trades/domain/period.ts';
import { HOUR, TEN_O_CLOCK_MS } from './fills.ts';

const hour = (hours: number) => TEN_O_CLOCK_MS + hours * HOUR;

/** Seals what is next; throws if it is held back. */
function seal(periods: Periods, next: NextSummary | null, digest: string): NextSummary {
  if (next === null) throw new Error('held back');
  periods.sealed(next, digest);
  return next;
}

describe('periods', () => {
  it('tile, with a seq and the digest of the one before', () => {
    const periods = Periods.from(hour(0) + 17);
    expect(seal(periods, periods.next(hour(1), 3), 'a')).toEqual({
      startMs: hour(0) + 17,
      endMs: hour(1),
      seq: 1,
      prev: null,
      revises: null,
    });
    expect(seal(periods, periods.next(hour(2), 1), 'b')).toEqual({
      startMs: hour(1),
      endMs: hour(2),
      seq: 2,
      prev: 'a',
      revises: null,
    });
    expect(periods.next(hour(2), 1)).toBeNull();
  });

  it('empty hours wait for one with trades, and make one summary with it', () => {
    const periods = Periods.from(hour(0));
    expect(periods.next(hour(1), 0)).toBeNull();
    expect(periods.next(hour(2), 0)).toBeNull();
    expect(periods.next(hour(3), 1)).toMatchObject({ startMs: hour(0), endMs: hour(3), seq: 1 });
  });

  it('24 empty hours make one summary', () => {
    const periods = Periods.from(hour(0));
    for (let hours = 1; hours < 24; hours++) expect(periods.next(hour(hours), 0)).toBeNull();
    expect(periods.next(hour(24), 0)).toMatchObject({ startMs: hour(0), endMs: hour(24), seq: 1 });
  });

  it('a flush sends what waits, empty or not', () => {
    const periods = Periods.from(hour(0));
    expect(periods.next(hour(1) + 5, 0, true)).toMatchObject({ startMs: hour(0), endMs: hour(1) + 5 });
  });

  it('a correction repeats the period, takes the next seq and moves no period', () => {
    const periods = Periods.from(hour(0));
    seal(periods, periods.next(hour(1), 1), 'a');
    seal(periods, periods.next(hour(2), 1), 'b');
    expect(periods.correction(hour(2))).toBeNull();
    const correction = seal(periods, periods.correction(hour(1) - 1), 'a2');
    expect(correction).toEqual({ startMs: hour(0), endMs: hour(1), seq: 3, prev: 'b', revises: 'a' });
    expect(periods.next(hour(3), 1)).toMatchObject({ startMs: hour(2), seq: 4, prev: 'a2' });
    // The next correction replaces the correction.
    expect(periods.correction(hour(0))).toMatchObject({ revises: 'a2', startMs: hour(0), endMs: hour(1) });
    periods.forget(hour(1));
    expect(periods.correction(hour(0))).toBeNull();
    expect(periods.correction(hour(1))).toMatchObject({ revises: 'b' });
  });

  it('law - whatever is sealed in whatever order: periods tile, seq ascends by one, prev is the one before', () => {
    const steps = fc.array(
      fc.record({
        hours: fc.integer({ min: 0, max: 30 }),
        trades: fc.nat(1),
        corrects: fc.boolean(),
        flush: fc.boolean(),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        let periods = Periods.from(hour(0));
        const sealed: NextSummary[] = [];
        let nowMs = hour(0);
        for (const { hours, trades, corrects, flush } of all) {
          nowMs += hours * HOUR + (flush ? 1 : 0);
          const next = corrects ? periods.correction(nowMs - 40 * HOUR) : periods.next(nowMs, trades, flush);
          if (next === null) continue;
          sealed.push(seal(periods, next, `${next.seq}`));
          periods = Periods.fromState(JSON.parse(JSON.stringify(periods.toState())));
        }
        expect(sealed.map(({ seq }) => seq)).toEqual(sealed.map((_, index) => index + 1));
        expect(sealed.map(({ prev }) => prev)).toEqual(
          sealed.map((_, index) => (index === 0 ? null : `${index}`)),
        );
        const tiles = sealed.filter(({ revises }) => revises === null);
        expect(tiles.map(({ startMs }) => startMs)).toEqual(
          [hour(0), ...tiles.map(({ endMs }) => endMs)].slice(0, -1),
        );
        for (const { revises, startMs, endMs } of sealed) {
          if (revises !== null) expect(sealed[Number(revises) - 1]).toMatchObject({ startMs, endMs });
        }
      }),
    );
  });
});
