// Public keys by which summaries are verified. The id of a key is the thumbprint that is computed from it; an id that a
// list gives is ignored.

import { createPublicKey } from 'node:crypto';
import { isObject } from '../../lib/is-object.ts';
import { publicJwkOf, thumbprint } from '../../lib/ed25519.ts';
import type { Provenance } from './facts.ts';

/** A public key for verification. */
export interface VerificationKey {
  /** The public half: 32 bytes in base64url. */
  readonly x: string;
  /** What summaries the key signs; null if its source does not say, and then any. */
  readonly provenance: Provenance | null;
}

/** Keys by thumbprint. */
export type VerificationKeys = ReadonlyMap<string, VerificationKey>;

/** Keys of one source; more are left out. */
const KEYS_MAX = 100;

/**
 * Reads the Ed25519 keys of a text: a JWK set, one JWK, or PEM (of a private key its public half). Other keys are left
 * out; a text without any gives an empty map. Never throws.
 */
export function readVerificationKeys(text: string): VerificationKeys {
  const found = text.includes('-----BEGIN ') ? keysOfPem(text) : keysOfJson(text);
  return new Map(found.slice(0, KEYS_MAX).map((key) => [thumbprint(key.x), key]));
}

const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----[^-]*-----END \1-----/g;

function keysOfPem(text: string): readonly VerificationKey[] {
  return (text.match(PEM_BLOCK) ?? []).flatMap((block) => {
    try {
      const key = publicJwkOf(createPublicKey(block));
      return key === null ? [] : [{ x: key.x, provenance: null }];
    } catch {
      return [];
    }
  });
}

function keysOfJson(text: string): readonly VerificationKey[] {
  const value = parse(text);
  if (!isObject(value)) return [];
  const all: readonly unknown[] = Array.isArray(value['keys']) ? value['keys'] : [value];
  return all.flatMap((key) => {
    if (!isObject(key) || key['crv'] !== 'Ed25519' || !isPublicHalf(key['x'])) return [];
    return [{ x: key['x'], provenance: provenanceOf(key['provenance']) }];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** 32 bytes have only one spelling in base64url. */
function isPublicHalf(x: unknown): x is string {
  if (typeof x !== 'string' || x.length !== 43) return false;
  return Buffer.from(x, 'base64url').toString('base64url') === x;
}

function provenanceOf(value: unknown): Provenance | null {
  return value === 'client_reported' || value === 'polled' ? value : null;
}
