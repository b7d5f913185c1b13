// Answers `GET /attestation`: the enclave's keys with the document that binds them, and a challenge for one registration.
// What the document is bound to is fixed when this is made, before any port is open.

import type { PublicJwk } from '../../../lib/ed25519.ts';
import { type AttestationAnswer, userDataOf } from '../../domain/attestation.ts';
import type { Challenges } from '../keys/challenges.ts';
import type { Producer } from './producer.ts';

/** What the answers consist of. */
export interface AttestorParts {
  readonly producer: Producer;
  readonly challenges: Pick<Challenges, 'issue'>;
  /** The key for envelopes; `publicKey` is in base64url. */
  readonly envelopeKey: { readonly publicKey: string; readonly kid: string };
  /** The key of summaries. */
  readonly signingJwk: PublicJwk;
  /** The program's version. */
  readonly version: string;
  /** SHA-256 of the settings, in hex. */
  readonly configDigest: string;
}

/** Bytes of the nonce of {@link Attestor.check}. */
const CHECK_NONCE_BYTES = 32;

/** The attestation of one process. */
export class Attestor {
  readonly #parts: AttestorParts;
  readonly #userData: Buffer;

  constructor(parts: AttestorParts) {
    this.#parts = parts;
    const { configDigest, envelopeKey, signingJwk, version } = parts;
    this.#userData = userDataOf({
      configDigest,
      hpkePublicKey: envelopeKey.publicKey,
      signingPublicKey: signingJwk.x,
      version,
    });
  }

  /** Asks for one document and discards it, so that a start without the hardware fails. Errors: `attestation_failed`. */
  async check(): Promise<void> {
    await this.#parts.producer.document(this.#userData, new Uint8Array(CHECK_NONCE_BYTES));
  }

  /** The answer for a nonce of 16 to 64 bytes. Errors: `attestation_failed`. */
  async answer(nonce: Uint8Array): Promise<AttestationAnswer> {
    const { producer, challenges, envelopeKey, signingJwk, version, configDigest } = this.#parts;
    const document = await producer.document(this.#userData, nonce);
    const challenge = challenges.issue();
    return {
      v: 1,
      platform: producer.platform,
      document: Buffer.from(document).toString('base64url'),
      hpke: { kem: 32, kdf: 1, aead: 2, public_key: envelopeKey.publicKey, kid: envelopeKey.kid },
      signing: { jwk: signingJwk, kid: signingJwk.kid },
      version,
      config_digest: configDigest,
      challenge: challenge.text,
      challenge_expires: new Date(challenge.expiresAtMs).toISOString(),
    };
  }
}
