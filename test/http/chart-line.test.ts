// The lines of the charts: a value or a break at each time, in seconds.

import { describe, expect, it } from 'vitest';

interface Rows {
  readonly at: readonly string[];
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
}
interface Line {
  readonly at: readonly number[];
  readonly values: readonly (number | null)[];
}

const { lineOf, pacesOf } = (await import(
  new URL('../../src/http/page/chart-line.js', import.meta.url).href
)) as {
  lineOf(rows: Rows, values: readonly (number | null)[]): Line;
  pacesOf(rows: Rows, totals: readonly number[]): Line;
};

const MINUTE_S = 60;
/** Rows at these minutes; between the two times of each gap rows are missing. */
const rowsAt = (minutes: readonly number[], gaps: readonly (readonly [number, number])[] = []): Rows => {
  const time = (minute: number) => new Date(minute * MINUTE_S * 1000).toISOString();
  return { at: minutes.map(time), gaps: gaps.map(([from, to]) => ({ from: time(from), to: time(to) })) };
};

describe('page - lines of charts', () => {
  it('have a value for each row, and a break where there is none', () => {
    expect(lineOf(rowsAt([0, 1, 2]), [5, null, 7])).toEqual({ at: [0, 60, 120], values: [5, null, 7] });
    expect(lineOf(rowsAt([]), [])).toEqual({ at: [], values: [] });
  });

  it('are broken in the middle of a gap', () => {
    const rows = rowsAt([0, 1, 5, 6], [[1, 5]]);
    expect(lineOf(rows, [1, 2, 3, 4])).toEqual({ at: [0, 60, 180, 300, 360], values: [1, 2, null, 3, 4] });
  });

  it('of a pace show growth per minute, with no value for the first row and none over a gap', () => {
    const rows = rowsAt([0, 2, 3, 7, 8], [[3, 7]]);
    expect(pacesOf(rows, [10, 14, 14, 90, 91]).values).toEqual([null, 2, 0, null, null, 1]);
  });

  it('of a pace never fall below zero, even if a total shrinks', () => {
    expect(pacesOf(rowsAt([0, 1]), [10, 4]).values).toEqual([null, 0]);
  });
});
