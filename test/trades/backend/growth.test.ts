// Hours, growth, drawdown and the chart as tables and laws.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHART_STEPS_MAX, chartOf } from '../../../src/trades/backend/client-chart.ts';
import { curveOf, hoursOf, maximumDrawdown, type StoredBucket } from '../../../src/trades/backend/growth.ts';

const HOUR_MS = 3_600_000;

function bucket(hour: number, returnPct: number, more: Partial<StoredBucket> = {}): StoredBucket {
  const rest = { trades: 1, volumeBase: 1, volumeQuote: 100, fees: 1, quote: '' };
  return { atMs: hour * HOUR_MS, returnPct, ...rest, ...more };
}

function figuresOf(...returns: readonly number[]) {
  const curve = curveOf(hoursOf(returns.map((returnPct, at) => bucket(at, returnPct))));
  return { growth: curve.at(-1)?.growthPct ?? 0, drawdown: maximumDrawdown(curve) };
}

describe('growth', () => {
  it.each([
    [[], 0, 0],
    [[0], 0, 0],
    [[10], 10, 0],
    [[10, 10], 21, 0],
    [[50, -50], -25, 50],
    [[-10], -10, 10],
    [[-10, 50, -20], 8, 20],
    [[100, -25, 100, -50], 50, 50],
    [[10, -100, 500], -100, 100],
    [[10, -250], -100, 100],
    [[1e12, 1e12, 1e12], 99_999_999_999_999_900, 0],
  ])('of the returns %j is %d %%, with a drawdown of %d %%', (returns, growth, drawdown) => {
    expect(figuresOf(...returns)).toEqual({ growth, drawdown });
  });

  it('is finite, at least -100 %, and its drawdown is between 0 and 100 %', () => {
    const returns = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 50 });
    fc.assert(
      fc.property(returns, (all) => {
        const { growth, drawdown } = figuresOf(...all);
        expect(Number.isFinite(growth) && growth >= -100).toBe(true);
        expect(drawdown >= 0 && drawdown <= 100).toBe(true);
      }),
    );
  });

  it('adds up the buckets of one hour; a part without closed lots has no weight', () => {
    const parts = [
      bucket(3, 0, { trades: 5, volumeQuote: 900 }),
      bucket(3, 4, { trades: 1, volumeQuote: 300, fees: -2 }),
      bucket(3, 8, { trades: 1, volumeQuote: 100, quote: 'EUR' }),
    ];
    expect(hoursOf(parts)).toEqual([
      {
        atMs: 3 * HOUR_MS,
        returnPct: 5,
        trades: 7,
        amounts: new Map([
          ['', { volume: 1_200, fees: -1 }],
          ['EUR', { volume: 100, fees: 1 }],
        ]),
      },
    ]);
    const unpriced = [bucket(0, 2, { volumeQuote: 0 }), bucket(0, 4, { volumeQuote: 0 })];
    expect(hoursOf(unpriced)[0]?.returnPct).toBe(3);
  });

  it('is the same in any order of the buckets, and when an hour is cut into parts of equal return', () => {
    const hour = fc.record({
      returnPct: fc.integer({ min: -5_000, max: 5_000 }).map((value) => value / 100),
      cuts: fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(hour, { maxLength: 20 }), fc.nat(), (hours, turn) => {
        const whole = hours.map(({ returnPct }, at) => bucket(at, returnPct));
        const parts = hours.flatMap(({ returnPct, cuts }, at) =>
          cuts.map((volumeQuote) => bucket(at, returnPct, { volumeQuote })),
        );
        const turned = parts
          .map((_, at) => parts[(at + turn) % parts.length] ?? parts[0])
          .flatMap((part) => part ?? []);
        const [first, second] = [curveOf(hoursOf(whole)), curveOf(hoursOf(turned))];
        expect(second.length).toBe(first.length);
        first.forEach((point, at) => expect(second[at]?.growthPct).toBeCloseTo(point.growthPct, 6));
      }),
    );
  });
});

describe('chart', () => {
  const chart = (buckets: readonly StoredBucket[], fromHour: number, toHour: number) => {
    const hours = hoursOf(buckets);
    return chartOf({ hours, curve: curveOf(hours) }, fromHour * HOUR_MS, toHour * HOUR_MS);
  };

  it('has a step for each hour of a short span, and growth from before it', () => {
    const { stepMs, quote, steps } = chart([bucket(0, 10), bucket(5, -50), bucket(9, 0)], 1, 9);
    expect([stepMs, quote]).toEqual([HOUR_MS, 'USD']);
    expect(steps).toEqual([{ atMs: 5 * HOUR_MS, growthPct: -45, drawdownPct: 50, trades: 1, volume: 100 }]);
  });

  it('never has more steps than its bound; a step has the last growth, the greatest drawdown and all volume', () => {
    const buckets = Array.from({ length: 20_000 }, (_, at) => bucket(at, at % 2 === 0 ? 1 : -1));
    const { stepMs, steps } = chart(buckets, 0, 20_000);
    expect(steps.length).toBeLessThanOrEqual(CHART_STEPS_MAX);
    expect(steps.reduce((sum, { trades }) => sum + trades, 0)).toBe(20_000);
    expect(steps[0]?.volume).toBe((stepMs / HOUR_MS) * 100);
    expect(steps.at(-1)?.growthPct).toBeCloseTo(
      figuresOf(...buckets.map(({ returnPct }) => returnPct)).growth,
      6,
    );
  });

  it('has the volume of one asset only: that of most hours', () => {
    const { quote, steps } = chart(
      [bucket(0, 0, { quote: 'EUR' }), bucket(1, 0), bucket(1, 0, { quote: 'EUR' })],
      0,
      9,
    );
    expect([quote, steps.map(({ volume }) => volume)]).toEqual(['EUR', [100, 100]]);
  });
});
