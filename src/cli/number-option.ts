// Decodes the value of an option that is a number, a duration or a size. A mistake becomes one sentence. It knows no command.

import { allowedQuantity, explainQuantity, parseQuantity, type QuantityRange } from '../config/quantities.ts';
import { CodedError } from '../lib/errors.ts';
import { printable } from './command-line.ts';

/** Which numbers an option takes; both ends belong to it. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** False: decimals are taken too. Default true. */
  readonly isWhole?: boolean;
}

/** The number of the option `--name`. Errors: `usage`, in one sentence. */
export function readNumber(name: string, value: string, { min, max, isWhole = true }: NumberRange): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max && (!isWhole || Number.isInteger(number))) return number;
  const kind = isWhole ? 'a whole number' : 'a number';
  throw new CodedError('usage', `--${name} ${value}: must be ${kind} from ${min} to ${max}.`);
}

/** The duration or size of the option `--name`, as a number of the range's unit. Errors: `usage`, in one sentence. */
export function readQuantity(name: string, value: string, range: QuantityRange): number {
  const number = parseQuantity(value, range);
  if (number !== undefined) return number;
  const fault = explainQuantity(value, range) ?? `must be ${allowedQuantity(range)}`;
  throw new CodedError('usage', `--${name} ${printable(value)}: ${fault}.`);
}
