// Generates the WebAssembly function that computes Shabal-256 of several messages of equal length at once. Each message
// is a lane; a generated function has one scalar lane or four SIMD lanes per group, and up to three interleaved groups.

import { CodeWriter, moduleOf, type ValueType } from './wasm-writer.ts';

/** The words of Shabal-256 before the first block of a message. */
const START = {
  a: [
    0x52f8_4552, 0xe54b_7999, 0x2d8e_e3ec, 0xb964_5191, 0xe007_8b86, 0xbb7c_44c9, 0xd2b5_c1ca, 0xb0d2_eb8c,
    0x14ce_5a45, 0x22af_50dc, 0xeffd_bc6b, 0xeb21_b74a,
  ],
  b: [
    0xb555_c6ee, 0x3e71_0596, 0xa72a_652f, 0x9301_515f, 0xda28_c1fa, 0x696f_d868, 0x9cb6_bf72, 0x0afe_4002,
    0xa6e0_3615, 0x5138_c1d4, 0xbe21_6306, 0xb38b_8890, 0x3ea8_b96b, 0x3299_ace4, 0x3092_4dd4, 0x55cb_34a5,
  ],
  c: [
    0xb405_f031, 0xc423_3eba, 0xb373_3979, 0xc0dd_9d55, 0xc51c_28ae, 0xa327_b8e1, 0x56c5_6167, 0xed61_4433,
    0x88b5_9d60, 0x60e2_ceba, 0x758b_4b8b, 0x83e8_2a7f, 0xbc96_8828, 0xe6e0_0bf7, 0xba83_9e55, 0x9b49_1c60,
  ],
} as const;

const A_WORDS = START.a.length;
const B_WORDS = START.b.length;
const C_WORDS = START.c.length;
/** Words of one block of a message. */
export const BLOCK_WORDS = 16;
/** Words of a hash. */
export const HASH_WORDS = 8;
const STEPS = 48;
const FINAL_ROUNDS = 3;

/** Parameters of the generated function, which are its first local variables. */
const SOURCE = 0;
const BLOCKS = 1;
const LAST = 2;
const OUT = 3;
const PARAMETERS = 4;
/** Local variable: the number of the block, from 1. */
const COUNTER = PARAMETERS;
/** Local variables of the first group; those of the next group follow. */
const FIRST_STATE = COUNTER + 1;
/** The words A, B, C and one temporary. */
const GROUP_LOCALS = A_WORDS + B_WORDS + C_WORDS + 1;
/** One more local variable: all bits set. SIMD's own negation would make this constant each time. */
const ONES_LOCALS = 1;

/** How a function is generated. */
export interface LaneShape {
  /** `i32`: a group is one lane. `v128`: a group is four lanes. */
  readonly type: ValueType;
  /** Interleaved groups, 1 to 3. While one waits for a result, the processor works on another. */
  readonly groups: number;
}

/** The number of messages that a function of this shape hashes at once. */
export function lanesOf({ type, groups }: LaneShape): number {
  return groups * (type === 'v128' ? 4 : 1);
}

/**
 * A module that imports `env.memory` and exports `hash(source, blocks, last, out)`: Shabal-256 of `blocks` blocks of 64
 * bytes from `source` on, followed by the padded block at `last`; the eight words of the hash go to `out`. All four are
 * i32, three of them addresses in bytes. Word w of lane l stands at byte (w · lanes + l) · 4 from such an address.
 */
export function shabalModule(shape: LaneShape): Uint8Array<ArrayBuffer> {
  return moduleOf({
    name: 'hash',
    parameters: PARAMETERS,
    locals: [
      { count: 1, type: 'i32' },
      { count: GROUP_LOCALS * shape.groups + ONES_LOCALS, type: shape.type },
    ],
    code: new ShabalCode(shape).write(),
  });
}

/** Words 0 … n − 1. */
const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Writes the function's code. Each method leaves the stack as it found it, unless its comment says otherwise. */
class ShabalCode {
  readonly #code = new CodeWriter();
  readonly #shape: LaneShape;
  readonly #isSimd: boolean;
  readonly #wordBytes: number;
  readonly #groupBytes: number;
  /** The group whose instructions are being written. */
  #group = 0;

