// The columns of a round as bytes: each has its length before it, and numbers take as few bytes as they need (seven bits
// a byte, low bits first). It knows nothing of what a column means.

/** The bytes are not what a round's columns can be; the message is one phrase, and quotes nothing of the bytes. */
export class MalformedColumn extends Error {}

const LENGTH_BYTES = 4;
/** Bytes of the longest whole number. */
const NUMBER_BYTES = 8;

/** Writes columns one after the other into memory that the caller has made large enough. */
export class ColumnWriter {
  readonly #into: Buffer;
  #at: number;
  #lengthAt = 0;

  constructor(into: Buffer, at: number) {
    this.#into = into;
    this.#at = at;
  }

  /** The number of bytes that `numbers` numbers, `bytes` other bytes and `columns` columns take at most. */
  static room(columns: number, numbers: number, bytes: number): number {
    return columns * LENGTH_BYTES + numbers * NUMBER_BYTES + bytes;
  }

  begin(): void {
    this.#lengthAt = this.#at;
    this.#at += LENGTH_BYTES;
  }

  /** Ends the column that {@link begin} began. */
  end(): void {
    this.#into.writeUInt32LE(this.#at - this.#lengthAt - LENGTH_BYTES, this.#lengthAt);
  }

  byte(value: number): void {
    this.#into[this.#at++] = value;
  }

  /** A whole number that is not negative. */
  number(value: number): void {
    let left = value;
    while (left >= 0x80) {
      // Beyond 32 bits the bit operators would cut the number.
      this.#into[this.#at++] = (left % 0x80) | 0x80;
      left = left < 0x80000000 ? left >>> 7 : Math.floor(left / 0x80);
    }
    this.#into[this.#at++] = left;
  }

  /** A whole number that may be negative. */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }

  bytes(bytes: Uint8Array): void {
    this.#into.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  latin1(text: string): void {
    this.#at += this.#into.write(text, this.#at, 'latin1');
  }

  /** Where the next byte will stand. */
  get position(): number {
    return this.#at;
  }
}

/** Reads columns in the order in which they were written. Its methods throw {@link MalformedColumn}. */
export class ColumnReader {
  readonly #from: Buffer;
  #at = 0;

  constructor(from: Buffer) {
    this.#from = from;
  }

  /** The bytes of the next column: a view. */
  bytes(): Buffer {
    const begin = this.#at + LENGTH_BYTES;
    if (begin > this.#from.length) throw new MalformedColumn('it ends too early');
    const end = begin + this.#from.readUInt32LE(this.#at);
    if (end > this.#from.length) throw new MalformedColumn('it ends too early');
    this.#at = end;
    return this.#from.subarray(begin, end);
  }

  /** The next column as text of at most this many bytes. */
  text(bytesMax: number): string {
    const bytes = this.bytes();
    if (bytes.length > bytesMax) throw new MalformedColumn('its header is too long');
    return bytes.toString('utf8');
  }

  /** A column of `count` numbers, each greater than the one before; `start` is before the first. */
  ascending(count: number, start: number): Float64Array {
    const numbers = this.rest();
    const values = new Float64Array(count);
    let value = start;
    for (let index = 0; index < count; index++) {
      const step = numbers.next();
      value += step;
      if (step === 0 || !Number.isSafeInteger(value))
        throw new MalformedColumn('its sequences do not ascend');
      values[index] = value;
    }
    numbers.end();
    return values;
  }

  /** A column of `count` numbers as differences, from `start` on. */
  steps(count: number, start: number): Float64Array {
    const numbers = this.rest();
    const values = new Float64Array(count);
    let value = start;
    for (let index = 0; index < count; index++) {
      const code = numbers.next();
      value += code % 2 === 0 ? code / 2 : -(code + 1) / 2;
      if (!Number.isSafeInteger(value) || value < 0)
        throw new MalformedColumn('a time in it is not possible');
      values[index] = value;
    }
    numbers.end();
    return values;
  }

  /** A column of `count` lengths. */
  lengths(count: number): Uint32Array {
    const numbers = this.rest();
    const values = new Uint32Array(count);
    for (let index = 0; index < count; index++) {
      const length = numbers.next();
      if (length > this.#from.length) throw new MalformedColumn('it ends too early');
      values[index] = length;
    }
    numbers.end();
    return values;
  }

  /** A column of `count` lengths; null for an empty column, which stands for zeros. */
  optionalLengths(count: number): Uint32Array | null {
    const at = this.#at;
    if (this.bytes().length === 0) return null;
    this.#at = at;
    return this.lengths(count);
  }

  /** The next column as numbers whose count the caller finds elsewhere. */
  rest(): Numbers {
    return new Numbers(this.bytes());
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#from.length) throw new MalformedColumn('it goes on after its last column');
  }
}

/** The numbers of one column. */
class Numbers {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  next(): number {
    const bytes = this.#bytes;
    let factor = 1;
    let value = 0;
    for (let taken = 0; taken < NUMBER_BYTES; taken++) {
      const byte = bytes[this.#at++];
      if (byte === undefined) throw new MalformedColumn('a column is too short');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      factor *= 0x80;
    }
    throw new MalformedColumn('a number in it is too great');
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new MalformedColumn('a column is too long');
  }
}
