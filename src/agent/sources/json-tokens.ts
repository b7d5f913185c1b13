// Checks and cuts JSON byte by byte, in chunks of any length, and says where objects, arrays, member names and scalars
// begin and end. Its memory is constant: it keeps the text of one name or value at a time, and only if it was asked to.
// It is strict, except that it does not check UTF-8 (wrong bytes become U+FFFD in a kept text), and that below
// NESTED_LEVELS_MAX levels only strings and the number of brackets are checked.

import { bytesOf, ESCAPES, hexDigit, KIND_OF, PLAIN, partOfNumber, SIGN } from './json-bytes.ts';
import type { JsonListener } from './json-listener.ts';
import { KeptText } from './kept-text.ts';

/** Levels of objects and arrays in one another of which each bracket is checked against its partner. */
export const NESTED_LEVELS_MAX = 1_024;

// What the next byte belongs to. Each of the first seven stands between tokens.
const START = 0;
const VALUE = 1;
const VALUE_OR_END = 2;
const NAME = 3;
const NAME_OR_END = 4;
const COLON = 5;
const COMMA_OR_END = 6;
const DONE = 7;
const STRING = 8;
const ESCAPE = 9;
const UNICODE = 10;
const NUMBER = 11;
const LITERAL = 12;
const DEEP = 13;
const MARK = 14;
const DAMAGED = 15;

const BYTE_ORDER_MARK = bytesOf('\ufeff');
const TRUE = bytesOf('true');
const FALSE = bytesOf('false');
const NULL = bytesOf('null');

/** Reads one document. */
export class JsonTokens {
  /** Set by the listener: whether names of members are kept and told. */
  keepsNames = true;
  /** Set by the listener: whether the next scalar is kept, if it is a string or a number. */
  keepsScalar = false;
  /** The text of the name or scalar that is told, if it was kept. */
  readonly text = new KeptText();

  readonly #listener: JsonListener;
  readonly #isObjectAt = new Uint8Array(NESTED_LEVELS_MAX);
  #state = START;
  #depth = 0;
  /** Levels below {@link NESTED_LEVELS_MAX}. */
  #deepLevels = 0;
  #keeps = false;
  #isName = false;
  #number = SIGN;
  #literal = NULL;
  #literalAt = 0;
  #hexDigits = 0;
  #unit = 0;
  /** Offset of the chunk's first byte, less its index. */
  #base: number;
  #at = 0;

  /** `outer`: reading begins behind an element of the innermost of these open containers, at `offset`. */
  constructor(listener: JsonListener, offset = 0, outer: readonly ('object' | 'array')[] = []) {
    this.#listener = listener;
    this.#base = offset;
    for (const container of outer) this.#isObjectAt[this.#depth++] = container === 'object' ? 1 : 0;
    if (outer.length > 0) this.#state = COMMA_OR_END;
  }

  /** Bytes from the beginning of the document to the place that was read last. In a damaged one: where the damage is. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** True if the document has ended; white space may follow. */
  get isDone(): boolean {
    return this.#state === DONE;
  }

  /** True if the text is no JSON. Nothing is read any more. */
  get isDamaged(): boolean {
    return this.#state === DAMAGED;
  }

  /** The listener does not want the document to go on: it is damaged at the token that was told last. */
  refuse(): void {
    this.#state = DAMAGED;
  }

  /** Reads the chunk's bytes from index `from` to before `to`. */
  push(chunk: Uint8Array, from: number, to: number): void {
    this.#base += this.#at - from;
    this.#at = from;
    while (this.#at < to) {
      switch (this.#state) {
        case STRING:
          this.#readString(chunk, to);
          break;
        case ESCAPE:
          this.#readEscape(chunk[this.#at] ?? 0);
          break;
        case UNICODE:
          this.#readHex(chunk[this.#at] ?? 0);
          break;
        case NUMBER:
          this.#readNumber(chunk, to);
          break;
        case LITERAL:
        case MARK:
          this.#readLiteral(chunk[this.#at] ?? 0);
          break;
        case DEEP:
          this.#readDeep(chunk, to);
          break;
        case DAMAGED:
          return;
        default:
          this.#readBetween(chunk[this.#at] ?? 0);
      }
    }
  }

