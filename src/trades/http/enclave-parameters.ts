// The parameter of the enclave's attestation, and the error codes of its refusals.

import { query, text } from '../../http/parameter.ts';
import { NONCE_BYTES } from '../domain/attestation.ts';

/**
 * Error codes of the enclave's own refusals with their statuses, in addition to those of every program and of the
 * accounts; `docs/errors.md` lists them.
 */
export const ENCLAVE_ERRORS = {
  bad_nonce: 400,
  unencrypted: 400,
  unknown_kid: 400,
  not_opened: 400,
  challenge_refused: 400,
  session_unknown: 401,
  too_many_failures: 429,
  busy: 503,
  resuming: 503,
  attestation_failed: 503,
} as const;

/** One of the codes of {@link ENCLAVE_ERRORS}. */
export type EnclaveErrorCode = keyof typeof ENCLAVE_ERRORS;

/** What a nonce may be. */
export const BAD_NONCE = `${NONCE_BYTES.least} to ${NONCE_BYTES.most} random bytes in base64url without padding`;

/** The query string of the attestation. */
export const NONCE_QUERY = query({
  nonce: { ...text(/^[A-Za-z0-9_-]{22,86}$/, 'bad_nonce', BAD_NONCE), description: `Required: ${BAD_NONCE}` },
});
