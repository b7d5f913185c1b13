// Decodes the value of an option that is a number. A mistake becomes one sentence. It knows no command.

import { CodedError } from '../lib/errors.ts';

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
