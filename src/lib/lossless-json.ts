// JSON in which every number keeps its digits, in and out: `JSON.parse` rounds integers above 2^53. It reads numbers as
// literals and prints them as they came; it knows no protocol.

/** A number as it stands in a JSON text, for example `18446744073709551615` or `1.50`. Made by this file only. */
export interface NumberLiteral {
  readonly rawJSON: string;
}

/** Any JSON value, with numbers as literals. A member may be named `__proto__`; it is a member like any other. */
export type LosslessJson = string | boolean | null | NumberLiteral | readonly LosslessJson[] | LosslessObject;

/** A JSON object. Look members up with {@link memberOf}, because an object also inherits names such as `toString`. */
export type LosslessObject = { readonly [name: string]: LosslessJson };

/** A value to print: parsed ones, and bigints and numbers of the program's own. Undefined members are left out. */
export type Printable =
  | LosslessJson
  | bigint
  | number
  | readonly Printable[]
  | { readonly [name: string]: Printable | undefined };

/** How much a text may ask of the parser; each at least 1. */
export interface JsonBounds {
  /** UTF-16 units of the text. */
  readonly charactersMax: number;
  /** Arrays and objects inside one another. */
  readonly depthMax: number;
  /** Values in all, the text's own included. */
  readonly valuesMax: number;
}

/** The greatest unsigned 64-bit integer. */
export const U64_MAX = 18_446_744_073_709_551_615n;

/** The text is not JSON. */
export class NotJsonError extends Error {
  override readonly name = 'NotJsonError';
}

/** The text is JSON, and asks more of the parser than its bounds allow. */
export class JsonTooLargeError extends Error {
  override readonly name = 'JsonTooLargeError';
}

/** The part of the engine's JSON that TypeScript's library does not declare. */
interface Engine {
  parse(
    text: string,
    reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): LosslessJson;
  rawJSON(text: string): NumberLiteral;
  isRawJSON(value: unknown): value is NumberLiteral;
}

const engine = JSON as unknown as Engine;

/**
 * Reads a JSON text. Of members with equal names the last one counts. Throws {@link NotJsonError}, or
 * {@link JsonTooLargeError} for a text beyond the bounds; one of more than `charactersMax` is not looked into.
 */
export function parseLossless(text: string, bounds: JsonBounds): LosslessJson {
  const size = sizeOf(text, bounds);
  try {
    // The engine parses any depth; only its call of a reviver recurses.
    if (size !== null) return engine.parse(text, keepDigits);
    JSON.parse(text);
  } catch {
    throw new NotJsonError('The text is not JSON.');
  }
  throw new JsonTooLargeError('The text has too many values, or they are too deep.');
}

function keepDigits(_name: string, value: unknown, { source }: { readonly source?: string }): unknown {
  return typeof value === 'number' && source !== undefined ? engine.rawJSON(source) : value;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Counts the members of all objects of a JSON text, those of equal names too, without parsing it. Null if the text has
 * more values than the bounds allow, or deeper ones. The text need not be JSON. Throws {@link JsonTooLargeError} if it is
 * too long, and then does not look into it.
 */
export function sizeOf(text: string, bounds: JsonBounds): { readonly members: number } | null {
  if (text.length > bounds.charactersMax) throw new JsonTooLargeError('The text is too long.');
  // Each value but the first one follows an opening bracket or a comma, and each member has a colon.
  const { depthMax, valuesMax } = bounds;
  let depth = 0;
  let values = 1;
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case COLON:
        members += 1;
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth += 1;
        values += 1;
        if (depth > depthMax || values > valuesMax) return null;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      case COMMA:
        values += 1;
        if (values > valuesMax) return null;
        break;
    }
  }
  return { members };
}

/** The index of the quote that closes the string whose opening quote is at `start`; the text's length if none does. */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at;
    if (unit === BACKSLASH) at += 1;
  }
  return text.length;
}

/** Prints a value without blanks. Every number literal has the digits that it came with; a bigint is a number literal. */
export function printLossless(value: Printable): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'bigint' ? engine.rawJSON(member.toString()) : member,
  );
}

/** The literal of an integer. */
export function numberLiteral(value: bigint): NumberLiteral {
  return engine.rawJSON(value.toString());
}

/** True for a number of a parsed text, and false for an object that only looks like one. */
export function isNumberLiteral(value: unknown): value is NumberLiteral {
  return engine.isRawJSON(value);
}

/** True for an object of a parsed text: neither null, an array nor a number. */
export function isLosslessObject(value: unknown): value is LosslessObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !engine.isRawJSON(value);
}

/** The object's own member of this name, or undefined. */
export function memberOf(object: LosslessObject, name: string): LosslessJson | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * The value of an unsigned integer literal from 0 to 2^64 − 1. Null for anything else: a sign, a fraction, an exponent,
 * a greater number, a string of digits.
 */
export function readU64(value: unknown): bigint | null {
  if (!engine.isRawJSON(value)) return null;
  const digits = value.rawJSON;
  if (digits.length > 20 || !/^\d+$/.test(digits)) return null;
  const integer = BigInt(digits);
  return integer > U64_MAX ? null : integer;
}
