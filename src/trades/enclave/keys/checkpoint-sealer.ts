// Seals the state of an account, so that the service can keep it and cannot read or change it: packed, then encrypted
// with AES-256-GCM under a key of the account. It knows nothing of what it seals.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Longest state, in bytes of UTF-8. */
export const CHECKPOINT_PLAIN_BYTES_MAX = 134_217_728;
/** Longest sealed state, in bytes before base64: in base64 it fits into a message of the link (32 MiB). */
export const CHECKPOINT_SEALED_BYTES_MAX = 25_000_000;

const VERSION = 1;
const VERSION_BYTES = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = VERSION_BYTES + NONCE_BYTES;
const ALGORITHM = 'aes-256-gcm';

/** Seals and opens. The nonces are random; one key seals far fewer than 2^32 states in the life of an account. */
export class CheckpointSealer {
  readonly #keyOf: (accountId: string) => Uint8Array;

  /** `keyOf` derives the 32 bytes of an account's key. */
  constructor(keyOf: (accountId: string) => Uint8Array) {
    this.#keyOf = keyOf;
  }

  /**
   * The sealed state in base64: version (1 byte) ‖ nonce ‖ ciphertext ‖ tag. Null if the state is longer than
   * {@link CHECKPOINT_PLAIN_BYTES_MAX}, or sealed than {@link CHECKPOINT_SEALED_BYTES_MAX}.
   */
  seal(accountId: string, state: string): string | null {
    const plain = Buffer.from(state, 'utf8');
    if (plain.length > CHECKPOINT_PLAIN_BYTES_MAX) return null;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#keyOf(accountId), nonce).setAAD(boundTo(accountId));
    const parts = [Buffer.of(VERSION), nonce, cipher.update(zstdCompressSync(plain)), cipher.final()];
    const sealed = Buffer.concat([...parts, cipher.getAuthTag()]);
    return sealed.length > CHECKPOINT_SEALED_BYTES_MAX ? null : sealed.toString('base64');
  }

  /** The state; null if the text was not sealed by this key for this account, was altered, or is too long. Never throws. */
  open(accountId: string, sealed: string): string | null {
    if (sealed.length > Math.ceil(CHECKPOINT_SEALED_BYTES_MAX / 3) * 4) return null;
    const bytes = Buffer.from(sealed, 'base64');
    const tagAt = bytes.length - TAG_BYTES;
    if (bytes[0] !== VERSION || tagAt < HEAD_BYTES) return null;
    const nonce = bytes.subarray(VERSION_BYTES, HEAD_BYTES);
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#keyOf(accountId), nonce, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(boundTo(accountId)).setAuthTag(bytes.subarray(tagAt));
      const packed = Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES, tagAt)), decipher.final()]);
      return zstdDecompressSync(packed, { maxOutputLength: CHECKPOINT_PLAIN_BYTES_MAX }).toString('utf8');
    } catch {
      return null;
    }
  }
}

/** What a sealed state is bound to besides its key. */
function boundTo(accountId: string): Buffer {
  return Buffer.from(`perf-aggregator/checkpoint/v${VERSION}\0${accountId}`, 'utf8');
}
