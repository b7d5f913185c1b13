// What gives the hardware's document. Each kind of hardware has a file of its own; this one has what they share.

import { CodedError } from '../../../lib/errors.ts';
import type { Platform } from '../../domain/enclave-link.ts';

/** Longest document, in bytes: a report with its certificates has 4 to 20 KiB. */
export const DOCUMENT_BYTES_MAX = 65_536;

/** Gives documents of one kind of hardware. */
export interface Producer {
  readonly platform: Platform;
  /**
   * A fresh document that is bound to `userData` (32 bytes) and to the client's nonce (16 to 64 bytes). Empty on `none`.
   * Errors: `attestation_failed`.
   */
  document(userData: Uint8Array, nonce: Uint8Array): Promise<Uint8Array>;
}

/** The error of a document that cannot be had. `why` is a clause of this program. */
export function attestationFailed(why: string, cause?: unknown): CodedError {
  return new CodedError('attestation_failed', `The hardware gave no attestation document: ${why}.`, {
    cause,
  });
}
