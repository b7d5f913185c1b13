import { describe, expect, it } from 'vitest';
import {
  CACHED_ABSENT,
  CACHED_FALSE,
  CACHED_TRUE,
  decodeOutcome,
  encodeOutcome,
  FIRST_FAILED,
  hasFailed,
} from '../../../src/federation/domain/outcome.ts';

// Every tuple of docs/federation.md#outcome-of-a-task in its order: failed, 8 times and absent, 5 amounts of gas and
// absent, cached true, false, absent.
const TUPLES = [false, true].flatMap((failed) =>
  Array.from({ length: 9 * 6 * 3 }, (_, rest) => ({
    failed,
    time: Math.floor(rest / 18),
    gas: Math.floor(rest / 3) % 6,
    cached: rest % 3,
  })),
);
const encoded = TUPLES.map(({ failed, time, gas, cached }) => encodeOutcome(failed, time, gas, cached));

type Parts = readonly [boolean, number, number, number];

describe('outcome', () => {
  it('outcome - the codes are in the order by which reports are merged', () => {
    expect([CACHED_TRUE, CACHED_FALSE, CACHED_ABSENT]).toEqual([0, 1, 2]);
    expect(TUPLES).toHaveLength(324);
    expect(encoded).toEqual(Array.from({ length: 324 }, (_, code) => code));
  });

  it('outcome - every code is turned back into its parts', () => {
    expect(encoded.map(decodeOutcome)).toEqual(TUPLES);
  });

  it('outcome - failed outcomes begin at the first code that means failed', () => {
    expect(FIRST_FAILED).toBe(162);
    expect(TUPLES.findIndex(({ failed }) => failed)).toBe(FIRST_FAILED);
  });

  it.each<readonly [Parts, Parts]>([
    // [the better report, the worse report]
    [
      [false, 8, 5, 2],
      [true, 0, 0, 0],
    ],
    [
      [false, 0, 5, 2],
      [false, 1, 0, 0],
    ],
    [
      [false, 7, 5, 2],
      [false, 8, 0, 0],
    ],
    [
      [false, 1, 1, 2],
      [false, 1, 2, 0],
    ],
    [
      [false, 1, 4, 2],
      [false, 1, 5, 0],
    ],
    [
      [false, 1, 1, 0],
      [false, 1, 1, 1],
    ],
    [
      [false, 1, 1, 1],
      [false, 1, 1, 2],
    ],
    [
      [true, 0, 5, 2],
      [true, 1, 0, 0],
    ],
  ])('outcome - %j wins over %j', (better, worse) => {
    expect(encodeOutcome(...better)).toBeLessThan(encodeOutcome(...worse));
  });

  it.each([
    [true, null, false],
    [true, 'completed', false],
    [true, 'failed', false],
    [true, '', false],
    [false, null, true],
    [false, 'failed', true],
    [false, 'completed', true],
    [false, 'unknown', true],
    [null, null, false],
    [null, 'completed', false],
    [null, 'success', false],
    [null, 'ok', false],
    [null, 'unknown', false],
    [null, 'failed', true],
    [null, 'error', true],
    [null, 'timeout', true],
    [null, 'received', true],
    [null, 'Completed', true],
    [null, 'OK', true],
    [null, ' ok', true],
    [null, '', true],
    [null, '__proto__', true],
  ])('outcome - success %s and status %j: failed %s', (success, status, failed) => {
    expect(hasFailed(success, status)).toBe(failed);
  });
});
