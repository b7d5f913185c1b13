// Finds hashes that may occur twice, in little memory: a Bloom filter of all hashes, and the set of hashes that it had
// apparently seen before. A second pass counts those suspects exactly. No hash that occurs twice is missed.

import { randomWhole } from '../../lib/clock.ts';

/** With this, one hash in 2,000 is suspected wrongly. */
const BITS_A_HASH = 16;
const PROBES = 6;
/** Maximum number of suspects. More of them would use the memory that the sieve is meant to save. */
const SUSPECTS_MAX = 1_000_000;

/** The sieve for one table's hashes; `hashes` is the expected number. */
export class HashSieve {
  readonly #bits: Uint32Array;
  readonly #bitCount: number;
  /** Senders choose the hashes. Because the seed is random, they cannot choose which hashes are suspected. */
  readonly #seed = randomWhole(0, 2 ** 32);
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

/** Hashes the bytes and the seed to 32 bits (the finish of MurmurHash3 over FNV-1a). */
function mix(bytes: Buffer, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
