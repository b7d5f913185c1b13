// What an enclave proves about itself: the keys that it holds, bound to the hardware's document. Both sides compute the
// same bytes. Pure.

import { createHash } from 'node:crypto';
import type { PublicJwk } from '../../lib/ed25519.ts';
import { canonicalText } from './canonical.ts';
import type { Platform } from './enclave-link.ts';

/** Bytes that a nonce may have. */
export const NONCE_BYTES = { least: 16, most: 64 } as const;

/** `GET /attestation`. Members have the names of the wire; binary members are base64url without padding. */
export interface AttestationAnswer {
  readonly v: 1;
  readonly platform: Platform;
  /** The hardware's document; empty on `none`. */
  readonly document: string;
  /** KEM X25519-HKDF-SHA256 (32), KDF HKDF-SHA256 (1), AEAD AES-256-GCM (2) of RFC 9180. */
  readonly hpke: {
    readonly kem: 32;
    readonly kdf: 1;
    readonly aead: 2;
    readonly public_key: string;
    /** RFC 7638 thumbprint of the public key as a JWK (`OKP`, `X25519`). */
    readonly kid: string;
  };
  readonly signing: { readonly jwk: PublicJwk; readonly kid: string };
  readonly version: string;
  readonly config_digest: string;
  /** For one registration within five minutes. */
  readonly challenge: string;
  /** ISO time. */
  readonly challenge_expires: string;
}

/** What a document is bound to. */
export interface BoundKeys {
  /** SHA-256 of the settings, in hex. */
  readonly configDigest: string;
  /** Base64url without padding, 32 bytes. */
  readonly hpkePublicKey: string;
  /** Base64url without padding: the `x` of the signing key. */
  readonly signingPublicKey: string;
  readonly version: string;
}

/** `user_data` of the document: SHA-256 of the canonical JSON of the keys. */
export function userDataOf({ configDigest, hpkePublicKey, signingPublicKey, version }: BoundKeys): Buffer {
  const bound = {
    config_digest: configDigest,
    hpke_pk: hpkePublicKey,
    signing_pk: signingPublicKey,
    version,
  };
  return createHash('sha256').update(canonicalText(bound, 'rfc8785')).digest();
}

/** `REPORT_DATA` of a report of SEV-SNP or TDX: SHA-512 of user data and nonce. */
export function reportDataOf(userData: Uint8Array, nonce: Uint8Array): Buffer {
  return createHash('sha512').update(userData).update(nonce).digest();
}
