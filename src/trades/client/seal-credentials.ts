// Seals the credentials of an exchange account for the key of one enclave (HPKE, RFC 9180, base mode). Who holds that key
// is shown elsewhere, before; it sends nothing.

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import type { Credentials } from '../domain/account.ts';
import {
  type Envelope,
  ENVELOPE_INFO,
  ENVELOPE_PLAIN_BYTES_MAX,
  envelopeAad,
  type EnvelopeMetadata,
} from '../domain/envelope.ts';
import type { AccountType } from '../domain/registration.ts';

/** What is sealed. Members have the names of the wire; never log it. */
export interface SealedText extends Credentials {
  /** A name for people. */
  readonly userId?: string;
  readonly accountType?: AccountType;
  readonly sandbox?: boolean;
  readonly symbols?: readonly string[];
  /** Ms. */
  readonly apiInterval?: number;
  readonly maxRetries?: number;
  /** Ms since 1970. */
  readonly since?: number;
}

/** The key of an enclave. */
export interface Recipient {
  /** 32 bytes in base64url. */
  readonly publicKey: string;
  readonly kid: string;
}

const SUITE = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

/** The envelope for `POST /enclave/submit_key`. Throws `RangeError` if the text is longer than an envelope may hold. */
export async function sealCredentials(
  text: SealedText,
  { publicKey, kid }: Recipient,
  metadata: EnvelopeMetadata,
): Promise<Envelope> {
  const plain = Buffer.from(JSON.stringify(text), 'utf8');
  try {
    if (plain.length > ENVELOPE_PLAIN_BYTES_MAX) {
      throw new RangeError(`The sealed text would be longer than ${ENVELOPE_PLAIN_BYTES_MAX} bytes.`);
    }
    const recipientPublicKey = await SUITE.kem.deserializePublicKey(Buffer.from(publicKey, 'base64url'));
    const sender = await SUITE.createSenderContext({
      recipientPublicKey,
      info: Buffer.from(ENVELOPE_INFO, 'ascii'),
    });
    const ct = await sender.seal(plain, Buffer.from(envelopeAad({ kid, metadata, v: 1 }), 'utf8'));
    return { v: 1, kid, enc: base64url(sender.enc), ct: base64url(ct), metadata };
  } finally {
    plain.fill(0);
  }
}

function base64url(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('base64url');
}
