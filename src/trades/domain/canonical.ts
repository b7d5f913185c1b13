// The one text of a value: RFC 8785, or the same with exponents written out. Its UTF-8 bytes are what is signed. It
// refuses what JSON cannot say, and never turns it into null.

import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { endOfString } from '../../lib/lossless-json.ts';
import { plainDecimal } from '../../lib/plain-decimal.ts';
import { type Fault, faultOf } from './unwritable.ts';
import type { Canonical } from './summary.ts';

/** A value cannot be written as canonical JSON. */
export class NotCanonicalError extends Error {
  override readonly name = 'NotCanonicalError';
  /** A clause that says what is wrong, without text of the value. */
  readonly fault: string;
  /** Where the fault is, for example `hourly_buckets[3].fees_usd`: it can have text of a client, so keep it out of logs. */
  readonly path: string;
  constructor({ reason, path }: Fault) {
    super(`The value cannot be signed: ${reason}.`);
    this.fault = reason;
    this.path = path.join('').replace(/^\./, '');
  }
}

/**
 * The canonical text of a value of plain data: null, booleans, finite numbers, well-formed strings, arrays and plain
 * objects. Throws {@link NotCanonicalError} for anything else at any depth: undefined (a hole of an array included), a
 * function, symbol or bigint, NaN, an infinity, -0, a lone surrogate, an object with `toJSON` or of a class, and more
 * than 32 levels.
 */
export function canonicalText(value: unknown, canonical: Canonical): string {
  const fault = faultOf(value);
  if (fault !== null) throw new NotCanonicalError(fault);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('a value without a fault has a text');
  return canonical === 'plain' ? withoutExponents(text) : text;
}

/** SHA-256 of the text's UTF-8 bytes, in hex. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The only member of a payload that comes after `signature`. Its own members are numbers. */
const AFTER_SIGNATURE = ',"totals":{';

/**
 * The body of the request: the canonical text of a payload with its signature (base64) as the member `signature`, which
 * stands where the canonical order puts it.
 */
export function withSignature(payloadText: string, signature: string): string {
  // The last such text is the payload's own member: within a string its quotes would follow a backslash.
  const at = payloadText.lastIndexOf(AFTER_SIGNATURE);
  if (at === -1) throw new TypeError('a payload has totals');
  return `${payloadText.slice(0, at)},"signature":"${signature}"${payloadText.slice(at)}`;
}

const EXPONENT = 'e';
const QUOTE = '"';

/** The canonical text with the exponents of its numbers written out. Patterns over strings of megabytes could overflow. */
function withoutExponents(text: string): string {
  let written = '';
  let done = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === QUOTE) at = endOfString(text, at);
    // Outside strings a sign follows an `e` only in a number.
    else if (text[at] === EXPONENT && isSign(text[at + 1])) {
      let [start, end] = [at, at + 2];
      while (isOfNumber(text[start - 1])) start -= 1;
      while (isOfNumber(text[end])) end += 1;
      written += text.slice(done, start) + plainDecimal(text.slice(start, end));
      done = end;
      at = end - 1;
    }
  }
  return written + text.slice(done);
}

function isSign(character: string | undefined): boolean {
  return character === '+' || character === '-';
}

function isOfNumber(character: string | undefined): boolean {
  return character !== undefined && /[\d.-]/.test(character);
}
