// Signatures of payloads: Ed25519 over the bytes; the key is named by its RFC 7638 thumbprint. It sends nothing, and
// knows no header.

import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';

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
    publicKey: { kty: 'OKP', crv: 'Ed25519', x, kid: thumbprint(x), use: 'sig', alg: 'EdDSA' },
    sign: (payload) => PREFIX + sign(null, payload, privateKey).toString('base64'),
  };
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
 * True if `signature`, in its written form, was made over the payload with the key whose public half is `x`. Never
 * throws.
 */
export function isSignature(x: string, payload: Uint8Array, signature: string): boolean {
  const base64 = signature.slice(PREFIX.length);
  if (!signature.startsWith(PREFIX) || !SIGNATURE.test(base64)) return false;
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, payload, key, Buffer.from(base64, 'base64'));
  } catch {
    return false;
  }
}
