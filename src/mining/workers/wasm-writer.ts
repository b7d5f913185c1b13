// Writes WebAssembly modules byte by byte, as far as the proof needs them: one function over an imported memory. It
// knows the encoding and the instructions; what a function computes is written elsewhere (shabal-module.ts).

/** Bytes of a module or of a piece of one. */
export type Bytes = readonly number[];

/** Types of values, as the encoding names them. */
export const VALUE_TYPES = { i32: 0x7f, v128: 0x7b } as const;
/** One of {@link VALUE_TYPES}. */
export type ValueType = keyof typeof VALUE_TYPES;

/** `\0asm` and the version. */
const MAGIC: Bytes = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const EMPTY_BLOCK = 0x40;
const FUNCTION_TYPE = 0x60;
const MEMORY_KIND = 2;
const FUNCTION_KIND = 0;
const SIMD_PREFIX = 0xfd;

/** A whole number from 0 to 2^32 − 1 in LEB128. */
export function unsignedBytes(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** A whole number of 32 bits, taken as signed, in signed LEB128. */
export function signedBytes(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    // The last byte's bit 6 is the sign of the whole number.
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** The instructions of one function, in order. Every method appends one instruction and returns nothing. */
export class CodeWriter {
  readonly #bytes: number[] = [];

  get bytes(): Bytes {
    return this.#bytes;
  }

  /** Pushes a local variable. */
  get(local: number): void {
    this.#write(0x20, unsignedBytes(local));
  }

  /** Pops into a local variable. */
  set(local: number): void {
    this.#write(0x21, unsignedBytes(local));
  }

  /** Copies the top of the stack into a local variable. */
  tee(local: number): void {
    this.#write(0x22, unsignedBytes(local));
  }

  /** Pushes a number of 32 bits. */
  number(value: number): void {
    this.#write(0x41, signedBytes(value));
  }

  /** An instruction of one byte without operands. */
  plain(operation: number): void {
    this.#bytes.push(operation);
  }

  /** An instruction on 128 bits without operands. */
  simd(operation: number): void {
    this.#write(SIMD_PREFIX, unsignedBytes(operation));
  }

  /** Pushes four times the same number of 32 bits. */
  simdNumber(value: number): void {
    this.simd(12);
    const word = [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
    this.#bytes.push(...word, ...word, ...word, ...word);
  }

  /** Reads from the address on the stack plus `offset` bytes: 4 bytes, or 16 with `v128`. */
  load(type: ValueType, offset: number): void {
    if (type === 'i32') this.#write(0x28, [2, ...unsignedBytes(offset)]);
    else this.#write(SIMD_PREFIX, [0, 4, ...unsignedBytes(offset)]);
  }

  /** Writes the top of the stack to the address below it plus `offset` bytes. */
  store(type: ValueType, offset: number): void {
    if (type === 'i32') this.#write(0x36, [2, ...unsignedBytes(offset)]);
    else this.#write(SIMD_PREFIX, [11, 4, ...unsignedBytes(offset)]);
  }

  /** A loop that runs `body` once and again while the number that `body` leaves on the stack is not 0. */
  doWhile(body: () => void): void {
    this.#write(0x03, [EMPTY_BLOCK]);
    body();
    this.#write(0x0d, [0]);
    this.plain(0x0b);
  }

  /** Skips `body` if the local variable is 0. */
  unlessZero(local: number, body: () => void): void {
    this.get(local);
    this.#write(0x04, [EMPTY_BLOCK]);
    body();
    this.plain(0x0b);
  }

  #write(operation: number, operands: Bytes): void {
    this.#bytes.push(operation, ...operands);
  }
}

/** A function of i32 parameters without a result, and its local variables behind them. */
export interface FunctionShape {
  readonly name: string;
  readonly parameters: number;
  readonly locals: readonly { readonly count: number; readonly type: ValueType }[];
  readonly code: Bytes;
}

/** A module that imports `env.memory` and exports one function under its name. */
export function moduleOf({ name, parameters, locals, code }: FunctionShape): Uint8Array<ArrayBuffer> {
  const types = locals.flatMap(({ count, type }) => [...unsignedBytes(count), VALUE_TYPES[type]]);
  const body = [...unsignedBytes(locals.length), ...types, ...code, 0x0b];
  const signature = [FUNCTION_TYPE, parameters, ...Array<number>(parameters).fill(VALUE_TYPES.i32), 0];
  const memory = [...text('env'), ...text('memory'), MEMORY_KIND, 0, 1];
  return Uint8Array.from([
    ...MAGIC,
    ...section(1, [1, ...signature]),
    ...section(2, [1, ...memory]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text(name), FUNCTION_KIND, 0]),
    ...section(10, [1, ...unsignedBytes(body.length), ...body]),
  ]);
}

function section(id: number, content: Bytes): Bytes {
  return [id, ...unsignedBytes(content.length), ...content];
}

function text(value: string): Bytes {
  return [...unsignedBytes(value.length), ...Buffer.from(value, 'latin1')];
}
