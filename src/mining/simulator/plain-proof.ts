// Proofs of capacity in plain typed arrays: the oracle of the simulators and the tests. It is a second writing of the
// rule, on purpose independent of the program's own (src/mining/workers), and makes one nonce at a time.

import { INITIAL_A, INITIAL_B, INITIAL_C } from './plain-shabal-state.ts';

/** Scoops of a nonce. */
const SCOOPS = 4096;
const SCOOP_BYTES = 64;
/** Bytes of a nonce: 4096 scoops of 64. */
export const PLAIN_NONCE_BYTES = SCOOPS * SCOOP_BYTES;

const BLOCK_WORDS = 16;
const HASH_WORDS = 8;
const NONCE_WORDS = PLAIN_NONCE_BYTES / 4;
const HASHES = NONCE_WORDS / HASH_WORDS;
/** From this number of hashes on, a hash is made of the 4096 bytes before it only. */
const WINDOW_HASHES = 128;
const WINDOW_BLOCKS = (WINDOW_HASHES * HASH_WORDS) / BLOCK_WORDS;
/** Seed, account and nonce number: 60 bytes. With the padding's first byte and three zeros they fill one block. */
const TAIL_BYTES = 60;

/** The last block of a message whose length is a multiple of 64 bytes. */
const PADDING = Int32Array.of(0x80, ...Array.from({ length: BLOCK_WORDS - 1 }, () => 0));

/** A claimed proof. Hex digits may be in either case. */
export interface PlainClaim {
  /** 40 hex digits. */
  readonly accountId: string;
  /** 64 hex digits. */
  readonly seed: string;
  readonly nonce: bigint;
  /** 0 to 7. */
  readonly compression: number;
  readonly height: bigint;
  /** 64 hex digits. */
  readonly generationSignature: string;
}

const a = new Int32Array(12);
const b = new Int32Array(16);
const c = new Int32Array(16);

/** One application of Shabal's permutation; `counter` numbers the message block, from 1. */
function permute(words: Int32Array, at: number, counter: number): void {
  a[0] = a[0]! ^ counter;
  for (let i = 0; i < 16; i++) b[i] = (b[i]! << 17) | (b[i]! >>> 15);
  let last = a[11]!;
  for (let step = 0, i = 0; step < 48; step++) {
    const rotated = (last << 15) | (last >>> 17);
    const mixed = a[i]! ^ ((rotated << 2) + rotated) ^ c[(8 - step) & 15]!;
    last =
      ((mixed << 1) + mixed) ^
      b[(step + 13) & 15]! ^
      (b[(step + 9) & 15]! & ~b[(step + 6) & 15]!) ^
      words[at + (step & 15)]!;
    a[i] = last;
    const old = b[step & 15]!;
    b[step & 15] = ~(((old << 1) | (old >>> 31)) ^ last);
    i = i === 11 ? 0 : i + 1;
  }
  for (let step = 0, i = 11; step < 36; step++) {
    a[i] = a[i]! + c[(6 - step) & 15]!;
    i = i === 0 ? 11 : i - 1;
  }
}

function addBlock(words: Int32Array, at: number): void {
  for (let i = 0; i < BLOCK_WORDS; i++) b[i] = b[i]! + words[at + i]!;
}

function exchange(): void {
  for (let i = 0; i < BLOCK_WORDS; i++) {
    const old = b[i]!;
    b[i] = c[i]!;
    c[i] = old;
  }
}

/**
 * Shabal-256 of `blocks` blocks from `from` on and one last, padded block, which may stand in another array. The eight
 * words of the hash go to `out`. Positions are numbers of words.
 */
function hashBlocks(
  words: Int32Array,
  from: number,
  blocks: number,
  last: { readonly words: Int32Array; readonly at: number },
  out: { readonly words: Int32Array; readonly at: number },
): void {
  a.set(INITIAL_A);
  b.set(INITIAL_B);
  c.set(INITIAL_C);
  for (let block = 0; block < blocks; block++) {
    const at = from + block * BLOCK_WORDS;
    addBlock(words, at);
    permute(words, at, block + 1);
    for (let i = 0; i < BLOCK_WORDS; i++) c[i] = c[i]! - words[at + i]!;
    exchange();
  }
  addBlock(last.words, last.at);
  permute(last.words, last.at, blocks + 1);
  for (let round = 0; round < 3; round++) {
    exchange();
    permute(last.words, last.at, blocks + 1);
  }
  out.words.set(b.subarray(8), out.at);
}

/** Shabal-256 of a message of any length: 32 bytes. */
export function plainShabal256(message: Uint8Array): Buffer {
  const blocks = Math.floor(message.length / 64);
  const words = new Int32Array((blocks + 1) * BLOCK_WORDS);
  const bytes = new Uint8Array(words.buffer);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const digest = new Int32Array(HASH_WORDS);
  hashBlocks(words, 0, blocks, { words, at: blocks * BLOCK_WORDS }, { words: digest, at: 0 });
  return Buffer.from(digest.buffer);
}

