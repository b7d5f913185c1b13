// API keys and the message signatures made with them (docs/federation.md#signed-messages). A key is shown once and kept
// only as its SHA-256; a message carries the key's id and an HMAC, never the key. This file does not decide what a key
// may do.

import {
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** The credential of a message whose signature headers are present and malformed. */
export const MALFORMED_CREDENTIAL = '-';
/** The message header that names the signing key: its id, 16 hex digits. */
export const KEY_ID_HEADER = 'Truebit-Key-Id';
/** The message header with the signature: base64 of the HMAC. Published statistics carry theirs under the same name. */
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

/** True if the text has the form of a key. */
export function isApiKey(text: string): boolean {
  return KEY.test(text);
}

/** The hash under which a key is kept: SHA-256 of its 43 characters, 64 lower-case hex digits. */
export function keyHashOf(key: string): string {
  return createHash('sha256').update(key, 'ascii').digest('hex');
}

/** The public id of a key: the first 16 hex digits of its hash. */
export function keyIdOf(keyHash: string): string {
  return keyHash.slice(0, KEY_ID_DIGITS);
}

/**
 * The secret of a key's signatures: the 32 bytes of its hash, as a key object. Reusing one object is five times as fast
 * as passing bytes.
 */
export function secretOf(keyHash: string): KeyObject {
  return createSecretKey(keyHash, 'hex');
}

/** Base64 of the HMAC over a payload on a `truebit.…` subject, made with the secret of {@link secretOf}. */
export function signMessage(secret: KeyObject, subject: string, payload: Uint8Array): string {
  return hmacOf(secret, subject, payload).toString('base64');
}

/**
 * True if `signature` (base64) equals that of {@link signMessage}. The comparison takes the same time wherever they
 * differ.
 */
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

/** True if both hashes are equal. The comparison takes the same time wherever they differ. */
export function isSameHash(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

/**
 * Joins the two headers into one short text: 16 characters of key id and 44 of signature. Returns {@link
 * MALFORMED_CREDENTIAL} if they are malformed, null if both are absent. All later stages therefore handle at most 60
 * bytes of a sender's headers.
 */
export function toCredential(keyIds: readonly string[], signatures: readonly string[]): string | null {
  if (keyIds.length === 0 && signatures.length === 0) return null;
  const [keyId = ''] = keyIds;
  const [signature = ''] = signatures;
  const isRight =
    keyIds.length === 1 && signatures.length === 1 && KEY_ID.test(keyId) && SIGNATURE.test(signature);
  return isRight ? keyId + signature : MALFORMED_CREDENTIAL;
}

/** Splits a credential into its parts; null if it is malformed. */
export function readCredential(
  credential: string,
): { readonly keyId: string; readonly signature: string } | null {
  if (credential === MALFORMED_CREDENTIAL) return null;
  return { keyId: credential.slice(0, KEY_ID_DIGITS), signature: credential.slice(KEY_ID_DIGITS) };
}

function hmacOf(secret: KeyObject, subject: string, payload: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${subject}\n`, 'utf8').update(payload).digest();
}

/** How the stream reader turns a message's headers into its credential. */
export const CREDENTIAL_HEADERS = {
  keyId: KEY_ID_HEADER,
  signature: SIGNATURE_HEADER,
  join: toCredential,
} as const;
