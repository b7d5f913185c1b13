// Checks who sent a message: its headers and the keys in force, between validation and the limits
// (docs/federation.md#at-the-door). It stores nothing and counts nothing.

import type { KeyObject } from 'node:crypto';
import { type ApiKey, judgeClaim, type KeyBook, type Signature } from '../domain/api-keys.ts';
import { SUBJECTS } from '../domain/vocabulary.ts';
import { isMessageSignature, readCredential, secretOf } from '../domain/message-signature.ts';
import type { BatchMessage } from '../sources/batch.ts';

/**
 * Authenticates one valid message of `nodeId`. Returns the signing key, null if unsigned and no signature is required,
 * or the reason for rejection.
 */
export type Authenticate = (
  message: Pick<BatchMessage, 'subject' | 'payload' | 'atMs' | 'credential'> &
    Partial<Pick<BatchMessage, 'seq'>>,
  nodeId: string,
) => ApiKey | null | 'unauthenticated' | 'wrong_node';

/**
 * Makes a function that checks messages against the keys that `book` returns at that moment. `eventMs` converts an
 * event time to the event clock.
 */
export function createAuthenticator(
  book: () => KeyBook,
  isRequired: boolean,
  eventMs: (atMs: number) => number,
): Authenticate {
  const secrets = new WeakMap<ApiKey, KeyObject>();
  const secretOfKey = (key: ApiKey) => {
    const known = secrets.get(key) ?? secretOf(key.keyHash);
    secrets.set(key, known);
    return known;
  };
  return ({ subject, payload, atMs, seq, credential = null }, nodeId) => {
    const signature = toSignature(credential, subject, payload, secretOfKey);
    // On plain NATS a message arrives now, after every change to the keys, whatever the wall clock shows.
    const claimedAtMs = seq === null ? Infinity : eventMs(atMs);
    return judgeClaim(book(), isRequired, { nodeId, atMs: claimedAtMs, signature });
  };
}

function toSignature(
  credential: string | null,
  subject: number,
  payload: Uint8Array,
  secretOfKey: (key: ApiKey) => KeyObject,
): Signature | null | 'unsigned' {
  if (credential === null) return 'unsigned';
  const parts = readCredential(credential);
  if (parts === null) return null;
  const { keyId, signature } = parts;
  return {
    keyId,
    // The subject that the monitor used, even if the broker maps it to another.
    fits: (key) => isMessageSignature(secretOfKey(key), SUBJECTS[subject] ?? '', payload, signature),
  };
}