  #readBetween(byte: number): void {
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d && byte !== 0x0b && byte !== 0x0c)) {
      this.#at += 1;
      if (this.#state === START) this.#state = VALUE;
      return;
    }
    switch (this.#state) {
      case COMMA_OR_END:
        return this.#readCommaOrEnd(byte);
      case COLON:
        return this.#step(byte === 0x3a, VALUE);
      case NAME_OR_END:
        if (byte === 0x7d) return this.#close(1);
        return this.#beginName(byte);
      case NAME:
        return this.#beginName(byte);
      case VALUE_OR_END:
        if (byte === 0x5d) return this.#close(0);
        return this.#beginValue(byte);
      case START:
        if (byte === BYTE_ORDER_MARK[0]) return this.#beginLiteral(BYTE_ORDER_MARK, MARK);
        return this.#beginValue(byte);
      case VALUE:
        return this.#beginValue(byte);
      default:
        this.#state = DAMAGED;
    }
  }

  #step(isRight: boolean, next: number): void {
    if (isRight) this.#at += 1;
    this.#state = isRight ? next : DAMAGED;
  }

  #readCommaOrEnd(byte: number): void {
    const isObject = this.#isObjectAt[this.#depth - 1] ?? 0;
    if (byte === 0x2c) this.#step(true, isObject === 1 ? NAME : VALUE);
    else if (byte === 0x7d) this.#close(1);
    else if (byte === 0x5d) this.#close(0);
    else this.#state = DAMAGED;
  }

  #beginName(byte: number): void {
    if (byte !== 0x22) {
      this.#state = DAMAGED;
      return;
    }
    this.#isName = true;
    this.#beginText(this.keepsNames);
    this.#at += 1;
    this.#state = STRING;
  }

  #beginValue(byte: number): void {
    switch (KIND_OF[byte] ?? 0) {
      case 1:
        this.#isName = false;
        this.#beginText(this.keepsScalar);
        this.#step(true, STRING);
        return;
      case 2:
        // The byte belongs to the number and is read with it.
        this.#beginText(this.keepsScalar);
        this.#number = SIGN;
        this.#state = NUMBER;
        if (byte === 0x2d) this.#keepAndStep(byte);
        return;
      case 3:
        return this.#open(byte === 0x7b);
      case 4:
        this.#beginText(false);
        return this.#beginLiteral(byte === 0x74 ? TRUE : byte === 0x66 ? FALSE : NULL, LITERAL);
      default:
        this.#state = DAMAGED;
    }
  }

  #beginText(keeps: boolean): void {
    this.keepsScalar = false;
    this.#keeps = keeps;
    if (keeps) this.text.begin();
    else this.text.drop();
  }

  #beginLiteral(literal: Uint8Array, state: number): void {
    this.#literal = literal;
    this.#literalAt = 1;
    this.#step(true, state);
  }

  #open(isObject: boolean): void {
    this.keepsScalar = false;
    this.#at += 1;
    if (this.#depth === NESTED_LEVELS_MAX) {
      this.#deepLevels = 1;
      this.#state = DEEP;
      return;
    }
    this.#isObjectAt[this.#depth++] = isObject ? 1 : 0;
    this.#state = isObject ? NAME_OR_END : VALUE_OR_END;
    this.#listener.opened(isObject);
  }

  #close(isObject: 0 | 1): void {
    if (this.#isObjectAt[this.#depth - 1] !== isObject) {
      this.#state = DAMAGED;
      return;
    }
    this.#at += 1;
    this.#depth -= 1;
    this.#state = this.#depth === 0 ? DONE : COMMA_OR_END;
    this.#listener.closed();
  }

  #endScalar(): void {
    this.#state = this.#depth === 0 ? DONE : COMMA_OR_END;
    this.#listener.scalar();
  }

  #readString(chunk: Uint8Array, to: number): void {
    const start = this.#at;
    let at = start;
    while (at < to && PLAIN[chunk[at] ?? 0] === 1) at += 1;
    this.#at = at;
    if (this.#keeps && at > start) this.text.addRun(chunk, start, at);
    if (at === to) return;
    const byte = chunk[at];
    if (byte === 0x5c) this.#step(true, ESCAPE);
    else if (byte === 0x22) this.#endString();
    else this.#state = DAMAGED;
  }

  #endString(): void {
    this.#at += 1;
    if (this.#deepLevels > 0) {
      this.#state = DEEP;
      return;
    }
    if (this.#keeps) this.text.end();
    if (!this.#isName) {
      this.#endScalar();
      return;
    }
    this.#state = COLON;
    if (this.keepsNames) this.#listener.named();
  }

  #readEscape(byte: number): void {
    if (byte === 0x75) {
      this.#hexDigits = 0;
      this.#unit = 0;
      this.#step(true, UNICODE);
      return;
    }
    const escaped = ESCAPES[byte] ?? 0;
    if (escaped !== 0 && this.#keeps) this.text.add(escaped);
    this.#step(escaped !== 0, STRING);
  }

  #readHex(byte: number): void {
    const digit = hexDigit(byte);
    if (digit < 0) {
      this.#state = DAMAGED;
      return;
    }
    this.#at += 1;
    this.#unit = this.#unit * 16 + digit;
    this.#hexDigits += 1;
    if (this.#hexDigits < 4) return;
    this.#state = STRING;
    if (this.#keeps) this.text.addUnit(this.#unit);
  }

  #keepAndStep(byte: number): void {
    if (this.#keeps) this.text.add(byte);
    this.#at += 1;
  }

  #readNumber(chunk: Uint8Array, to: number): void {
    while (this.#at < to) {
      const byte = chunk[this.#at] ?? 0;
      const next = partOfNumber(this.#number, byte);
      if (next < 0) {
        if (this.#number % 2 === 0) this.#endScalar();
        else this.#state = DAMAGED;
        return;
      }
      this.#number = next;
      this.#keepAndStep(byte);
    }
  }

  #readLiteral(byte: number): void {
    if (byte !== this.#literal[this.#literalAt]) {
      this.#state = DAMAGED;
      return;
    }
    this.#at += 1;
    this.#literalAt += 1;
    if (this.#literalAt < this.#literal.length) return;
    if (this.#state === MARK) this.#state = VALUE;
    else this.#endScalar();
  }

  #readDeep(chunk: Uint8Array, to: number): void {
    while (this.#at < to) {
      const byte = chunk[this.#at] ?? 0;
      this.#at += 1;
      if (byte === 0x22) {
        this.#beginText(false);
        this.#state = STRING;
        return;
      }
      if (byte === 0x7b || byte === 0x5b) this.#deepLevels += 1;
      else if (byte === 0x7d || byte === 0x5d) this.#deepLevels -= 1;
      if (this.#deepLevels === 0) {
        this.#state = COMMA_OR_END;
        return;
      }
    }
  }
}
