// The headers that sign a message with the API key (docs/federation.md#signed-messages). The key itself is never sent.

import type { KeyObject } from 'node:crypto';
import {
  KEY_ID_HEADER,
  keyHashOf,
  keyIdOf,
  secretOf,
  SIGNATURE_HEADER,
  signMessage,
} from '../../federation/domain/message-signature.ts';
import { headers, type MsgHdrs } from '../../io/nats.ts';

/** Signs with one key. */
export class Signing {
  /** SHA-256 of the key, 64 hex digits. */
  readonly keyHash: string;
  readonly #secret: KeyObject;

  /** `apiKey` is 43 characters of base64url. */
  constructor(apiKey: string) {
    this.keyHash = keyHashOf(apiKey);
    this.#secret = secretOf(this.keyHash);
  }

  /** The headers for a payload on a subject. */
  headersFor(subject: string, payload: Uint8Array): MsgHdrs {
    const signed = headers();
    signed.set(KEY_ID_HEADER, keyIdOf(this.keyHash));
    signed.set(SIGNATURE_HEADER, signMessage(this.#secret, subject, payload));
    return signed;
  }
}
