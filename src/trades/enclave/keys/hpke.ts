// Opens what was sealed with HPKE (RFC 9180, base mode): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. It knows
// no envelope.

import type { webcrypto } from 'node:crypto';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';

const SUITE = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

/** A sealed message with what it is bound to. */
export interface SealedMessage {
  /** The encapsulated key: 32 bytes. */
  readonly enc: Uint8Array;
  /** The ciphertext with its tag. */
  readonly ct: Uint8Array;
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
}

/** The plain text; null if the message was not sealed for this key, or anything of it was altered. Never rejects. */
export async function openSealed(
  key: webcrypto.CryptoKeyPair,
  { enc, ct, info, aad }: SealedMessage,
): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await SUITE.open({ recipientKey: key, enc, info }, ct, aad));
  } catch {
    // The library's errors say which step failed, and a stranger is told only that one did.
    return null;
  }
}
