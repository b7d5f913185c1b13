// Rational numbers from whole numbers: a second arithmetic, which never rounds and shares no code with the program.

export class Rational {
  readonly top: bigint;
  /** Above 0. */
  readonly bottom: bigint;

  constructor(top: bigint, bottom = 1n) {
    if (bottom === 0n) throw new RangeError('division by zero');
    const divisor = gcd(top, bottom) * (bottom < 0n ? -1n : 1n);
    this.top = top / divisor;
    this.bottom = bottom / divisor;
  }

  static of(text: string): Rational {
    const [, sign, whole = '', fraction = '', exponent = '0'] =
      /^(-?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
    const power = Number(exponent) - fraction.length;
    const units = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
    return power < 0
      ? new Rational(units, 10n ** BigInt(-power))
      : new Rational(units * 10n ** BigInt(power));
  }

  plus(other: Rational): Rational {
    return new Rational(this.top * other.bottom + other.top * this.bottom, this.bottom * other.bottom);
  }

  minus(other: Rational): Rational {
    return this.plus(new Rational(-other.top, other.bottom));
  }

  times(other: Rational): Rational {
    return new Rational(this.top * other.top, this.bottom * other.bottom);
  }

  over(other: Rational): Rational {
    return new Rational(this.top * other.bottom, this.bottom * other.top);
  }

  get sign(): number {
    return this.top === 0n ? 0 : this.top < 0n ? -1 : 1;
  }

  abs(): Rational {
    return new Rational(this.top < 0n ? -this.top : this.top, this.bottom);
  }

  isEqual(other: Rational): boolean {
    return this.top === other.top && this.bottom === other.bottom;
  }

  isAbove(other: Rational): boolean {
    return this.minus(other).sign > 0;
  }

  /** The nearest multiple of 10 to the power −digits; of two equally near ones the even. */
  rounded(digits: number): Rational {
    const scale = digits < 0 ? new Rational(1n, 10n ** BigInt(-digits)) : new Rational(10n ** BigInt(digits));
    const { top, bottom } = this.times(scale);
    const floor = top >= 0n ? top / bottom : -((-top + bottom - 1n) / bottom);
    const twice = 2n * (top - floor * bottom);
    const isUp = twice > bottom || (twice === bottom && floor % 2n !== 0n);
    return new Rational(isUp ? floor + 1n : floor).over(scale);
  }
}

function gcd(one: bigint, other: bigint): bigint {
  let [a, b] = [one < 0n ? -one : one, other < 0n ? -other : other];
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

export const NOTHING = new Rational(0n);
