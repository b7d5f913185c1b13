// Encrypts the salt for one key holder (docs/federation.md#joining): AES-256-GCM under a key that both sides derive
// from the API key's hash. Without that hash the sealed text reveals nothing.

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const INFO = 'truebit-federation-join';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const ALGORITHM = 'aes-256-gcm';

/** Seals the salt's 64 hex digits: base64(nonce ‖ ciphertext ‖ tag). `secret` is the 32 bytes of key_hash. */
export function sealSalt(salt: string, secret: Uint8Array, aggregatorId: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, keyFrom(secret), nonce).setAAD(Buffer.from(aggregatorId));
  return Buffer.concat([nonce, cipher.update(salt, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64',
  );
}

/** Opens a sealed salt. Throws if it was sealed with another key or for another aggregator, or was altered. */
export function openSalt(sealed: string, secret: Uint8Array, aggregatorId: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const tagAt = bytes.length - TAG_BYTES;
  if (tagAt < NONCE_BYTES) throw new Error('the sealed salt is too short');
  const decipher = createDecipheriv(ALGORITHM, keyFrom(secret), bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(aggregatorId)).setAuthTag(bytes.subarray(tagAt));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, tagAt)), decipher.final()]).toString(
    'utf8',
  );
}

function keyFrom(secret: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, new Uint8Array(0), INFO, KEY_BYTES));
}
