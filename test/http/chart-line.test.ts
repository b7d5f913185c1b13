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

interface Gap {
  readonly from: number;
  readonly to: number;
}
interface Table {
  readonly at: readonly number[];
  readonly columns: readonly (readonly (number | null | undefined)[])[];
}

const { lineOf, pacesOf, gapAt, joined, leadingGap, nearest, valueNear, stopsOf, nextStop, withLeadingGap } =
  (await import(new URL('../../src/http/page/chart-line.js', import.meta.url).href)) as {
    lineOf(rows: Rows, values: readonly (number | null)[]): Line;
    pacesOf(rows: Rows, totals: readonly number[]): Line;
    gapAt(line: Line, at: number): { readonly from: number; readonly to: number } | undefined;
    leadingGap(
      line: Line,
      from: number,
      marks: readonly { atMs: number; silentMs?: number | null }[],
    ): Gap | null;
    withLeadingGap(line: Line, gap: Gap | null, from: number): Line & { readonly gaps: readonly Gap[] };
    joined(tables: readonly Table[]): Table;
    nearest(line: Line, at: number): number;
    valueNear(line: Line, at: number): number | null;
    stopsOf(line: Line, marks: readonly number[]): number[];
    nextStop(stops: readonly number[], now: number | null, steps: number): number | undefined;
  };

const MINUTE_S = 60;
/** Rows at these minutes; between the two times of each gap rows are missing. */
const rowsAt = (minutes: readonly number[], gaps: readonly (readonly [number, number])[] = []): Rows => {
  const time = (minute: number) => new Date(minute * MINUTE_S * 1000).toISOString();
  return { at: minutes.map(time), gaps: gaps.map(([from, to]) => ({ from: time(from), to: time(to) })) };
};

describe('page - lines of charts', () => {
  it('have a value for each row, and a break where there is none', () => {
    expect(lineOf(rowsAt([0, 1, 2]), [5, null, 7])).toEqual({
      at: [0, 60, 120],
      values: [5, null, 7],
      gaps: [],
    });
    expect(lineOf(rowsAt([]), [])).toEqual({ at: [], values: [], gaps: [] });
  });

  it('are broken in the middle of a gap', () => {
    const rows = rowsAt([0, 1, 5, 6], [[1, 5]]);
    expect(lineOf(rows, [1, 2, 3, 4])).toEqual({
      at: [0, 60, 180, 300, 360],
      values: [1, 2, null, 3, 4],
      gaps: [{ from: 60, to: 300 }],
    });
  });

  it('of a pace show growth per minute, with no value for the first row and none over a gap', () => {
    const rows = rowsAt([0, 2, 3, 7, 8], [[3, 7]]);
    expect(pacesOf(rows, [10, 14, 14, 90, 91]).values).toEqual([null, 2, 0, null, null, 1]);
  });

  it('of a pace never fall below zero, even if a total shrinks', () => {
    expect(pacesOf(rowsAt([0, 1]), [10, 4]).values).toEqual([null, 0]);
  });

  it('are read at the nearest time, never across a break or far from their values', () => {
    const line = lineOf(rowsAt([0, 1, 5, 6], [[1, 5]]), [1, 2, 3, 4]);
    expect([-9, 29, 31, 100, 330, 331, 999].map((at) => nearest(line, at))).toEqual([0, 0, 1, 1, 3, 4, 4]);
    expect(nearest(lineOf(rowsAt([]), []), 5)).toBe(-1);
    expect([61, 180, 299, 300].map((at) => gapAt(line, at)?.to)).toEqual([300, 300, 300, undefined]);
    expect([10, 70, 180, 290, 480, 1000].map((at) => valueNear(line, at))).toEqual([1, 2, null, 3, 4, null]);
  });

  it('begin with the gap that a start tells of, if it is longer than the span shows', () => {
    const line = lineOf(rowsAt([10, 11]), [1, 2]);
    const started = (minutesAgo: number | null) => [
      { atMs: 30_000 },
      { atMs: 590_000, silentMs: minutesAgo === null ? null : minutesAgo * 60_000 },
    ];
    const from = 60;
    const gap = leadingGap(line, from, started(100));
    expect(gap).toEqual({ from: 590 - 6000, to: 600 });
    const whole = withLeadingGap(line, gap, from);
    expect(whole).toEqual({ at: [330, 600, 660], values: [null, 1, 2], gaps: [gap] });
    expect(gapAt(whole, 70)).toEqual(gap);
    // Not silent for longer, not known, nothing started, no row, a row at once.
    expect(leadingGap(line, from, started(5))).toBeNull();
    expect(leadingGap(line, from, started(null))).toBeNull();
    expect(leadingGap(line, from, [])).toBeNull();
    expect(leadingGap(lineOf(rowsAt([]), []), from, started(100))).toBeNull();
    expect(leadingGap(line, 595, started(100))).toBeNull();
    expect(withLeadingGap(line, null, from)).toEqual(line);
  });

  it('of two spans stand at the times of both: a line goes on between its values, and a break stays one', () => {
    const now = { at: [0, 10, 20, 30], columns: [[1, 2, null, 4]] };
    const before = { at: [5, 10, 15, 35], columns: [[7, 8, 9, 6]] };
    expect(joined([before, now])).toEqual({
      at: [0, 5, 10, 15, 20, 30, 35],
      columns: [
        [null, 7, 8, 9, undefined, undefined, 6],
        [1, undefined, 2, null, null, 4, null],
      ],
    });
  });

  it('have stops for the keyboard: values, gaps and marks', () => {
    const stops = stopsOf(lineOf(rowsAt([0, 1, 5, 6], [[1, 5]]), [1, null, 3, 4]), [300, 330]);
    expect(stops).toEqual([0, 180, 300, 330, 360]);
    const next = (now: number | null, steps: number) => nextStop(stops, now, steps);
    expect([next(null, 1), next(null, -1), next(300, 1), next(310, -1), next(0, -1), next(330, 9)]).toEqual([
      0, 360, 330, 180, 0, 360,
    ]);
    expect(nextStop([], null, 1)).toBeUndefined();
  });
});
