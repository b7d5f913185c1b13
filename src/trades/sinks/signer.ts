// Signs summaries with one key. It reads no file and keeps no text.

import type { KeyObject } from 'node:crypto';
import { type PublicJwk, signInPool } from '../../lib/ed25519.ts';

/** A private key and its public half. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicJwk;
}

/** Signs with the key that it is given. */
export class SummarySigner {
  readonly publicKey: PublicJwk;
  readonly #privateKey: KeyObject;

  constructor({ privateKey, publicKey }: SigningKey) {
    this.#privateKey = privateKey;
    this.publicKey = publicKey;
  }

  /**
   * The signature over the UTF-8 bytes of a canonical text, in standard base64: 88 characters. A long text does not hold
   * up this thread. Rejects with the system's error.
   */
  sign(canonicalText: string): Promise<string> {
    return signInPool(this.#privateKey, Buffer.from(canonicalText));
  }
}
