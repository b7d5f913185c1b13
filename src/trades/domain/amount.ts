// Exact decimal amounts, and the one rounding by which they become numbers of the wire. The only file that sets up
// big.js. It knows no trade.

import BigJs from 'big.js';
import type { Decimal } from './trade.ts';

/** Fractional digits of amounts on the wire. */
export const AMOUNT_FRACTION_DIGITS = 8;
/** Fractional digits of percentages on the wire. */
export const PERCENT_FRACTION_DIGITS = 6;
/** Up to this many significant digits, the number that JSON prints is the decimal that was meant. */
const SIGNIFICANT_DIGITS = 15;
/** Fractional digits that a division keeps. */
const DIVISION_FRACTION_DIGITS = 36;
/** Amounts are below 10 to this power, and not below 10 to its negative: sums then stay short. */
const EXPONENT_MAX = 40;
const DECIMAL = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?$/;

const Big = BigJs();
Big.DP = DIVISION_FRACTION_DIGITS;
Big.RM = Big.roundHalfEven;
// Numbers and inexact conversions throw.
Big.strict = true;

/** An exact decimal number; its arithmetic never rounds, except `div`, which keeps 36 fractional digits, half-even. */
export type Exact = BigJs;

/** The number that the text means, exactly. Throws if it is no decimal number. */
export function exact(text: Decimal): Exact {
  return new Big(text);
}

/** Zero. */
export const ZERO = exact('0');
/** One. */
export const ONE = exact('1');
/** A hundred, for percentages. */
export const HUNDRED = exact('100');

/**
 * True if the text is a decimal number that arithmetic takes: 0, or at least 1e-40 and below 1e40 apart from its sign.
 * Every number of at most 40 characters without an exponent is one.
 */
export function isAmount(text: string): text is Decimal {
  if (!DECIMAL.test(text)) return false;
  const { e } = new Big(text);
  return e >= -EXPONENT_MAX && e < EXPONENT_MAX;
}

/** The number rounded half-even to the fractional digits given and to 15 significant digits. Never -0. */
export function roundedNumber(value: Exact, fractionDigits: number): number {
  const significant = SIGNIFICANT_DIGITS - 1 - value.e;
  const rounded = value.round(Math.min(fractionDigits, significant), Big.roundHalfEven);
  // Minus zero plus zero is zero.
  return rounded.toNumber() + 0;
}
