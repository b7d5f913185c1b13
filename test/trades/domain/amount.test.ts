import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exact, ZERO } from '../../../src/trades/domain/amount.ts';
import { ExactSum } from '../../../src/trades/domain/exact-sum.ts';
import { NOTHING, Rational } from './rational.ts';

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
/** Text of numbers about where a double stops counting exactly, and of long and of short ones. */
const decimals = fc
  .tuple(
    fc.oneof(
      fc.bigInt({ min: -1000n, max: 1000n }),
      fc.bigInt({ min: SAFE - 3n, max: SAFE + 3n }),
      fc.bigInt({ min: -SAFE - 3n, max: -SAFE + 3n }),
      fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
    ),
    fc.integer({ min: 0, max: 40 }),
    fc.constantFrom('plain', 'exponent', 'zeros'),
  )
  .map(([units, digits, writing]) => {
    if (writing === 'exponent') return `${units}e-${digits}`;
    const figures = `${units < 0n ? -units : units}`.padStart(digits + 1, '0');
    const fraction = `${figures.slice(figures.length - digits)}${writing === 'zeros' ? '000' : ''}`;
    const whole = digits === 0 ? figures : figures.slice(0, -digits);
    return `${units < 0n ? '-' : ''}${whole}${digits === 0 ? '' : `.${fraction}`}`;
  });

describe('amount - arithmetic', () => {
  it('law - the text keeps the number', () => {
    fc.assert(
      fc.property(decimals, (text) => {
        const printed = exact(text).toText();
        expect(printed).toMatch(/^-?\d+(\.\d*[1-9])?$/);
        expect(Rational.of(printed).isEqual(Rational.of(text))).toBe(true);
        expect(exact(printed).cmp(exact(text))).toBe(0);
      }),
    );
  });

  it.each(['plus', 'minus', 'times'] as const)('law - %s is exact', (operation) => {
    fc.assert(
      fc.property(decimals, decimals, (one, other) => {
        const result = exact(one)[operation](exact(other));
        const expected = Rational.of(one)[operation](Rational.of(other));
        expect(Rational.of(result.toText()).isEqual(expected)).toBe(true);
        expect(result.sign).toBe(expected.sign);
      }),
      { numRuns: 1000 },
    );
  });

  it('a negative number times zero has the sign of zero', () => {
    expect(exact('-1').times(ZERO).sign).toBe(0);
    expect(exact('-1').times(ZERO).toText()).toBe('0');
  });

  it('law - a division keeps 36 fractional digits, half-even', () => {
    fc.assert(
      fc.property(decimals, decimals, (one, other) => {
        fc.pre(Rational.of(other).sign !== 0);
        const quotient = Rational.of(exact(one).div(exact(other)).toText());
        expect(quotient.isEqual(Rational.of(one).over(Rational.of(other)).rounded(36))).toBe(true);
      }),
    );
    expect(() => exact('1').div(ZERO)).toThrow('Division by zero');
  });

  it.each([
    ['1e-36', '2', '0'],
    ['-1e-36', '2', '0'],
    ['3e-36', '2', '2e-36'],
    ['3e-36', '-2', '-2e-36'],
    ['-5e-36', '2', '-2e-36'],
    ['5.000000000000000000000000000000000001e-36', '2', '3e-36'],
    ['1e40', '1e-40', '1e80'],
    ['1e-40', '1e40', '0'],
  ])('a division of %s by %s is %s', (one, other, expected) => {
    expect(exact(one).div(exact(other)).toText()).toBe(exact(expected).toText());
  });

  it('law - comparison is of numbers', () => {
    fc.assert(
      fc.property(decimals, decimals, (one, other) => {
        const expected = Rational.of(one).minus(Rational.of(other)).sign;
        expect(Math.sign(exact(one).cmp(exact(other)))).toBe(expected);
      }),
    );
  });

  it('law - a growing sum is exact', () => {
    fc.assert(
      fc.property(fc.array(decimals, { maxLength: 20 }), (texts) => {
        const sum = new ExactSum();
        for (const text of texts) sum.add(exact(text));
        const expected = texts.reduce((total, text) => total.plus(Rational.of(text)), NOTHING);
        expect(Rational.of(sum.value.toText()).isEqual(expected)).toBe(true);
      }),
    );
  });

  it('a sum that doubles lose digits of is exact', () => {
    const sum = new ExactSum();
    for (const text of ['284578000', '0.00000002', '0.00000002']) sum.add(exact(text));
    expect(sum.value.toText()).toBe('284578000.00000004');
  });
});

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
    ['99999999.99999994', 99999999.9999999],
    ['1e39', 1e39],
    ['9.99999999999999999e39', 1e40],
  ])('%s is %d', (text, number) => {
    const rounded = exact(text).toNumber(8);
    expect(rounded).toBe(number);
    expect(Object.is(rounded, -0)).toBe(false);
  });

  it('a product of zero and a negative number is no -0', () => {
    expect(Object.is(ZERO.times(exact('-5')).toNumber(8), 0)).toBe(true);
  });

  it('a number too great for JSON throws', () => {
    expect(() => exact('1e309').toNumber(8)).toThrow('Invalid number');
  });

  it('law - rounding is half-even to the digits allowed, and JSON prints the decimal meant', () => {
    fc.assert(
      fc.property(decimals, fc.constantFrom(8, 6), (text, digits) => {
        const value = Rational.of(text);
        const whole = value.abs().top / value.abs().bottom;
        const zeros = /^0\.(0*)/.exec(exact(text).toText().replace('-', ''))?.[1]?.length ?? 0;
        const significant = whole === 0n ? 15 + zeros : 15 - `${whole}`.length;
        const printed = Rational.of(JSON.stringify(exact(text).toNumber(digits)));
        expect(printed.isEqual(value.rounded(Math.min(digits, significant)))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('law - rounding keeps order and sign, and rounds no number twice', () => {
    fc.assert(
      fc.property(decimals, decimals, (one, other) => {
        const [low, high] = exact(one).cmp(exact(other)) < 0 ? [one, other] : [other, one];
        expect(exact(low).toNumber(8)).toBeLessThanOrEqual(exact(high).toNumber(8));
        const rounded = exact(one).toNumber(8);
        expect(ZERO.minus(exact(one)).toNumber(8)).toBe(0 - rounded);
        expect(exact(JSON.stringify(rounded)).toNumber(8)).toBe(rounded);
      }),
    );
  });
});

describe('amount - what text is one', () => {
  it.each(['0', '0.000', '1', '-1.5', '.5', '-.5', '5.', '1e-7', '1E+5', '-2.5e-7', '1e100', '1e-100'])(
    '%s is',
    (text) => {
      expect(Rational.of(exact(text).toText()).isEqual(Rational.of(text))).toBe(true);
    },
  );

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
    '-',
    'e5',
    '1.2.3',
    '0.0.',
  ])('%j is not', (text) => {
    expect(() => exact(text)).toThrow('Invalid number');
  });
});
