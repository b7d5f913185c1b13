// Makes nonces in WebAssembly memory, several at once, and reads scoops of them. A back end is a generated function with
// its number of lanes. It knows neither proofs nor blocks.

import { BLOCK_WORDS, HASH_WORDS, type LaneShape, lanesOf, shabalModule } from './shabal-module.ts';

const SCOOPS = 4096;
const NONCE_WORDS = 65_536;
const HASHES = NONCE_WORDS / HASH_WORDS;
/** From this number of hashes on, a hash is made of the 4096 bytes before it only. */
const WINDOW_HASHES = 128;
const WINDOW_BLOCKS = (WINDOW_HASHES * HASH_WORDS) / BLOCK_WORDS;
/** Seed, account and nonce number. */
const TAIL_BYTES = 60;
const PAGE_BYTES = 65_536;
/** The first byte of the padding of a message. */
const PADDING = 0x80;

/** Positions in words of a lane. The nonce stands at 0, and behind it the tail in a block of its own. */
const TAIL_AT = NONCE_WORDS;
/** Half a block of zeros, so that the message of each of the first hashes lies in one piece. */
const PADDING_AT = TAIL_AT + BLOCK_WORDS + HASH_WORDS;
const FINAL_AT = PADDING_AT + BLOCK_WORDS;
const LANE_WORDS = FINAL_AT + HASH_WORDS;

/** The back ends that a machine can have, by name, from the one with most lanes on. */
export const BACK_ENDS = {
  'simd-3': { type: 'v128', groups: 3 },
  'simd-2': { type: 'v128', groups: 2 },
  'simd-1': { type: 'v128', groups: 1 },
  'scalar-2': { type: 'i32', groups: 2 },
  'scalar-1': { type: 'i32', groups: 1 },
} as const satisfies Readonly<Record<string, LaneShape>>;
/** One of {@link BACK_ENDS}. */
export type BackEndName = keyof typeof BACK_ENDS;

/** Whether this machine's WebAssembly has SIMD. */
export function hasSimd(): boolean {
  return WebAssembly.validate(shabalModule(BACK_ENDS['simd-1']));
}

/** The most nonces that are worth being made at once. */
export function lanesAtOnce(isSimd: boolean): number {
  return lanesOf(isSimd ? BACK_ENDS['simd-3'] : BACK_ENDS['scalar-2']);
}

/**
 * The back end that makes so many nonces soonest; beyond its lanes, the caller makes the rest in another go. Four SIMD
 * lanes take less time than two scalar ones (bench/proofs.ts), so the latter are for machines without SIMD.
 */
export function backEndFor(nonces: number, isSimd: boolean): BackEndName {
  if (nonces <= 1) return 'scalar-1';
  if (!isSimd) return 'scalar-2';
  if (nonces <= 4) return 'simd-1';
  return nonces <= 8 ? 'simd-2' : 'simd-3';
}

/** What a nonce is made of: `account` has 20 bytes, `seed` 32. */
export interface NonceSource {
  readonly account: Uint8Array;
  readonly seed: Uint8Array;
  /** 0 to 2^64 − 1. */
  readonly nonce: bigint;
}

type HashFunction = (source: number, blocks: number, last: number, out: number) => void;

/** Memory of a module; `initial` counts pages of 64 KiB. */
interface Memory {
  readonly buffer: ArrayBuffer;
}

/** What is used of the global of that name, which the types of Node.js do not declare. */
declare const WebAssembly: {
  validate(module: Uint8Array): boolean;
  readonly Memory: new (size: { readonly initial: number }) => Memory;
  readonly Module: new (module: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: Memory } },
  ) => { readonly exports: { readonly hash: HashFunction } };
};

function instantiate(shape: LaneShape, memory: Memory): HashFunction {
  const module = new WebAssembly.Module(shabalModule(shape));
  return new WebAssembly.Instance(module, { env: { memory } }).exports.hash;
}

/** Makes as many nonces at once as its back end has lanes. It keeps 256 KiB per lane. */
export class NonceMaker {
  readonly lanes: number;
  readonly #hash: HashFunction;
  readonly #words: Int32Array;
  /** Bytes from one word of a lane to its next. */
  readonly #stride: number;

