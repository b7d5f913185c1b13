// The headers that sign published statistics (docs/federation.md#statistics). It publishes nothing.

import { headers, type MsgHdrs } from '../../io/nats.ts';
import type { Signer } from '../../lib/ed25519.ts';
import { KEY_ID_HEADER, SIGNATURE_HEADER } from '../domain/message-signature.ts';

/** New headers with the signature over `payload`. */
export function signedHeaders(signer: Signer, payload: Uint8Array): MsgHdrs {
  const signed = headers();
  signed.set(KEY_ID_HEADER, signer.publicKey.kid);
  signed.set(SIGNATURE_HEADER, signer.sign(payload));
  return signed;
}
