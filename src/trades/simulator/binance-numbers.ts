// How Binance writes numbers.

import { decimal, fixedText, type SimDecimal } from './sim-decimal.ts';

/** Digits behind the point in Binance's answers. */
const DIGITS = 8;

/** Decimal text with 8 digits behind the point, or more if it has more. */
export function padded(text: string): string {
  const value = decimal(text);
  return value.scale > DIGITS ? text : fixedText(value, DIGITS);
}

/** A computed number with 8 digits behind the point; further ones are cut. */
export function eightDigits(value: SimDecimal): string {
  return fixedText(value, DIGITS);
}

/** An id as Binance sends it: a JSON number if it is one that JSON holds exactly. */
export function idNumber(id: string): number | string {
  return /^\d{1,15}$/.test(id) ? Number(id) : id;
}
