import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextSpan } from '../../../src/trades/domain/poll-span.ts';
import { HOUR, TEN_O_CLOCK_MS } from './fills.ts';

const BOUNDS = { graceMs: 120_000, overlapMs: 1_000, spanMaxMs: 24 * HOUR, startMs: TEN_O_CLOCK_MS };
const minute = (minutes: number) => TEN_O_CLOCK_MS + minutes * 60_000;
const at = (readTo: number, completeTo: number, now: number, more: Partial<typeof BOUNDS> = {}) => {
  const progress = { readToMs: minute(readTo), completeToMs: minute(completeTo) };
  const { span, isBehind } = nextSpan(progress, minute(now), { ...BOUNDS, ...more });
  const minutes = (timeMs: number) => (timeMs - TEN_O_CLOCK_MS) / 60_000;
  return [minutes(span.fromMs), minutes(span.toMs), span.isThorough ? 'thorough' : 'quick', isBehind];
};

describe('poll span', () => {
  it.each([
    ['the first read looks at every market', at(0, 0, 1), [0, 1, 'thorough', false]],
    ['then a read takes what is new', at(30, 10, 31, { overlapMs: 60_000 }), [29, 31, 'quick', false]],
    ['the end of an hour alone closes nothing', at(60, 10, 61, { overlapMs: 0 }), [60, 61, 'quick', false]],
    ['after the grace every market is read', at(61, 10, 62, { overlapMs: 0 }), [10, 62, 'thorough', false]],
    ['once an hour', at(62, 62, 63, { overlapMs: 0 }), [62, 63, 'quick', false]],
    [
      'of a long time the oldest part',
      at(10, 10, 300, { overlapMs: 0, spanMaxMs: HOUR }),
      [10, 70, 'thorough', true],
    ],
    ['no read begins before the collection', at(10, 10, 20, { overlapMs: HOUR }), [0, 20, 'quick', false]],
    [
      'half of the shortest span is new',
      at(30, 30, 40, { overlapMs: HOUR, spanMaxMs: 120_000 }),
      [29, 31, 'quick', true],
    ],
    ['a clock that went back reads nothing new', at(30, 30, 20, { overlapMs: 0 }), [30, 30, 'quick', false]],
  ])('poll span - %s', (_, span, expected) => {
    expect(span).toEqual(expected);
  });

  it('law - from any state, spans reach the present, and leave nothing out', () => {
    fc.assert(
      fc.property(
        fc.nat(50 * 60),
        fc.integer({ min: 1, max: 30 * HOUR }),
        fc.nat(2 * HOUR),
        (minutes, spanMaxMs, overlapMs) => {
          let progress = { readToMs: TEN_O_CLOCK_MS, completeToMs: TEN_O_CLOCK_MS };
          const nowMs = minute(minutes);
          const bounds = { ...BOUNDS, spanMaxMs: Math.max(spanMaxMs, 60_000), overlapMs };
          for (let isBehind = true; isBehind; ) {
            const next = nextSpan(progress, nowMs, bounds);
            const { fromMs, toMs, isThorough } = next.span;
            const doneMs = isThorough ? progress.completeToMs : progress.readToMs;
            expect(fromMs).toBeLessThanOrEqual(doneMs);
            expect(toMs - fromMs).toBeLessThanOrEqual(bounds.spanMaxMs);
            if (next.isBehind) expect(toMs).toBeGreaterThan(doneMs);
            progress = {
              readToMs: Math.max(toMs, progress.readToMs),
              completeToMs: isThorough ? Math.max(toMs, progress.completeToMs) : progress.completeToMs,
            };
            ({ isBehind } = next);
          }
          expect(progress.readToMs).toBe(nowMs);
        },
      ),
      { numRuns: 50 },
    );
  });
});