/** The 262,144 bytes of a nonce, in the order in which they are made; {@link plainScoop} reads a scoop of them. */
export function makeNonce(accountId: string, seed: string, nonce: bigint): Buffer {
  // The tail stands behind the nonce, followed by zeros: so every message of the first hashes lies in one piece.
  const words = new Int32Array(NONCE_WORDS + BLOCK_WORDS + HASH_WORDS);
  const tail = Buffer.from(words.buffer, PLAIN_NONCE_BYTES, 64);
  tail.write(seed, 0, 32, 'hex');
  tail.write(accountId, 32, 20, 'hex');
  tail.writeBigUInt64BE(BigInt.asUintN(64, nonce), 52);
  tail[TAIL_BYTES] = 0x80;
  for (let made = 0; made < HASHES; made++) {
    const from = NONCE_WORDS - made * HASH_WORDS;
    const out = { words, at: from - HASH_WORDS };
    if (made < WINDOW_HASHES) {
      const blocks = Math.floor((made * 32 + TAIL_BYTES) / 64);
      hashBlocks(words, from, blocks, { words, at: from + blocks * BLOCK_WORDS }, out);
    } else hashBlocks(words, from, WINDOW_BLOCKS, { words: PADDING, at: 0 }, out);
  }
  const final = new Int32Array(HASH_WORDS);
  hashBlocks(words, 0, NONCE_WORDS / BLOCK_WORDS, { words, at: NONCE_WORDS }, { words: final, at: 0 });
  for (let i = 0; i < NONCE_WORDS; i++) words[i] = words[i]! ^ final[i % HASH_WORDS]!;
  return Buffer.from(words.buffer, 0, PLAIN_NONCE_BYTES);
}

/** The 64 bytes of a scoop (0 to 4095) of a nonce that {@link makeNonce} made; a copy. */
export function plainScoop(nonce: Buffer, scoop: number): Buffer {
  const mirrored = (SCOOPS - 1 - scoop) * SCOOP_BYTES + 32;
  return Buffer.concat([
    nonce.subarray(scoop * SCOOP_BYTES, scoop * SCOOP_BYTES + 32),
    nonce.subarray(mirrored, mirrored + 32),
  ]);
}

/** The scoop (0 to 4095) that a block reads. */
export function plainScoopNumber(generationSignature: string, height: bigint): number {
  const message = Buffer.alloc(40);
  message.write(generationSignature, 'hex');
  message.writeBigUInt64BE(height, 32);
  return plainShabal256(message).readUInt16BE(30) % SCOOPS;
}

/** The raw quality of 64 bytes. */
export function plainQualityOfScoop(generationSignature: string, scoop: Uint8Array): bigint {
  return plainShabal256(Buffer.concat([Buffer.from(generationSignature, 'hex'), scoop])).readBigUInt64LE(0);
}

/**
 * The nonces of one (account, seed), made once each and kept. A proof of level 1 or more reads for every scoop number
 * other nonces: half of them are the same for all nonces of a warp (4096 in a row), so a miner does well to take its
 * nonces of one warp.
 */
export class PlainPlot {
  readonly #accountId: string;
  readonly #seed: string;
  readonly #kept: number;
  readonly #nonces = new Map<bigint, Buffer>();

  /** Keeps at most `kept` nonces of 256 KiB, the ones that were read last. */
  constructor(accountId: string, seed: string, kept = 64) {
    this.#accountId = accountId;
    this.#seed = seed;
    this.#kept = kept;
  }

  /** The raw quality of a nonce at a compression level (0 to 7) for a block. Costs 2^level nonces if none is kept. */
  rawQualityOf({
    nonce,
    compression,
    height,
    generationSignature,
  }: Omit<PlainClaim, 'accountId' | 'seed'>): bigint {
    const scoop = plainScoopNumber(generationSignature, height);
    const inWarp = Number(nonce % BigInt(SCOOPS));
    const firstWarp = (nonce / BigInt(SCOOPS)) << BigInt(compression);
    const mixed = Buffer.alloc(SCOOP_BYTES);
    for (let i = 0; i < 2 ** compression; i++) {
      const [place, read] = i % 2 === 0 ? [inWarp, scoop] : [scoop, inWarp];
      const number = BigInt.asUintN(64, (firstWarp + BigInt(i)) * BigInt(SCOOPS) + BigInt(place));
      plainScoop(this.#nonce(number), read).forEach((byte, at) => {
        mixed[at] = mixed[at]! ^ byte;
      });
    }
    return plainQualityOfScoop(generationSignature, mixed);
  }

  #nonce(number: bigint): Buffer {
    const nonce = this.#nonces.get(number) ?? makeNonce(this.#accountId, this.#seed, number);
    this.#nonces.delete(number);
    this.#nonces.set(number, nonce);
    const [oldest] = this.#nonces.keys();
    if (this.#nonces.size > this.#kept && oldest !== undefined) this.#nonces.delete(oldest);
    return nonce;
  }
}

/** The raw quality of a claim, all its 2^compression nonces made anew. */
export function rawQualityOf(claim: PlainClaim): bigint {
  return new PlainPlot(claim.accountId, claim.seed, 1).rawQualityOf(claim);
}
