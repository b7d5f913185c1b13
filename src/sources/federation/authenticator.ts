// Says who sent a message: its headers and the keys in force, between validation and the limits (section 7). It keeps
// nothing and counts nothing.

import { type ApiKey, judgeClaim, type KeyBook, type Signature } from '../../domain/federation/api-keys.ts';
import { SUBJECTS } from '../../domain/federation/vocabulary.ts';
import { isMessageSignature, readCredential } from '../../lib/api-key.ts';
import type { BatchMessage } from './batch.ts';

/** Judges one valid message of `nodeId`: the key that signed it, null if none did and none had to, or the refusal. */
export type Authenticate = (
  message: Pick<BatchMessage, 'subject' | 'payload' | 'atMs' | 'credential'>,
  nodeId: string,
) => ApiKey | null | 'unauthenticated' | 'wrong_node';

/** Judges by the keys that `book` holds at that moment. */
export function createAuthenticator(book: KeyBook, isRequired: boolean): Authenticate {
  return ({ subject, payload, atMs, credential = null }, nodeId) =>
    judgeClaim(book, isRequired, { nodeId, atMs, signature: toSignature(credential, subject, payload) });
}

function toSignature(
  credential: string | null,
  subject: number,
  payload: Uint8Array,
): Signature | null | 'unsigned' {
  if (credential === null) return 'unsigned';
  const parts = readCredential(credential);
  if (parts === null) return null;
  const { keyId, signature } = parts;
  return {
    keyId,
    // The name that the monitor used, also where the broker maps it.
    fits: (keyHash) =>
      isMessageSignature(Buffer.from(keyHash, 'hex'), SUBJECTS[subject] ?? '', payload, signature),
  };
}
