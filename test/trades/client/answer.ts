// Answers of an enclave to `GET /attestation`, as tests need them.

import { createHash } from 'node:crypto';
import { type PublicJwk, publicJwk } from '../../../src/lib/ed25519.ts';
import type { AttestationAnswer, BoundKeys } from '../../../src/trades/domain/attestation.ts';
import { AT_MS } from './nitro-maker.ts';

export { AT_MS };
export const NONCE = Buffer.alloc(32, 7);
export const HPKE_X = Buffer.alloc(32, 1).toString('base64url');
export const SIGNING_X = Buffer.alloc(32, 2).toString('base64url');
export const KEYS: BoundKeys = {
  configDigest: 'a'.repeat(64),
  hpkePublicKey: HPKE_X,
  signingPublicKey: SIGNING_X,
  version: '1.2.3',
};

/** The name of an HPKE key. */
export function kidOf(x: string): string {
  return createHash('sha256').update(`{"crv":"X25519","kty":"OKP","x":"${x}"}`).digest('base64url');
}

export interface AnswerChange {
  readonly version?: string;
  readonly config_digest?: string;
  readonly challenge?: string;
  readonly challenge_expires?: string;
  readonly hpke?: { readonly public_key: string };
  readonly signing?: PublicJwk;
}

/** A well-formed answer whose challenge holds for five minutes from {@link AT_MS}. */
export function answerOf(platform: string, document: Buffer, change: AnswerChange = {}): AttestationAnswer {
  const x = change.hpke?.public_key ?? HPKE_X;
  const jwk = change.signing ?? publicJwk(SIGNING_X);
  return {
    v: 1,
    platform: platform as AttestationAnswer['platform'],
    document: document.toString('base64url'),
    hpke: { kem: 32, kdf: 1, aead: 2, public_key: x, kid: kidOf(x) },
    signing: { jwk, kid: jwk.kid },
    version: change.version ?? KEYS.version,
    config_digest: change.config_digest ?? KEYS.configDigest,
    challenge: change.challenge ?? 'challenge-1',
    challenge_expires: change.challenge_expires ?? new Date(AT_MS + 300_000).toISOString(),
  };
}
