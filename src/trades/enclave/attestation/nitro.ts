// Documents of an AWS Nitro enclave, from a sidecar in the same enclave that speaks to its security module. The address
// is one of this machine; nothing leaves it.

import { errorCode } from '../../../lib/error-code.ts';
import { getOwnBytes } from '../../../lib/http-get.ts';
import { attestationFailed, DOCUMENT_BYTES_MAX, type Producer } from './producer.ts';

/** Time that the sidecar has for a document, in ms. */
export const SIDECAR_TIMEOUT_MS = 5_000;

/**
 * Asks the sidecar at `url`, an `http://` address of this machine, with the parameters `public_key`, `user_data` and
 * `nonce` in hex. The document is a COSE_Sign1 of the security module.
 */
export function createNitroProducer(url: string, publicKey: Uint8Array): Producer {
  return {
    platform: 'nitro',
    async document(userData, nonce) {
      const address = new URL(url);
      address.searchParams.set('public_key', Buffer.from(publicKey).toString('hex'));
      address.searchParams.set('user_data', Buffer.from(userData).toString('hex'));
      address.searchParams.set('nonce', Buffer.from(nonce).toString('hex'));
      const { status, bytes } = await getOwnBytes(address.href, SIDECAR_TIMEOUT_MS, DOCUMENT_BYTES_MAX).catch(
        (error: unknown) => {
          throw attestationFailed(
            `the sidecar at ATTESTATION_URL did not answer (${reasonOf(error)})`,
            error,
          );
        },
      );
      if (status !== 200) throw attestationFailed(`the sidecar at ATTESTATION_URL answered ${status}`);
      if (bytes.length === 0) throw attestationFailed('the sidecar at ATTESTATION_URL answered nothing');
      return bytes;
    },
  };
}

/** The error's code; an aborted request has a number instead. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && /^(?:TimeoutError|AbortError)$/.test(error.name))
    return `not within ${SIDECAR_TIMEOUT_MS / 1_000} s`;
  return errorCode(error) ?? `no usable answer of at most ${DOCUMENT_BYTES_MAX} bytes`;
}
