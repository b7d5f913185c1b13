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

const Big = BigJs();
Big.DP = DIVISION_FRACTION_DIGITS;
Big.RM = Big.roundHalfEven;
// Numbers and inexact conversions throw.
Big.strict = true;

/** Powers of ten that a double holds exactly; a greater one is undefined. */
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/** False for what is no number, too. */
const isSafe = (units: number) => units <= Number.MAX_SAFE_INTEGER && units >= -Number.MAX_SAFE_INTEGER;

/**
 * An exact decimal number. Its arithmetic never rounds, except `div`. Nearly all amounts of trades are short: whole
 * units of a power of ten that a double counts exactly. Arithmetic with short numbers is some twenty times as fast as
 * with big.js, which does all the rest.
 */
export class Exact {
  readonly #units: number;
  /** Fractional digits of the units. */
  readonly #digits: number;
  /** Null if the number is short. */
  readonly #big: BigJs | null;

  private constructor(units: number, digits: number, big: BigJs | null) {
    this.#units = units;
    this.#digits = digits;
    this.#big = big;
  }

  /** Whole units. */
  static whole(units: number): Exact {
    return new Exact(units, 0, null);
  }

  /** The number that the text means. Throws if it is no decimal number. */
  static of(text: Decimal): Exact {
    if (text === '0') return ZERO;
    const point = text.indexOf('.');
    let end = text.length;
    // Zeros at the end of a fraction would only make products longer.
    if (point >= 0) while (text.charCodeAt(end - 1) === 0x30) end--;
    const start = text.charCodeAt(0) === 0x2d ? 1 : 0;
    let units = 0;
    for (let index = start; index < end; index++) {
      if (index === point) continue;
      const digit = text.charCodeAt(index) - 0x30;
      // An exponent, or no number at all.
      if (digit < 0 || digit > 9) return new Exact(0, 0, new Big(text));
      units = units * 10 + digit;
    }
    // Big.js tells whether a zero is a number at all.
    if (units === 0 || !isSafe(units)) return new Exact(0, 0, new Big(text));
    return new Exact(start === 1 ? -units : units, point < 0 ? 0 : end - point - 1, null);
  }

  #asBig(): BigJs {
    return this.#big ?? new Big(`${this.#units}e-${this.#digits}`);
  }

  plus(other: Exact): Exact {
    return this.#short(other, 1) ?? new Exact(0, 0, this.#asBig().plus(other.#asBig()));
  }

  minus(other: Exact): Exact {
    return this.#short(other, -1) ?? new Exact(0, 0, this.#asBig().minus(other.#asBig()));
  }

  /** The sum, or the difference, if both and it are short; else null. */
  #short(other: Exact, sign: 1 | -1): Exact | null {
    if (this.#big !== null || other.#big !== null) return null;
    let units = this.#units;
    let otherUnits = other.#units;
    let digits = this.#digits;
    if (digits < other.#digits) {
      units *= POWERS[other.#digits - digits] ?? Number.NaN;
      digits = other.#digits;
    } else if (digits > other.#digits) otherUnits *= POWERS[digits - other.#digits] ?? Number.NaN;
    const sum = units + sign * otherUnits;
    return isSafe(units) && isSafe(otherUnits) && isSafe(sum) ? new Exact(sum, digits, null) : null;
  }

  times(other: Exact): Exact {
    if (this.#big === null && other.#big === null) {
      const units = this.#units * other.#units;
      if (isSafe(units)) return new Exact(units, this.#digits + other.#digits, null);
    }
    return new Exact(0, 0, this.#asBig().times(other.#asBig()));
  }

  /** Keeps 36 fractional digits, rounded half-even. Throws if the other is 0. */
  div(other: Exact): Exact {
    return new Exact(0, 0, this.#asBig().div(other.#asBig()));
  }

  /** Negative, 0 or positive, as this number is below, equal to or above the other. */
  cmp(other: Exact): number {
    if (this.#big === null && other.#big === null && this.#digits === other.#digits) {
      return this.#units - other.#units;
    }
    return this.minus(other).sign;
  }

  /** -1, 0 or 1; never -0. */
  get sign(): number {
    if (this.#big === null) return Math.sign(this.#units) + 0;
    return this.#big.c[0] === 0 ? 0 : this.#big.s;
  }

  /** True if the number is held as units in a double; then adding it is cheap. */
  get isShort(): boolean {
    return this.#big === null;
  }

  /** All digits, without an exponent. */
  toText(): Decimal {
    return this.#asBig().toFixed();
  }

  /** The number rounded half-even to the fractional digits given and to 15 significant digits. Never -0. */
  toNumber(fractionDigits: number): number {
    const big = this.#asBig();
    const digits = Math.min(fractionDigits, SIGNIFICANT_DIGITS - 1 - big.e);
    // Minus zero plus zero is zero.
    return big.round(digits, Big.roundHalfEven).toNumber() + 0;
  }
}

/** Zero. */
export const ZERO = Exact.whole(0);
/** One. */
export const ONE = Exact.whole(1);
/** A hundred, for percentages. */
export const HUNDRED = Exact.whole(100);

/** The number that the text means, exactly. Throws if it is no decimal number. */
export function exact(text: Decimal): Exact {
  return Exact.of(text);
}
