import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, spreadBackoffMs } from '../../src/lib/backoff.ts';

const BACKOFF = { leastMs: 50, mostMs: 2_000 };

describe('backoff', () => {
  it.each([
    [0, 0, 50],
    [1, 0, 100],
    [5, 0, 1_600],
    [6, 0, 2_000],
    [1_000, 0, 2_000],
    [10_000, 0, 2_000],
    [6, 0.999, 1_001],
  ])('backoff - after %d failures, with random %d, the delay is %d ms', (failures, random, expected) => {
    expect(backoffMs(BACKOFF, failures, random)).toBe(expected);
  });

  it('backoff - the delay is never above its maximum or below half its minimum, and never falls with more failures', () => {
    const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(100_000), share, (failures, random) => {
        const waitMs = backoffMs(BACKOFF, failures, random);
        expect(waitMs).toBeLessThanOrEqual(BACKOFF.mostMs);
        expect(waitMs).toBeGreaterThanOrEqual(BACKOFF.leastMs / 2);
        expect(waitMs).toBeLessThanOrEqual(backoffMs(BACKOFF, failures + 1, random));
      }),
    );
  });

  it.each([
    [0, 0, 0],
    [0, 0.999, 50],
    [3, 0.5, 200],
    [6, 0.5, 1_000],
    [10_000, 0.999, 1_998],
  ])(
    'backoff - spread evenly, after %d failures, with random %d, it is %d ms',
    (failures, random, expected) => {
      expect(spreadBackoffMs(BACKOFF, failures, random)).toBe(expected);
    },
  );
});
