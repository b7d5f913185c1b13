// Signatures of payloads: Ed25519 over the bytes; the key is named by its RFC 7638 thumbprint. It sends nothing, and
// knows no header.

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** A public key in its published form: RFC 8037, with its thumbprint as `kid`. */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'EdDSA';
}

/** Signs with one key. */
export interface Signer {
  readonly publicKey: PublicJwk;
  /** The signature of a payload in its written form: `ed25519=` and base64. */
  sign(payload: Uint8Array): string;
}

const PREFIX = 'ed25519=';
/** 64 bytes in base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;

/** Makes a signer from the public half `x` and the private half `d` of a key, 32 bytes each in base64url. */
export function createSigner({ x, d }: { readonly x: string; readonly d: string }): Signer {
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x, d }, format: 'jwk' });
  return {
    publicKey: publicJwk(x),
    sign: (payload) => PREFIX + sign(null, payload, privateKey).toString('base64'),
  };
}

/** The published form of the public key `x`, 32 bytes in base64url. */
export function publicJwk(x: string): PublicJwk {
  return { kty: 'OKP', crv: 'Ed25519', x, kid: thumbprint(x), use: 'sig', alg: 'EdDSA' };
}

/** The published form of a key, public or private; null if it is no Ed25519 key. */
export function publicJwkOf(key: KeyObject): PublicJwk | null {
  if (key.asymmetricKeyType !== 'ed25519') return null;
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return x === undefined ? null : publicJwk(x);
}

/**
 * The RFC 7638 thumbprint of the public key `x`: SHA-256 over the required members in alphabetical order, in base64url.
 */
export function thumbprint(x: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
}

/**
 * The signature of a payload in standard base64: 88 characters. The work is done in the thread pool, so that a payload
 * of many megabytes does not hold up the caller's thread. Rejects with the system's error.
 */
export function signInPool(privateKey: KeyObject, payload: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    sign(null, payload, privateKey, (error, signature) => {
      if (error === null) resolve(signature.toString('base64'));
      else reject(error);
    });
  });
}

/**
 * True if `signature`, in its written form, was made over the payload with the key whose public half is `x`. Never
 * throws.
 */
export function isSignature(x: string, payload: Uint8Array, signature: string): boolean {
  return signature.startsWith(PREFIX) && isBase64Signature(x, payload, signature.slice(PREFIX.length));
}

/**
 * True if `base64` is a signature over the payload by the key whose public half is `x`. 64 bytes have only one spelling
 * in base64, padded; any other is no signature. Never throws.
 */
export function isBase64Signature(x: string, payload: Uint8Array, base64: string): boolean {
  if (!SIGNATURE.test(base64)) return false;
  const bytes = Buffer.from(base64, 'base64');
  // The last letter has four bits that belong to no byte.
  if (bytes.toString('base64') !== base64) return false;
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, payload, key, bytes);
  } catch {
    return false;
  }
}