  constructor(shape: LaneShape) {
    this.#shape = shape;
    this.#isSimd = shape.type === 'v128';
    this.#groupBytes = this.#isSimd ? 16 : 4;
    this.#wordBytes = lanesOf(shape) * 4;
  }

  write(): readonly number[] {
    const code = this.#code;
    this.#pushConstant(-1);
    code.set(this.#ones);
    this.#inEachGroup(() => this.#begin());
    code.number(1);
    code.set(COUNTER);
    code.unlessZero(BLOCKS, () => code.doWhile(() => this.#block()));
    this.#inEachGroup(() => this.#addBlock(LAST));
    this.#permute(LAST);
    code.number(FINAL_ROUNDS);
    code.set(BLOCKS);
    code.doWhile(() => {
      this.#inEachGroup(() => this.#exchange());
      this.#permute(LAST);
      this.#countDown(BLOCKS);
    });
    this.#inEachGroup(() => this.#storeHash());
    return code.bytes;
  }

  #inEachGroup(write: () => void): void {
    for (this.#group = 0; this.#group < this.#shape.groups; this.#group++) write();
    this.#group = 0;
  }

  #a(word: number): number {
    return FIRST_STATE + this.#group * GROUP_LOCALS + (word % A_WORDS);
  }

  #b(word: number): number {
    return FIRST_STATE + this.#group * GROUP_LOCALS + A_WORDS + (word % B_WORDS);
  }

  #c(word: number): number {
    return FIRST_STATE + this.#group * GROUP_LOCALS + A_WORDS + B_WORDS + (word % C_WORDS);
  }

