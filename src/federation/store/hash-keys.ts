// A keyed hash of id hashes, for the filters and the index that find rows. Ids come from outside: a sender could choose
// many ids that collide in one place. The key is the database's own secret, so no sender can know which ids collide.

import { hkdfSync } from 'node:crypto';

/** Maximum length of an id hash, in hex digits. */
const DIGITS_MAX = 64;

/** The places of an id hash in a filter, and its tag in the index. */
export interface HashKey {
  /** The first place and the distance to the next: 25 bits each, all values equally likely. */
  readonly start: number;
  readonly step: number;
  /** 16 bits, signed, so that they take two bytes in a row. */
  readonly tag: number;
}

/**
 * Multilinear hashing modulo 2^32: the sum of digit × random factor. For any two different texts chosen without
 * knowledge of the factors, the high bits of the sums agree no more often than by chance.
 */
export class HashKeys {
  readonly #factors: Uint32Array;

  /** `secret` is any text. It must be stored with the rows whose tags were made with it. */
  constructor(secret: string) {
    this.#factors = new Uint32Array(hkdfSync('sha256', secret, '', 'id-hash', DIGITS_MAX * 2 * 4));
  }

  /** The key of an id hash in lower-case hex, of at most 64 digits. */
  keyOf(hash: string): HashKey {
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
