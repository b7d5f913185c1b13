// Seals envelopes as a client does, with a second implementation of HPKE.

import * as hpke from 'hpke';
import {
  type Envelope,
  ENVELOPE_INFO,
  envelopeAad,
  type EnvelopeMetadata,
} from '../../../../src/trades/domain/envelope.ts';

const SUITE = new hpke.CipherSuite(
  hpke.KEM_DHKEM_X25519_HKDF_SHA256,
  hpke.KDF_HKDF_SHA256,
  hpke.AEAD_AES_256_GCM,
);

/** Seals a plain text for a key; `bound` replaces what it is bound to. */
export async function sealEnvelope(
  { kid, publicKey }: { readonly kid: string; readonly publicKey: string },
  metadata: EnvelopeMetadata,
  plain: string,
  bound: { readonly info?: string; readonly aad?: string } = {},
): Promise<Envelope> {
  const open = { v: 1, kid, metadata } as const;
  const key = await SUITE.DeserializePublicKey(Buffer.from(publicKey, 'base64url'));
  const { encapsulatedSecret, ciphertext } = await SUITE.Seal(key, Buffer.from(plain, 'utf8'), {
    info: Buffer.from(bound.info ?? ENVELOPE_INFO),
    aad: Buffer.from(bound.aad ?? envelopeAad(open)),
  });
  return {
    ...open,
    enc: Buffer.from(encapsulatedSecret).toString('base64url'),
    ct: Buffer.from(ciphertext).toString('base64url'),
  };
}
