// Writes ids of trades in few bytes and reads the same text again. Most ids count up, alone or behind a prefix, and
// many others are UUIDs. It decides about no repetition.

import { type ByteReader, type ByteWriter, foldSign, unfoldSign } from './byte-log.ts';

/** What an odd first number means, halved. */
const NEW_PATTERN = 0;
const UUID = 1;
const TEXT = 2;
/** Numbers with more digits are cut: their first digits belong to the prefix. */
const DIGITS_LIMIT = 15;
const UUID_CHARACTERS = 36;
const UUID_FORM = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const UUID_DASHES = new Set([8, 13, 18, 23]);

/** Most bytes that an id of this length takes. */
export function idBytesLimit(id: string): number {
  return 24 + 3 * id.length;
}

/** One column of ids. A reader needs a column of its own. */
export class IdColumn {
  #prefix = '';
  /** Digits to which a number is filled up with zeros. */
  #width = 0;
  #last = 0;

  write(writer: ByteWriter, id: string): void {
    const start = startOfDigits(id);
    const digits = id.length - start;
    if (digits > 0 && start === this.#prefix.length && id.startsWith(this.#prefix)) {
      const isFilled = digits > 1 && id.charAt(start) === '0';
      if (isFilled ? digits === this.#width : digits >= this.#width) {
        return this.#writeNumber(writer, Number(id.slice(start)));
      }
    }
    if (id.length === UUID_CHARACTERS && UUID_FORM.test(id)) {
      writer.whole(2 * UUID + 1);
      const hex = id.replaceAll('-', '');
      for (let at = 0; at < hex.length; at += 2) writer.byte(Number.parseInt(hex.slice(at, at + 2), 16));
    } else if (digits === 0) {
      writer.whole(2 * TEXT + 1);
      writer.text(id);
    } else {
      this.#prefix = id.slice(0, start);
      this.#width = digits > 1 && id.charAt(start) === '0' ? digits : 0;
      this.#last = 0;
      writer.whole(2 * NEW_PATTERN + 1);
      writer.text(this.#prefix);
      writer.byte(this.#width);
      this.#writeNumber(writer, Number(id.slice(start)));
    }
  }

  read(reader: ByteReader): string {
    const first = reader.whole();
    if (first % 2 === 0) return this.#readNumber(first);
    switch ((first - 1) / 2) {
      case UUID:
        return readUuid(reader);
      case TEXT:
        return reader.text();
      default:
        this.#prefix = reader.text();
        this.#width = reader.byte();
        this.#last = 0;
        return this.#readNumber(reader.whole());
    }
  }

  #writeNumber(writer: ByteWriter, value: number): void {
    writer.whole(2 * foldSign(value - this.#last));
    this.#last = value;
  }

  #readNumber(first: number): string {
    this.#last += unfoldSign(first / 2);
    return this.#prefix + String(this.#last).padStart(this.#width, '0');
  }
}

function startOfDigits(id: string): number {
  let start = id.length;
  const least = Math.max(0, id.length - DIGITS_LIMIT);
  while (start > least) {
    const unit = id.charCodeAt(start - 1);
    if (unit < 0x30 || unit > 0x39) break;
    start--;
  }
  return start;
}

function readUuid(reader: ByteReader): string {
  let text = '';
  for (const byte of reader.raw(16)) {
    if (UUID_DASHES.has(text.length)) text += '-';
    text += byte.toString(16).padStart(2, '0');
  }
  return text;
}
