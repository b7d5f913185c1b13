// HMAC-SHA256 (RFC 2104) of short texts under one key, for names that are made by the million: two one-shot hashes cost less
// than half of an `Hmac` object (2.7 and 5.6 µs, measured on a busy machine).

import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const BYTES = 'binary';

/** HMAC-SHA256 under one key. */
export class HmacSha256 {
  /** The block of the key, and behind it room for the text. */
  #inner: Buffer;
  /** The block of the key, and behind it the inner hash. */
  readonly #outer: Buffer;

  /** `key` has at most 64 bytes. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError('a key of HMAC-SHA256 has at most 64 bytes here');
    this.#inner = blockOf(key, 0x36, 4 * BLOCK_BYTES);
    this.#outer = blockOf(key, 0x5c, HASH_BYTES);
  }

  /** The first `bytes` bytes of the HMAC of the text in UTF-8; at most 32. */
  of(text: string, bytes: number): Buffer {
    // A character has at most three bytes in UTF-8.
    const room = BLOCK_BYTES + text.length * 3;
    if (this.#inner.length < room) this.#inner = Buffer.concat([this.#inner], room);
    const length = this.#inner.write(text, BLOCK_BYTES, 'utf8');
    // One character is one byte; this is faster than buffers that the hash makes.
    this.#outer.write(
      hash('sha256', this.#inner.subarray(0, BLOCK_BYTES + length), BYTES),
      BLOCK_BYTES,
      BYTES,
    );
    return Buffer.from(hash('sha256', this.#outer, BYTES).slice(0, bytes), BYTES);
  }
}

function blockOf(key: Uint8Array, mask: number, roomBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES + roomBytes);
  block.fill(mask, 0, BLOCK_BYTES);
  for (const [index, byte] of key.entries()) block[index] = byte ^ mask;
  return block;
}
