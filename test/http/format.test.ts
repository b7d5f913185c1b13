// Texts that the module of the page makes: labels that differ from their neighbours, and ages.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { provideBrowserGlobals } from '../support/page-globals.ts';

interface Format {
  ago(ms: number): string;
  axisNumber(value: number): string;
  rate(value: number): string;
  timeLabels(atSeconds: readonly number[], stepSeconds: number): string[];
  whyAhead(ms: number): string;
  exact(digits: string): string;
  size(value: number): string;
}

// A zone with summer time; read when the module is loaded.
process.env['TZ'] = 'Europe/Berlin';
provideBrowserGlobals();
const page = (await import(new URL('../../src/http/page/format.js', import.meta.url).href)) as Format;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const from = (utc: string, step: number, number: number) =>
  Array.from({ length: number }, (_, index) => Date.parse(utc) / 1000 + index * step);

describe('page - texts', () => {
  it.each([
    ['an hour', '2026-01-15T09:00:00Z', 10 * MINUTE, ['10:00', '10:10', '10:20']],
    ['two minutes', '2026-01-15T09:00:00Z', 30, ['10:00:00', '10:00:30', '10:01:00']],
    [
      'a day, where the same time comes again',
      '2026-01-15T11:00:00Z',
      12 * HOUR,
      ['12:00\n15 Jan', '00:00\n16 Jan', '12:00\n16 Jan'],
    ],
    ['days', '2026-01-14T23:00:00Z', DAY, ['15 Jan', '16 Jan', '17 Jan']],
    ['years', '2026-01-14T23:00:00Z', 365 * DAY, ['15 Jan\n2026', '15 Jan\n2027', '15 Jan\n2028']],
    [
      'the hour that comes twice in autumn',
      '2026-10-25T00:00:00Z',
      HOUR,
      ['02:00:00 GMT+2\n25 Oct 2026', '02:00:00 GMT+1\n25 Oct 2026', '03:00:00 GMT+1\n25 Oct 2026'],
    ],
  ])('gives the times below a chart different labels: %s', (_name, utc, step, labels) => {
    expect(page.timeLabels(from(utc, step, 3), step)).toEqual(labels);
  });

  it('never gives two times the same label', () => {
    const steps = [1, 5, 15, 30, MINUTE, 5 * MINUTE, HOUR, 3 * HOUR, 12 * HOUR, DAY, 2 * DAY, 30 * DAY];
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 66_000_000 }),
        fc.constantFrom(...steps),
        fc.integer({ min: 2, max: 40 }),
        (minute, step, number) => {
          const times = Array.from({ length: number }, (_, index) => minute * MINUTE + index * step);
          expect(new Set(page.timeLabels(times, step)).size).toBe(number);
        },
      ),
    );
  });

  it('never gives two numbers beside a chart the same label', () => {
    // Multiples of the steps on the charts, from 0.00001 up.
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 2.5, 5), fc.integer({ min: -5, max: 9 }), (digit, power) => {
        const values = Array.from({ length: 20 }, (_, index) =>
          Number((index * digit * 10 ** power).toPrecision(12)),
        );
        expect(new Set(values.map((value) => page.axisNumber(value))).size).toBe(values.length);
      }),
    );
    expect([0, 0.002, 0.004, 0.5, 2.5, 12_500, 1_500_000].map((value) => page.axisNumber(value))).toEqual([
      '0',
      '0.002',
      '0.004',
      '0.5',
      '2.5',
      '12.5k',
      '1.5m',
    ]);
  });

  it.each([
    [0, '0'],
    [0.00042, '0.0004'],
    [0.004, '0.004'],
    [0.25, '0.25'],
    [1.25, '1.3'],
    [1234, '1,234'],
  ])('shows a rate of %f as %s, and only a rate of zero as 0', (value, text) => {
    expect(page.rate(value)).toBe(text);
  });

  it.each([
    [2 * HOUR * 1000, '2 h ago', ''],
    [1500, '2 s ago', ''],
    [1499, 'just now', ''],
    [-4999, 'just now', ''],
    [-5000, '5 s in the future', "A clock differs: this time is 5 s ahead of the aggregator's clock."],
    [
      -2 * HOUR * 1000,
      '2 h in the future',
      "A clock differs: this time is 2 h ahead of the aggregator's clock.",
    ],
  ])('shows an age of %i ms as: %s', (ms, text, why) => {
    expect(page.ago(ms)).toBe(text);
    expect(page.whyAhead(ms)).toBe(why);
  });

  it.each([
    ['18446744073709551615', '18,446,744,073,709,551,615'],
    ['9007199254740993', '9,007,199,254,740,993'],
    ['0', '0'],
    ['N/A', 'N/A'],
  ])('shows every digit of %s', (digits, text) => {
    expect(page.exact(digits)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1.0 KiB'],
    [1.5 * 2 ** 40, '1.5 TiB'],
    [2 ** 70, '1,024.0 EiB'],
  ])('shows a size of %d bytes as %s', (value, text) => {
    expect(page.size(value)).toBe(text);
  });
});
