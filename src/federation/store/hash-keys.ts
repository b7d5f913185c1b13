// A keyed hash of id hashes, for the filters and the index that find rows by them. Ids come from strangers, who could
// choose many that meet in one place; the key is the database's own secret, so they cannot know which do.

import { hkdfSync } from 'node:crypto';

/** Longest id hash, in hex digits. */
const DIGITS_MAX = 64;

/** Where an id hash stands in a filter, and its tag in the index. */
export interface HashKey {
  /** First place and distance to the next: 25 bits each, all equally likely. */
  readonly start: number;
  readonly step: number;
  /** 16 bits, signed, so that they take two bytes in a row. */
  readonly tag: number;
}

/**
 * Multilinear hashing modulo 2^32: the sum of digit × random factor. For any two different texts the high bits of the sum
 * agree no more often than chance allows, whoever chose the texts without knowing the factors.
 */
export class HashKeys {
  readonly #factors: Uint32Array;

  /** `secret`: any text, kept with the rows whose tags were made with it. */
  constructor(secret: string) {
    this.#factors = new Uint32Array(hkdfSync('sha256', secret, '', 'id-hash', DIGITS_MAX * 2 * 4));
  }

  /** The key of an id hash in lower-case hex, of at most 64 digits. */
  of(hash: string): HashKey {
    const factors = this.#factors;
    let first = 0;
    let second = 0;
    for (let i = 0; i < hash.length; i++) {
      const digit = hash.charCodeAt(i);
      first = (first + Math.imul(factors[2 * i] ?? 0, digit)) | 0;
      second = (second + Math.imul(factors[2 * i + 1] ?? 0, digit)) | 0;
    }
    return { start: first >>> 7, step: (second >>> 7) | 1, tag: second >> 16 };
  }
}
