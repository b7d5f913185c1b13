// Exact decimal amounts, and the one rounding by which they become numbers of the wire. The only file that sets up
// big.js, which reads and rounds numbers; whole numbers of any length compute. It knows no trade.

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
Big.RM = Big.roundHalfEven;
// Numbers and inexact conversions throw.
Big.strict = true;

/** Powers of ten that a double holds exactly; a greater one is undefined. */
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/** A power of ten. */
const tenTo = (power: number) => 10n ** BigInt(power);
const abs = (value: bigint) => (value < 0n ? -value : value);

/** False for what is no number, too. */
const isSafe = (units: number) => units <= Number.MAX_SAFE_INTEGER && units >= -Number.MAX_SAFE_INTEGER;

/**
 * An exact decimal number: whole units of a power of ten. Its arithmetic never rounds, except `div`. Nearly all amounts of
 * trades are short: a double counts their units exactly. All others have bigints: big.js computes digit by digit, and a
 * client that chose its digits well could make one trade take a hundred times as long.
 */
export class Exact {
  readonly #units: number;
  /** Fractional digits of the units. */
  readonly #digits: number;
  /** The units of a number that is not short; else null. */
  readonly #long: bigint | null;

  private constructor(units: number, digits: number, long: bigint | null = null) {
    this.#units = units;
    this.#digits = digits;
    this.#long = long;
  }

  /** Whole units. */
  static whole(units: number): Exact {
    return new Exact(units, 0);
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
      if (digit < 0 || digit > 9) return Exact.#read(text);
      units = units * 10 + digit;
    }
    // Big.js tells whether a zero is a number at all.
    if (units === 0 || !isSafe(units)) return Exact.#read(text);
    return new Exact(start === 1 ? -units : units, point < 0 ? 0 : end - point - 1);
  }

  static #read(text: Decimal): Exact {
    const { s: sign, e: exponent, c: figures } = new Big(text);
    const units = BigInt(sign) * BigInt(figures.join(''));
    const digits = figures.length - 1 - exponent;
    return digits < 0 ? new Exact(0, 0, units * tenTo(-digits)) : new Exact(0, digits, units);
  }

  /** The units at this number of fractional digits, which are no fewer than its own. */
  #unitsAt(digits: number): bigint {
    const units = this.#long ?? BigInt(this.#units);
    return digits === this.#digits ? units : units * tenTo(digits - this.#digits);
  }

  plus(other: Exact): Exact {
    const short = this.#short(other, 1);
    if (short !== null) return short;
    const digits = Math.max(this.#digits, other.#digits);
    return new Exact(0, digits, this.#unitsAt(digits) + other.#unitsAt(digits));
  }

  minus(other: Exact): Exact {
    const short = this.#short(other, -1);
    if (short !== null) return short;
    const digits = Math.max(this.#digits, other.#digits);
    return new Exact(0, digits, this.#unitsAt(digits) - other.#unitsAt(digits));
  }

  /** The sum, or the difference, if both and it are short; else null. */
  #short(other: Exact, sign: 1 | -1): Exact | null {
    if (this.#long !== null || other.#long !== null) return null;
    let units = this.#units;
    let otherUnits = other.#units;
    let digits = this.#digits;
    if (digits < other.#digits) {
      units *= POWERS[other.#digits - digits] ?? Number.NaN;
      digits = other.#digits;
    } else if (digits > other.#digits) otherUnits *= POWERS[digits - other.#digits] ?? Number.NaN;
    const sum = units + sign * otherUnits;
    return isSafe(units) && isSafe(otherUnits) && isSafe(sum) ? new Exact(sum, digits) : null;
  }

  times(other: Exact): Exact {
    const digits = this.#digits + other.#digits;
    if (this.#long === null && other.#long === null) {
      const units = this.#units * other.#units;
      if (isSafe(units)) return new Exact(units, digits);
    }
    return new Exact(0, digits, this.#unitsAt(this.#digits) * other.#unitsAt(other.#digits));
  }

  /** Keeps 36 fractional digits, rounded half-even. Throws if the other is 0. */
  div(other: Exact): Exact {
    const power = DIVISION_FRACTION_DIGITS + other.#digits - this.#digits;
    const upper = this.#unitsAt(this.#digits) * tenTo(Math.max(power, 0));
    const lower = other.#unitsAt(other.#digits) * tenTo(Math.max(-power, 0));
    const units = upper / lower;
    const beyondHalf = 2n * abs(upper - units * lower) - abs(lower);
    // The engine rounds towards zero.
    const isAway = beyondHalf > 0n || (beyondHalf === 0n && units % 2n !== 0n);
    const step = upper < 0n === lower < 0n ? 1n : -1n;
    return new Exact(0, DIVISION_FRACTION_DIGITS, isAway ? units + step : units);
  }

  /** Negative, 0 or positive, as this number is below, equal to or above the other. */
  cmp(other: Exact): number {
    if (this.#long === null && other.#long === null && this.#digits === other.#digits) {
      return this.#units - other.#units;
    }
    return this.minus(other).sign;
  }

  /** -1, 0 or 1; never -0. */
  get sign(): number {
    if (this.#long === null) return Math.sign(this.#units) + 0;
    return this.#long === 0n ? 0 : this.#long > 0n ? 1 : -1;
  }

  /** True if the number is held as units in a double; then adding it is cheap. */
  get isShort(): boolean {
    return this.#long === null;
  }

  /** All digits, without an exponent. */
  toText(): Decimal {
    return this.#asBig().toFixed();
  }

  #asBig(): BigJs {
    return new Big(`${this.#long ?? this.#units}e-${this.#digits}`);
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
