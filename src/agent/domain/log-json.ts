// Finds and reads the JSON object inside a log entry. Numbers that a double would round keep their digits. It knows no
// kind of entry.

import {
  endOfString,
  isLosslessObject,
  isNumberLiteral,
  type LosslessJson,
  type LosslessObject,
  memberOf,
  parseLossless,
} from '../../lib/lossless-json.ts';

/** UTF-16 units of the JSON of one entry; the reader of files lets no longer entry through. */
export const ENTRY_JSON_CHARACTERS_MAX = 1_048_576;
/** Objects and arrays inside one another in the JSON of an entry whose numbers need all their digits. */
export const ENTRY_JSON_DEPTH_MAX = 256;
/** Bytes of a value that is kept. */
export const ENTRY_VALUE_BYTES_MAX = 512;

const BOUNDS = {
  charactersMax: ENTRY_JSON_CHARACTERS_MAX,
  depthMax: ENTRY_JSON_DEPTH_MAX,
  valuesMax: ENTRY_JSON_CHARACTERS_MAX,
};

/** A number that is not simply an integer below 2^53, where a value may stand. */
const MAY_LOSE_DIGITS = /[:[,]\s*-?(?:\d{16}|\d{1,15}[.eE])/;

/** An object in a text: `open` if the text ends before the object does. */
export type FoundJson =
  | { readonly kind: 'absent' | 'open' | 'invalid' }
  | { readonly kind: 'object'; readonly object: LosslessObject; readonly end: number };

/** The first object of the text at or behind `from`. */
export function findJson(text: string, from: number): FoundJson {
  const start = text.indexOf('{', from);
  if (start < 0) return { kind: 'absent' };
  const end = objectEnd(text, start);
  if (end === null) return { kind: 'open' };
  const object = parse(text.slice(start, end));
  return object === null ? { kind: 'invalid' } : { kind: 'object', object, end };
}

/** The index behind the brace that closes the object, or null. Brackets count too, so that `{]` ends nowhere. */
function objectEnd(text: string, start: number): number | null {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) depth += 1;
    else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return null;
}

const QUOTE = 0x22;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

function parse(text: string): LosslessObject | null {
  try {
    // The lossless parser calls back for each value, which costs much for a long input of a task.
    const value = MAY_LOSE_DIGITS.test(text)
      ? parseLossless(text, BOUNDS)
      : (JSON.parse(text) as LosslessJson);
    return isLosslessObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The value at a path of members, or undefined. */
export function valueAt(object: LosslessObject, ...path: readonly string[]): LosslessJson | undefined {
  let value: LosslessJson | undefined = object;
  for (const name of path) {
    if (!isLosslessObject(value)) return undefined;
    value = memberOf(value, name);
  }
  return value;
}

/** A string, or the digits of a number as written; null for other values and above {@link ENTRY_VALUE_BYTES_MAX}. */
export function textAt(object: LosslessObject, ...path: readonly string[]): string | null {
  const value: unknown = valueAt(object, ...path);
  const text = isNumberLiteral(value) ? value.rawJSON : typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && Buffer.byteLength(text) <= ENTRY_VALUE_BYTES_MAX ? text : null;
}

/** The object at a path of members, or null. */
export function objectAt(object: LosslessObject, ...path: readonly string[]): LosslessObject | null {
  const value = valueAt(object, ...path);
  return isLosslessObject(value) ? value : null;
}
