// JSON in which a text has one meaning only, whoever reads it: no object has two members of one name, and no number has
// digits that a double would lose. It knows no protocol.

import { type JsonBounds, JsonTooLargeError, NotJsonError, sizeOf } from './lossless-json.ts';
import { plainDecimal } from './plain-decimal.ts';

/** The text is JSON that readers may understand in different ways. The message says why, without text of the document. */
export class AmbiguousJsonError extends Error {
  override readonly name = 'AmbiguousJsonError';
}

/** The part of the engine's JSON that TypeScript's library does not declare. */
interface Engine {
  parse(
    text: string,
    reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
}

/**
 * Reads a JSON text. Throws {@link NotJsonError}; {@link JsonTooLargeError} for a text beyond the bounds;
 * {@link AmbiguousJsonError} if two members of an object have one name, or if a number is not the double that it is
 * read as, is beyond the range of doubles, or has an exponent that is not written as ECMAScript does (`5e-7`, `1e+21`).
 */
export function parseStrict(text: string, bounds: JsonBounds): unknown {
  const size = sizeOf(text, bounds);
  const value = parse(text);
  if (size === null) throw new JsonTooLargeError('The text has too many values, or they are too deep.');
  if (countMembers(value) !== size.members) {
    throw new AmbiguousJsonError('two members of an object have the same name');
  }
  if (MAY_LOSE_DIGITS.test(text)) (JSON as unknown as Engine).parse(text, requireExact);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NotJsonError('The text is not JSON.');
  }
}

/** Members of all objects in the value. */
function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const values: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  let members = Array.isArray(value) ? 0 : values.length;
  for (const each of values) if (typeof each === 'object') members += countMembers(each);
  return members;
}

/** Only a number with an exponent, or one of more than 15 digits, can be another than the double that it is read as. */
const MAY_LOSE_DIGITS = /[\d.]{16}|\d[eE]/;

function requireExact(_name: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || source === undefined || isExact(value, source)) return value;
  throw new AmbiguousJsonError('a number cannot be read without loss, or is written in an unusual way');
}

function isExact(value: number, source: string): boolean {
  const canonical = String(value);
  if (canonical === source) return true;
  // Neither `Infinity` nor another spelling of an exponent equals a number that is written out.
  return decimal(plainDecimal(canonical)) === decimal(source);
}

/** A decimal without the zeros that say nothing. A pattern would look at each run of zeros once for each of its zeros. */
function decimal(text: string): string {
  if (!text.includes('.')) return text;
  let end = text.length;
  while (text[end - 1] === '0') end -= 1;
  return text.slice(0, text[end - 1] === '.' ? end - 1 : end);
}