  get #temporary(): number {
    return FIRST_STATE + this.#group * GROUP_LOCALS + GROUP_LOCALS - 1;
  }

  get #ones(): number {
    return FIRST_STATE + this.#shape.groups * GROUP_LOCALS;
  }

  #begin(): void {
    const begin = (words: readonly number[], localOf: (word: number) => number) => {
      for (const [word, value] of words.entries()) {
        this.#pushConstant(value);
        this.#code.set(localOf(word));
      }
    };
    begin(START.a, (word) => this.#a(word));
    begin(START.b, (word) => this.#b(word));
    begin(START.c, (word) => this.#c(word));
  }

  /** One block of the message; leaves on the stack how many are still to come. */
  #block(): void {
    const code = this.#code;
    this.#inEachGroup(() => this.#addBlock(SOURCE));
    this.#permute(SOURCE);
    this.#inEachGroup(() => this.#subtractAndExchange());
    code.get(COUNTER);
    code.number(1);
    code.plain(0x6a);
    code.set(COUNTER);
    code.get(SOURCE);
    code.number(BLOCK_WORDS * this.#wordBytes);
    code.plain(0x6a);
    code.set(SOURCE);
    this.#countDown(BLOCKS);
  }

  /** Subtracts 1 from a parameter, and leaves the result on the stack. */
  #countDown(local: number): void {
    this.#code.get(local);
    this.#code.number(1);
    this.#code.plain(0x6b);
    this.#code.tee(local);
  }

  /** B += message. */
  #addBlock(address: number): void {
    for (const word of upTo(BLOCK_WORDS)) {
      this.#code.get(this.#b(word));
      this.#load(address, word);
      this.#add();
      this.#code.set(this.#b(word));
    }
  }

  /** A[0] ^= the number of the block. The upper half of that 64-bit number, which belongs to A[1], is always 0. */
  #addCounter(): void {
    this.#code.get(this.#a(0));
    this.#code.get(COUNTER);
    if (this.#isSimd) this.#code.simd(17);
    this.#xor();
    this.#code.set(this.#a(0));
  }

  /** The number of the block and the permutation, its steps interleaved over the groups. */
  #permute(address: number): void {
    this.#inEachGroup(() => {
      this.#addCounter();
      for (const word of upTo(B_WORDS)) {
        this.#rotated(this.#b(word), 17);
        this.#code.set(this.#b(word));
      }
    });
    for (const step of upTo(STEPS)) this.#inEachGroup(() => this.#step(step, address));
    // Each word of A takes three words of C, far enough apart that the processor need not wait.
    for (const turn of [11, 15, 3]) this.#inEachGroup(() => this.#addToA(turn));
  }

  /**
   * A[s] = 3 · (A[s] ^ 5 · (A[s−1] <<< 15) ^ C[8−s]) ^ B[s+13] ^ (B[s+9] & ~B[s+6]) ^ message[s];
   * B[s] = ~((B[s] <<< 1) ^ A[s]). Every step waits for the A of the step before, so whatever does not need it is
   * combined apart from it.
   */
  #step(step: number, address: number): void {
    const code = this.#code;
    const temporary = this.#temporary;
    this.#rotated(this.#a(step + A_WORDS - 1), 15);
    code.tee(temporary);
    this.#shiftLeft(2);
    code.get(temporary);
    this.#add();
    code.get(this.#a(step));
    code.get(this.#c(STEPS + 8 - step));
    this.#xor();
    this.#xor();
    code.tee(temporary);
    this.#shiftLeft(1);
    code.get(temporary);
    this.#add();
    code.get(this.#b(step + 9));
    code.get(this.#b(step + 6));
    this.#andNot();
    code.get(this.#b(step + 13));
    this.#xor();
    this.#load(address, step % BLOCK_WORDS);
    this.#xor();
    this.#xor();
    code.tee(this.#a(step));
    this.#rotated(this.#b(step), 1);
    this.#not();
    this.#xor();
    code.set(this.#b(step));
  }

  #addToA(turn: number): void {
    for (const word of upTo(A_WORDS)) {
      this.#code.get(this.#a(word));
      this.#code.get(this.#c(word + turn));
      this.#add();
      this.#code.set(this.#a(word));
    }
  }

  /** B, C = C − message, B. */
  #subtractAndExchange(): void {
    for (const word of upTo(BLOCK_WORDS)) {
      this.#code.get(this.#c(word));
      this.#load(SOURCE, word);
      this.#subtract();
      this.#code.get(this.#b(word));
      this.#code.set(this.#c(word));
      this.#code.set(this.#b(word));
    }
  }

  #exchange(): void {
    for (const word of upTo(BLOCK_WORDS)) {
      this.#code.get(this.#c(word));
      this.#code.get(this.#b(word));
      this.#code.set(this.#c(word));
      this.#code.set(this.#b(word));
    }
  }

  /** The hash is the second half of B. */
  #storeHash(): void {
    for (const word of upTo(HASH_WORDS)) {
      this.#code.get(OUT);
      this.#code.get(this.#b(B_WORDS - HASH_WORDS + word));
      this.#code.store(this.#shape.type, this.#offset(word));
    }
  }

  #offset(word: number): number {
    return word * this.#wordBytes + this.#group * this.#groupBytes;
  }

  /** Pushes a word of the message. */
  #load(address: number, word: number): void {
    this.#code.get(address);
    this.#code.load(this.#shape.type, this.#offset(word));
  }

  #pushConstant(value: number): void {
    if (this.#isSimd) this.#code.simdNumber(value);
    else this.#code.number(value);
  }

  /** Pushes a local variable, rotated to the left. SIMD has no rotation, and adds sooner than it shifts. */
  #rotated(local: number, bits: number): void {
    const code = this.#code;
    code.get(local);
    if (!this.#isSimd) {
      code.number(bits);
      code.plain(0x77);
      return;
    }
    if (bits === 1) {
      code.get(local);
      this.#add();
    } else this.#shiftLeft(bits);
    code.get(local);
    code.number(32 - bits);
    code.simd(173);
    code.simd(80);
  }

  #shiftLeft(bits: number): void {
    this.#code.number(bits);
    this.#either(0x74, 171);
  }

  #add(): void {
    this.#either(0x6a, 174);
  }

  #subtract(): void {
    this.#either(0x6b, 177);
  }

  #xor(): void {
    this.#either(0x73, 81);
  }

  #not(): void {
    this.#code.get(this.#ones);
    this.#xor();
  }

  /** The value below the top, and not the top. */
  #andNot(): void {
    if (this.#isSimd) this.#code.simd(79);
    else {
      this.#not();
      this.#code.plain(0x71);
    }
  }

  #either(scalar: number, simd: number): void {
    if (this.#isSimd) this.#code.simd(simd);
    else this.#code.plain(scalar);
  }
}
