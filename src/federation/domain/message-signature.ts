// API keys and what is signed with them (specification, section 8). A key is shown once and kept only as its SHA-256;
// a message carries the key's id and an HMAC, never the key. It decides nothing about who may do what.

import {
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** What stands in a credential where headers of ours were there and made no sense. */
export const MALFORMED_CREDENTIAL = '-';
/** Names of the two headers that sign a message. */
export const KEY_ID_HEADER = 'Truebit-Key-Id';
export const SIGNATURE_HEADER = 'Truebit-Signature';

const KEY_BYTES = 32;
const KEY = /^[A-Za-z0-9_-]{43}$/;
const KEY_ID = /^[0-9a-f]{16}$/;
const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/;
const KEY_ID_DIGITS = 16;

/** A new key: 256 random bits, 43 characters of base64url. */
export function newApiKey(): string {
  return randomBytes(KEY_BYTES).toString('base64url');
}

/** True if the text could be a key. */
export function isApiKey(text: string): boolean {
  return KEY.test(text);
}

/** What is kept of a key: SHA-256 of its 43 characters, 64 lower-case hex digits. */
export function keyHashOf(key: string): string {
  return createHash('sha256').update(key, 'ascii').digest('hex');
}

/** What names a key in public: the first 16 hex digits of its hash. */
export function keyIdOf(keyHash: string): string {
  return keyHash.slice(0, KEY_ID_DIGITS);
}

/** The secret of a key's signatures: the 32 bytes of its hash. Made once and used often it is five times as quick as bytes. */
export function secretOf(keyHash: string): KeyObject {
  return createSecretKey(keyHash, 'hex');
}

/** Base64 of the HMAC that signs a payload on a `truebit.…` subject, with the secret of {@link secretOf}. */
export function signMessage(secret: KeyObject, subject: string, payload: Uint8Array): string {
  return hmacOf(secret, subject, payload).toString('base64');
}

/** True if `signature` (base64) is that of {@link signMessage}; takes as long whether it is nearly right or not at all. */
export function isMessageSignature(
  secret: KeyObject,
  subject: string,
  payload: Uint8Array,
  signature: string,
): boolean {
  const given = Buffer.from(signature, 'base64');
  const right = hmacOf(secret, subject, payload);
  return given.length === right.length && timingSafeEqual(given, right);
}

/** True if both hashes are the same; takes as long whether they are nearly the same or not at all. */
export function isSameHash(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

/**
 * The two headers as one short text: 16 characters of key id and 44 of signature, {@link MALFORMED_CREDENTIAL} if they make no
 * sense, null if neither is there. So a stranger's headers are at most 60 bytes for everyone behind the door.
 */
export function toCredential(keyIds: readonly string[], signatures: readonly string[]): string | null {
  if (keyIds.length === 0 && signatures.length === 0) return null;
  const [keyId = ''] = keyIds;
  const [signature = ''] = signatures;
  const isRight =
    keyIds.length === 1 && signatures.length === 1 && KEY_ID.test(keyId) && SIGNATURE.test(signature);
  return isRight ? keyId + signature : MALFORMED_CREDENTIAL;
}

/** The parts of a credential; null if it was malformed. */
export function readCredential(
  credential: string,
): { readonly keyId: string; readonly signature: string } | null {
  if (credential === MALFORMED_CREDENTIAL) return null;
  return { keyId: credential.slice(0, KEY_ID_DIGITS), signature: credential.slice(KEY_ID_DIGITS) };
}

function hmacOf(secret: KeyObject, subject: string, payload: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${subject}\n`, 'utf8').update(payload).digest();
}

/** How a message says who signed it. */
export const CREDENTIAL_HEADERS = {
  keyId: KEY_ID_HEADER,
  signature: SIGNATURE_HEADER,
  join: toCredential,
} as const;
