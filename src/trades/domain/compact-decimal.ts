// Writes decimals in few bytes and reads them with their exact value: a whole mantissa beside a scale that seldom
// changes. It computes with no decimal.

import { type ByteReader, type ByteWriter, foldSign, unfoldSign } from './byte-log.ts';
import type { Decimal } from './trade.ts';

/** Mantissas up to this are compact; twice their distance, folded, is still exact. */
const MANTISSA_LIMIT = 999_999_999_999_999;
const SCALE_LIMIT = 400;
/** What an odd first number means, halved: a double, a text, or from here on a new scale. */
const DOUBLE = 0;
const TEXT = 1;
const SCALES = 2;
const NIBBLES = '0123456789.-+e';
const END = 15;
const POWERS = Array.from({ length: 16 }, (_, power) => 10 ** power);

/** Mantissa ÷ 10^scale. */
interface Parts {
  readonly mantissa: number;
  readonly scale: number;
}

/** Most bytes that one decimal of this length takes. */
export function decimalBytesLimit(text: Decimal): number {
  return 16 + text.length;
}

/**
 * One column of decimals. What it writes depends on what it wrote before, so a reader needs a column of its own, made
 * alike. The value is exact; `1.50` may come back as `1.5`.
 */
export class DecimalColumn {
  readonly #isNearLast: boolean;
  #scale = 0;
  #last = 0;

  /** `isNearLast`: successive values are near each other, as prices are, so their distance is written. */
  constructor(isNearLast: boolean) {
    this.#isNearLast = isNearLast;
  }

  write(writer: ByteWriter, text: Decimal): void {
    const parts = split(text);
    if (parts === null) return writeOdd(writer, text);
    let { mantissa } = parts;
    if (parts.scale !== this.#scale) {
      const widened = mantissa * (POWERS[this.#scale - parts.scale] ?? Number.POSITIVE_INFINITY);
      if (Math.abs(widened) <= MANTISSA_LIMIT) mantissa = widened;
      else this.#rescale(writer, parts.scale);
    }
    writer.whole(2 * foldSign(mantissa - this.#last));
    if (this.#isNearLast) this.#last = mantissa;
  }

  read(reader: ByteReader): Decimal {
    let first = reader.whole();
    if (first % 2 === 1) {
      const kind = (first - 1) / 2;
      if (kind === DOUBLE) return readDouble(reader);
      if (kind === TEXT) return readNibbles(reader);
      this.#scale = unfoldSign(kind - SCALES);
      this.#last = 0;
      first = reader.whole();
    }
    const mantissa = this.#last + unfoldSign(first / 2);
    if (this.#isNearLast) this.#last = mantissa;
    return join(mantissa, this.#scale);
  }

  #rescale(writer: ByteWriter, scale: number): void {
    writer.whole(2 * (SCALES + foldSign(scale)) + 1);
    this.#scale = scale;
    this.#last = 0;
  }
}

const POINT = 0x2e;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** Null for a decimal with more than 15 digits or with an extreme exponent. */
function split(text: Decimal): Parts | null {
  let mantissa = 0;
  let scale = 0;
  let zeros = 0;
  let hasPoint = false;
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  let at = start;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === POINT) {
      hasPoint = true;
    } else if (unit < ZERO || unit > NINE) {
      break;
    } else if (hasPoint && unit === ZERO) {
      // Zeros at the end of a fraction do not count, and are not written.
      zeros += 1;
    } else {
      if (hasPoint) scale += zeros + 1;
      if (mantissa !== 0) mantissa *= POWERS[zeros + 1] ?? Number.POSITIVE_INFINITY;
      mantissa += unit - ZERO;
      zeros = 0;
      if (mantissa > MANTISSA_LIMIT) return null;
    }
  }
  if (at < text.length) scale -= Number(text.slice(at + 1));
  if (Math.abs(scale) > SCALE_LIMIT) return null;
  return { mantissa: start === 1 ? 0 - mantissa : mantissa, scale };
}

function join(mantissa: number, scale: number): Decimal {
  if (mantissa === 0) return '0';
  if (scale === 0) return String(mantissa);
  if (scale < 0 || scale > 40) return `${mantissa}e${-scale}`;
  const digits = String(Math.abs(mantissa)).padStart(scale + 1, '0');
  let end = digits.length;
  const point = end - scale;
  while (end > point && digits.charCodeAt(end - 1) === ZERO) end--;
  const fraction = end > point ? `.${digits.slice(point, end)}` : '';
  return `${mantissa < 0 ? '-' : ''}${digits.slice(0, point)}${fraction}`;
}

/** Writes a decimal that has no compact mantissa: as a double if that prints the very same text, else digit by digit. */
function writeOdd(writer: ByteWriter, text: Decimal): void {
  const double = Number(text);
  // As `String` would print it, of which the engine would keep a copy.
  if (JSON.stringify(double) === text) {
    writer.whole(2 * DOUBLE + 1);
    writer.raw(new Uint8Array(Float64Array.of(double).buffer));
    return;
  }
  writer.whole(2 * TEXT + 1);
  const ended = text.toLowerCase();
  for (let at = 0; at <= ended.length; at += 2) {
    writer.byte(nibble(ended, at) | (nibble(ended, at + 1) << 4));
  }
}

function nibble(text: string, at: number): number {
  return at < text.length ? NIBBLES.indexOf(text.charAt(at)) : END;
}

function readDouble(reader: ByteReader): Decimal {
  // The bytes may stand at any offset, and a Float64Array may not.
  return String(new Float64Array(reader.raw(8).slice().buffer)[0]);
}

function readNibbles(reader: ByteReader): Decimal {
  let text = '';
  for (;;) {
    const byte = reader.byte();
    for (const value of [byte & 15, byte >> 4]) {
      if (value === END) return text;
      text += NIBBLES.charAt(value);
    }
  }
}