  constructor(shape: LaneShape) {
    this.lanes = lanesOf(shape);
    this.#stride = this.lanes * 4;
    const memory = new WebAssembly.Memory({ initial: Math.ceil((LANE_WORDS * this.#stride) / PAGE_BYTES) });
    this.#words = new Int32Array(memory.buffer);
    this.#hash = instantiate(shape, memory);
    for (let lane = 0; lane < this.lanes; lane++) this.#write(lane, PADDING_AT, PADDING);
  }

  /** Makes these nonces, one per lane; there must be at least one and at most `lanes`. Idle lanes repeat the first. */
  make(sources: readonly NonceSource[]): void {
    const [first] = sources;
    if (first === undefined || sources.length > this.lanes)
      throw new Error('the lanes do not fit the nonces');
    for (let lane = 0; lane < this.lanes; lane++) this.#writeTail(lane, sources[lane] ?? first);
    const at = (word: number) => word * this.#stride;
    for (let made = 0; made < WINDOW_HASHES; made++) {
      const from = NONCE_WORDS - made * HASH_WORDS;
      const blocks = Math.floor((made * HASH_WORDS * 4 + TAIL_BYTES) / (BLOCK_WORDS * 4));
      this.#hash(at(from), blocks, at(from + blocks * BLOCK_WORDS), at(from - HASH_WORDS));
    }
    for (let made = WINDOW_HASHES; made < HASHES; made++) {
      const from = NONCE_WORDS - made * HASH_WORDS;
      this.#hash(at(from), WINDOW_BLOCKS, at(PADDING_AT), at(from - HASH_WORDS));
    }
    this.#hash(0, NONCE_WORDS / BLOCK_WORDS, at(TAIL_AT), at(FINAL_AT));
  }

  /** XORs the 64 bytes of a scoop (0 to 4095) of the nonce in this lane into 16 words. */
  mixScoop(lane: number, scoop: number, into: Int32Array): void {
    const first = 2 * scoop * HASH_WORDS;
    const second = (2 * (SCOOPS - 1 - scoop) + 1) * HASH_WORDS;
    for (let word = 0; word < HASH_WORDS; word++) {
      const final = this.#read(lane, FINAL_AT + word);
      into[word] = (into[word] ?? 0) ^ this.#read(lane, first + word) ^ final;
      into[word + HASH_WORDS] = (into[word + HASH_WORDS] ?? 0) ^ this.#read(lane, second + word) ^ final;
    }
  }

  #writeTail(lane: number, { seed, account, nonce }: NonceSource): void {
    const tail = Buffer.alloc(BLOCK_WORDS * 4);
    tail.set(seed, 0);
    tail.set(account, 32);
    tail.writeBigUInt64BE(nonce, 52);
    tail[TAIL_BYTES] = PADDING;
    for (let word = 0; word < BLOCK_WORDS; word++)
      this.#write(lane, TAIL_AT + word, tail.readInt32LE(word * 4));
  }

  #write(lane: number, word: number, value: number): void {
    this.#words[word * this.lanes + lane] = value;
  }

  #read(lane: number, word: number): number {
    return this.#words[word * this.lanes + lane] ?? 0;
  }
}

/** A function that computes Shabal-256 (32 bytes) of messages up to 64 KiB, one at a time. */
export function makeShabal256(): (message: Uint8Array) => Buffer {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const hash = instantiate(BACK_ENDS['scalar-1'], memory);
  const bytes = Buffer.from(memory.buffer);
  return (message) => {
    const blocks = Math.floor(message.length / (BLOCK_WORDS * 4));
    const last = blocks * BLOCK_WORDS * 4;
    bytes.fill(0, last, last + BLOCK_WORDS * 4);
    bytes.set(message);
    bytes[message.length] = PADDING;
    hash(0, blocks, last, PAGE_BYTES + BLOCK_WORDS * 4);
    return Buffer.from(
      bytes.subarray(PAGE_BYTES + BLOCK_WORDS * 4, PAGE_BYTES + BLOCK_WORDS * 4 + HASH_WORDS * 4),
    );
  };
}
