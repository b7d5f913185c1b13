// The key for which credentials are sealed: a fresh X25519 key for each process, which never leaves it. It reads nothing
// of what it opens.

import { webcrypto } from 'node:crypto';
import {
  type Envelope,
  ENVELOPE_INFO,
  ENVELOPE_PLAIN_BYTES_MAX,
  ENVELOPE_TAG_BYTES,
  envelopeAad,
  type EnvelopeFault,
  envelopeKeyId,
} from '../../domain/envelope.ts';
import { openSealed } from './hpke.ts';

const INFO = Buffer.from(ENVELOPE_INFO, 'ascii');

/** One key. Printing it shows only its public half. */
export class EnvelopeKey {
  /** 32 bytes in base64url. */
  readonly publicKey: string;
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly #pair: webcrypto.CryptoKeyPair;

  private constructor(pair: webcrypto.CryptoKeyPair, publicKey: string) {
    this.#pair = pair;
    this.publicKey = publicKey;
    this.kid = envelopeKeyId(publicKey);
  }

  /** Makes a key whose private half nothing can read out again. */
  static async create(): Promise<EnvelopeKey> {
    const pair = await webcrypto.subtle.generateKey('X25519', false, ['deriveBits']);
    if (!('publicKey' in pair)) throw new TypeError('a pair of keys was asked for');
    const raw = await webcrypto.subtle.exportKey('raw', pair.publicKey);
    return new EnvelopeKey(pair, Buffer.from(raw).toString('base64url'));
  }

  /** The plain text of an envelope, or why it has none. Whoever has read the bytes should overwrite them. */
  async open(envelope: Envelope): Promise<Uint8Array | EnvelopeFault> {
    if (envelope.kid !== this.kid) return 'unknown_kid';
    const ct = Buffer.from(envelope.ct, 'base64url');
    if (ct.length > ENVELOPE_PLAIN_BYTES_MAX + ENVELOPE_TAG_BYTES) return 'not_opened';
    const plain = await openSealed(this.#pair, {
      enc: Buffer.from(envelope.enc, 'base64url'),
      ct,
      info: INFO,
      aad: Buffer.from(envelopeAad(envelope), 'utf8'),
    });
    return plain ?? 'not_opened';
  }
}
