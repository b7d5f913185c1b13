// Reads the members of an exchange's answer, which can be anything. It knows no exchange.

import { ExchangeError } from '../../domain/exchange-calls.ts';
import { isObject } from '../../../lib/is-object.ts';

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i;

/** A member of an object; undefined if there is none, or if it is no object. */
export function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The rows of a list. Throws an `ExchangeError` if it is none. */
export function rowsOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new ExchangeError('exchange_error');
  return value;
}

/** A text or a number as text; null for anything else, and for an empty text. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : null;
}

/** A decimal number as text; null for anything else. */
export function decimalOf(value: unknown): string | null {
  const text = textOf(value);
  return text !== null && DECIMAL.test(text) ? text : null;
}

/** A whole number from text or number; null for anything else. */
export function wholeOf(value: unknown): number | null {
  const number = Number(textOf(value) ?? Number.NaN);
  return Number.isSafeInteger(number) ? number : null;
}
