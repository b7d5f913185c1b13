// Exact decimal arithmetic of the simulated exchanges. It is written apart from the arithmetic of the service, which
// the simulator checks.

/** A finite decimal: `units` divided by ten to the power of `scale`. */
export interface SimDecimal {
  readonly units: bigint;
  /** Digits behind the point; 0 or more. */
  readonly scale: number;
}

const WRITTEN = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Zero. */
export const ZERO: SimDecimal = { units: 0n, scale: 0 };

/** True for text that {@link decimal} reads: digits, and optionally a sign, a point and more digits. */
export function isDecimal(text: string): boolean {
  return WRITTEN.test(text);
}

/** Reads decimal text. Throws `RangeError` for text that is none. */
export function decimal(text: string): SimDecimal {
  const [, sign, whole = '', fraction = ''] = WRITTEN.exec(text) ?? [];
  if (sign === undefined) throw new RangeError('the text is no decimal number');
  const units = BigInt(whole + fraction);
  return { units: sign === '-' ? -units : units, scale: fraction.length };
}

function at(value: SimDecimal, scale: number): bigint {
  return value.units * 10n ** BigInt(scale - value.scale);
}

/** The sum of two numbers. */
export function plus(a: SimDecimal, b: SimDecimal): SimDecimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: at(a, scale) + at(b, scale), scale };
}

/** The number with the other sign. */
export function negative(a: SimDecimal): SimDecimal {
  return { units: -a.units, scale: a.scale };
}

/** The product of two numbers. */
export function times(a: SimDecimal, b: SimDecimal): SimDecimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** The quotient, cut after `digits` digits behind the point. Throws `RangeError` for a divisor of zero. */
export function divided(a: SimDecimal, b: SimDecimal, digits: number): SimDecimal {
  if (b.units === 0n) throw new RangeError('division by zero');
  return {
    units: (a.units * 10n ** BigInt(digits + b.scale)) / (b.units * 10n ** BigInt(a.scale)),
    scale: digits,
  };
}

/** Below, at or above zero: -1, 0 or 1. */
export function signOf({ units }: SimDecimal): -1 | 0 | 1 {
  return units < 0n ? -1 : units > 0n ? 1 : 0;
}

/** The number as text without superfluous zeros. */
export function textOf({ units, scale }: SimDecimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? '-' : ''}${whole}${scale === 0 || fraction === '' ? '' : `.${fraction}`}`;
}

/** The number as text with exactly `digits` digits behind the point; further ones are cut. */
export function fixedText(value: SimDecimal, digits: number): string {
  const cut = value.scale > digits ? value.units / 10n ** BigInt(value.scale - digits) : at(value, digits);
  const text = (cut < 0n ? -cut : cut).toString().padStart(digits + 1, '0');
  const point = text.length - digits;
  return `${cut < 0n ? '-' : ''}${text.slice(0, point)}${digits === 0 ? '' : `.${text.slice(point)}`}`;
}
