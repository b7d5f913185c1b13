// The envelope in which credentials reach the enclave: what of it is open, and what is bound to it. Both sides compute
// the same bytes; neither seals nor opens here. Pure.

import { createHash } from 'node:crypto';
import { canonicalText } from './canonical.ts';

/** `info` of RFC 9180. */
export const ENVELOPE_INFO = 'perf-aggregator/credentials/v1';
/** Longest plain text in bytes. */
export const ENVELOPE_PLAIN_BYTES_MAX = 16_384;
/** Bytes of the tag at the end of a ciphertext. */
export const ENVELOPE_TAG_BYTES = 16;

/** The open part. Members have the names of the wire. */
export interface EnvelopeMetadata {
  readonly exchange: string;
  readonly label: string;
  /** Seconds. */
  readonly ttl: number;
  readonly challenge: string;
}

/** `POST /enclave/submit_key`. Members have the names of the wire; binary members are base64url without padding. */
export interface Envelope {
  readonly v: 1;
  /** The HPKE key for which it is sealed. */
  readonly kid: string;
  /** The encapsulated key: 32 bytes. */
  readonly enc: string;
  /** The ciphertext with its tag. */
  readonly ct: string;
  readonly metadata: EnvelopeMetadata;
}

/** `aad` of RFC 9180: the canonical JSON of the open part. */
export function envelopeAad({ kid, metadata, v }: Pick<Envelope, 'kid' | 'metadata' | 'v'>): string {
  return canonicalText({ kid, metadata, v }, 'rfc8785');
}

/** The id of an HPKE key: the RFC 7638 thumbprint of its 32 bytes, in base64url, as a JWK (`OKP`, `X25519`). */
export function envelopeKeyId(publicKey: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv: 'X25519', kty: 'OKP', x: publicKey }))
    .digest('base64url');
}

/**
 * Why an envelope has no plain text. `unknown_kid`: it was sealed for another key, that of an enclave before its restart.
 * `not_opened`: it was altered, or sealed in another way.
 */
export type EnvelopeFault = 'unknown_kid' | 'not_opened';
