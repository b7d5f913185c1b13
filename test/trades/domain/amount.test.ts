import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exact, isAmount, roundedNumber } from '../../../src/trades/domain/amount.ts';

describe('amount - rounding', () => {
  it.each([
    // Half-even, eight fractional digits.
    ['0.000000005', 0],
    ['0.000000015', 2e-8],
    ['0.000000025', 2e-8],
    ['0.0000000250000000001', 3e-8],
    ['-0.000000015', -2e-8],
    // Never -0.
    ['-0.000000005', 0],
    ['-0', 0],
    ['0', 0],
    // Fifteen significant digits.
    ['284578000.00000004', 284578000],
    ['284578000.0000005', 284578000],
    ['284578000.0000015', 284578000.000002],
    ['123456789012345.6', 123456789012346],
    ['1234567890123456.5', 1234567890123460],
    ['999999999999999.9', 1e15],
    ['99999999.99999999', 100000000],
    ['1e39', 1e39],
    ['9.99999999999999999e39', 1e40],
  ])('%s is %d', (text, number) => {
    const rounded = roundedNumber(exact(text), 8);
    expect(rounded).toBe(number);
    expect(Object.is(rounded, -0)).toBe(false);
  });

  it('a number too great for JSON throws', () => {
    expect(() => roundedNumber(exact('1e309'), 8)).toThrow('Invalid number');
  });

  const decimals = fc
    .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: 0, max: 45 }))
    .map(([units, digits]) => exact(`${units}e-${digits}`));

  it('law - the number is near, prints the decimal meant, and rounds to itself', () => {
    fc.assert(
      fc.property(decimals, fc.constantFrom(8, 6), (value, digits) => {
        const number = roundedNumber(value, digits);
        const printed = exact(JSON.stringify(number));
        const unit = exact(`1e${Math.max(-digits, value.e - 14)}`);
        expect(printed.minus(value).abs().times(exact('2')).lte(unit)).toBe(true);
        expect(printed.c.length).toBeLessThanOrEqual(15);
        expect(printed.round(digits).eq(printed)).toBe(true);
        expect(roundedNumber(printed, digits)).toBe(number);
      }),
    );
  });

  it('law - rounding keeps the order and the sign', () => {
    fc.assert(
      fc.property(decimals, decimals, (one, other) => {
        const [low, high] = one.lte(other) ? [one, other] : [other, one];
        expect(roundedNumber(low, 8)).toBeLessThanOrEqual(roundedNumber(high, 8));
        expect(roundedNumber(one.neg(), 8)).toBe(0 - roundedNumber(one, 8));
      }),
    );
  });
});

describe('amount - what text is one', () => {
  it.each([
    '0',
    '1',
    '-1.5',
    '.5',
    '5.',
    '1e-7',
    '1E+5',
    '-2.5e-7',
    '1e39',
    `0.${'0'.repeat(37)}1`,
    '9'.repeat(40),
  ])('%s is', (text) => {
    expect(isAmount(text)).toBe(true);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '+1',
    'NaN',
    'Infinity',
    '0x1',
    '1,5',
    '1_000',
    '--1',
    '.',
    'e5',
    '1e40',
    '1e-41',
    '1e99999',
  ])('%j is not', (text) => {
    expect(isAmount(text)).toBe(false);
  });
});
