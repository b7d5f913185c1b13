// Finds hashes that may have come twice, in little memory: a Bloom filter of all, and the few that it takes for known. Those
// are counted exactly in a second pass; nothing that came twice is missed.

import { randomInt } from 'node:crypto';

/** One hash in 2,000 is suspected wrongly. */
const BITS_A_HASH = 16;
const PROBES = 6;
/** Suspects kept; beyond them the audit would need the memory that the sieve is there to save. */
const SUSPECTS_MAX = 1_000_000;

export class HashSieve {
  readonly #bits: Uint32Array;
  readonly #bitCount: number;
  /** Senders choose hashes: with a seed of our own they cannot choose which ones are suspected. */
  readonly #seed = randomInt(2 ** 32);
  readonly #suspects = new Set<string>();

  constructor(hashes: number) {
    const words = Math.max(32, Math.ceil((hashes * BITS_A_HASH) / 32));
    this.#bits = new Uint32Array(words);
    this.#bitCount = words * 32;
  }

  get suspects(): number {
    return this.#suspects.size;
  }

  add(hash: Buffer): void {
    const first = mix(hash, this.#seed);
    const second = mix(hash, first ^ 0x9e3779b9) | 1;
    let isKnown = true;
    for (let probe = 0, place = first; probe < PROBES; probe++, place = (place + second) >>> 0) {
      const bit = place % this.#bitCount;
      const mask = 1 << (bit & 31);
      if (((this.#bits[bit >>> 5] ?? 0) & mask) === 0) {
        isKnown = false;
        this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | mask;
      }
    }
    if (isKnown && this.#suspects.size < SUSPECTS_MAX) this.#suspects.add(hash.toString('hex'));
  }

  isSuspect(hash: Buffer): boolean {
    return this.#suspects.has(hash.toString('hex'));
  }
}

/** 32 bits of the bytes and the seed (the finish of MurmurHash3 over FNV-1a). */
function mix(bytes: Buffer, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
