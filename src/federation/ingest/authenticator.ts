// Says who sent a message: its headers and the keys in force, between validation and the limits
// (docs/federation.md#at-the-door). It keeps nothing and counts nothing.

import type { KeyObject } from 'node:crypto';
import { type ApiKey, judgeClaim, type KeyBook, type Signature } from '../domain/api-keys.ts';
import { SUBJECTS } from '../domain/vocabulary.ts';
import { isMessageSignature, readCredential, secretOf } from '../domain/message-signature.ts';
import type { BatchMessage } from '../sources/batch.ts';

/** Judges one valid message of `nodeId`: the key that signed it, null if none did and none had to, or the refusal. */
export type Authenticate = (
  message: Pick<BatchMessage, 'subject' | 'payload' | 'atMs' | 'credential'> &
    Partial<Pick<BatchMessage, 'seq'>>,
  nodeId: string,
) => ApiKey | null | 'unauthenticated' | 'wrong_node';

/** Judges by the keys that `book` gives at that moment; `eventMs` says what the event clock shows for an event time. */
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
    // What plain NATS brings comes now, behind all that was done to keys, whatever the wall clock says.
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
    // The name that the monitor used, also where the broker maps it.
    fits: (key) => isMessageSignature(secretOfKey(key), SUBJECTS[subject] ?? '', payload, signature),
  };
}
