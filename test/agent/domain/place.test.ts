// Rounding of a location to half a degree, and the codes of continents.

import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { readContinent, roundLocation } from '../../../src/agent/domain/place.ts';

describe('place', () => {
  it.each([
    ['48.24,11.5', '48.0,11.5'],
    ['48.25,11.74', '48.5,11.5'],
    ['-0.25,-0.26', '0.0,-0.5'],
    ['0,0', '0.0,0.0'],
    ['-0.0,-0', '0.0,0.0'],
    ['-33.87, 151.21', '-34.0,151.0'],
    [' 90 , -180 ', '90.0,-180.0'],
    ['+52.52,+13.405', '52.5,13.5'],
    ['-0.75,-179.75', '-0.5,-179.5'],
  ])('location - %j leaves as %j', (text, rounded) => {
    expect(roundLocation(text)).toBe(rounded);
  });

  it.each(['', '48', '48;11', '90.1,0', '0,180.5', '48.2,11.5,3', 'a,b', '1e1,0', '48.,11', '4٨,11'])(
    'location - %j has no meaning',
    (text) => {
      expect(roundLocation(text)).toBeNull();
    },
  );

  it('location - is the nearest half degree, written with one decimal and never as -0.0', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9000, max: 9000 }), fc.integer({ min: -18000, max: 18000 }), (a, b) => {
        const rounded = roundLocation(`${a / 100},${b / 100}`);
        expect(rounded).toMatch(/^-?\d+\.[05],-?\d+\.[05]$/);
        expect(rounded).not.toContain('-0.0');
        const [latitude, longitude] = (rounded ?? '').split(',').map(Number);
        // Hundredths: at most a quarter of a degree away, and of two equally near ones the upper.
        for (const [exact, near] of [
          [a, latitude],
          [b, longitude],
        ] as const) {
          const off = Math.round((near ?? Number.NaN) * 100) - exact;
          expect(off).toBeGreaterThan(-25);
          expect(off).toBeLessThanOrEqual(25);
        }
      }),
    );
  });

  it.each([
    ['EU', 'EU'],
    [' na ', 'NA'],
    ['XX', null],
    ['', null],
    ['Europe', null],
  ])('continent - %j is %s', (text, code) => {
    expect(readContinent(text)).toBe(code);
  });
});
