// The times of the charts' span as texts, what a form refuses, and the keys of a chart.

import { describe, expect, it } from 'vitest';

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}
const page = (name: string) => import(new URL(`../../src/http/page/${name}`, import.meta.url).href);

const { addressTime, inputTime, problemOf, spanOf, timeOf } = (await page('chart-times.js')) as {
  addressTime(ms: number): string;
  inputTime(ms: number): string;
  problemOf(fromMs: number, toMs: number, leastMs: number, nowMs: number): string | null;
  spanOf(from: string | null, to: string | null, leastMs: number): Span | null;
  timeOf(text: string | null): number | null;
};
const { keyAction } = (await page('chart-keys.js')) as {
  keyAction(event: { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean }): unknown;
};

const NOON_MS = Date.parse('2026-12-01T12:00:00Z');

describe('page - times of charts', () => {
  it.each([
    ['2026-12-01T12:00Z', NOON_MS],
    ['2026-12-01T12:00:00Z', NOON_MS],
    ['2026-12-01T13:00:00.000+01:00', NOON_MS],
    [String(NOON_MS), NOON_MS],
    ['0', 0],
    [null, null],
    ['', null],
    ['yesterday', null],
    ['2026', 2026],
    ['2026-12-01', null],
    ['2026-12-01T12:00', null],
    ['2026-13-41T99:00Z', null],
    ['1900-01-01T00:00Z', null],
    ['-5', null],
    ['1e9', null],
    ['9'.repeat(15), null],
    ['9'.repeat(400), null],
  ])('are read from the address: %s', (text, ms) => {
    expect(timeOf(text)).toBe(ms);
  });

  it('come back from the address to a second', () => {
    expect(addressTime(NOON_MS + 999)).toBe('2026-12-01T12:00:00Z');
    expect(timeOf(addressTime(NOON_MS))).toBe(NOON_MS);
  });

  it('are a span only if both are there, in order and far enough apart', () => {
    const [from, to] = ['2026-12-01T12:00Z', '2026-12-01T12:02Z'];
    expect(spanOf(from, to, 120_000)).toEqual({ fromMs: NOON_MS, toMs: NOON_MS + 120_000 });
    for (const [begin, end] of [
      [from, from],
      [to, from],
      [from, null],
      [null, to],
      [from, '2026-12-01T12:01:59Z'],
    ] as const)
      expect(spanOf(begin, end, 120_000)).toBeNull();
  });

  it('of a form are local, and refused with the reason', () => {
    expect(new Date(inputTime(NOON_MS)).getTime()).toBe(NOON_MS);
    const problem = (fromMs: number, toMs: number) => problemOf(fromMs, toMs, 120_000, NOON_MS);
    expect([
      problem(NOON_MS - 120_000, NOON_MS),
      problem(NaN, NOON_MS),
      problem(0, NaN),
      problem(-1, NOON_MS),
      problem(0, Date.UTC(10_000, 0)),
      problem(NOON_MS, NOON_MS),
      problem(NOON_MS + 1, NOON_MS + 200_000),
      problem(NOON_MS - 119_999, NOON_MS),
    ]).toEqual([null, 'incomplete', 'incomplete', 'years', 'years', 'order', 'future', 'short']);
  });
});

describe('page - keys of charts', () => {
  it('move, zoom and leave; those of the browser stay its own', () => {
    const asked = (key: string, more = {}) =>
      keyAction({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });
    expect(asked('ArrowRight')).toEqual({ type: 'move', steps: 1 });
    expect(asked('Home')).toEqual({ type: 'edge', isLast: false });
    expect(asked('+')).toEqual({ type: 'zoom', to: 'in' });
    expect(asked('Escape')).toEqual({ type: 'leave' });
    expect(asked('a')).toBeNull();
    for (const held of ['ctrlKey', 'metaKey', 'altKey']) expect(asked('0', { [held]: true })).toBeNull();
  });
});
