// Checks of plain data that came over a link: which members an object has, and of what kind each is. Pure.

import { isObject } from '../../lib/is-object.ts';

/** True for a value of one kind. */
export type Check = (value: unknown) => boolean;
/** A check for each member of `T`. */
export type Shape<T> = Readonly<Record<keyof Required<T>, Check>>;

/** A text of any length. */
export const isText: Check = (value) => typeof value === 'string';
/** True or false. */
export const isFlag: Check = (value) => typeof value === 'boolean';
/** A finite number. */
export const isNumber: Check = (value) => Number.isFinite(value);
/** A whole number from 0. */
export const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

/** A text of at most this many characters that is not empty. */
export const isName =
  (charactersMax: number): Check =>
  (value) =>
    typeof value === 'string' && value !== '' && value.length <= charactersMax;

/** One of these values. */
export const isOneOf =
  (values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);

/** Null, or a value that passes the check. */
export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

/** A list of values that pass the check. */
export const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((each) => check(each));

/** An object that has all members of the shape. Further members are ignored. */
export const isShaped =
  <T>(shape: Shape<T>): Check =>
  (value) => {
    if (!isObject(value)) return false;
    for (const name in shape) {
      if (!Object.hasOwn(value, name) || !shape[name](value[name])) return false;
    }
    return true;
  };

/** An object whose `type` names one of the checks, and that passes it. */
export const isTyped =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) => {
    const type = isObject(value) ? value['type'] : null;
    return typeof type === 'string' && Object.hasOwn(checks, type) && checks[type]?.(value) === true;
  };
