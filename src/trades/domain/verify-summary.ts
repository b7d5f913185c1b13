// Says whether a summary is genuine: recomputes the text that must have been signed, and checks the signature with the
// keys that it is given. It trusts these keys and nothing else.

import { isBase64Signature } from '../../lib/ed25519.ts';
import { canonicalText, digestOf, NotCanonicalError } from './canonical.ts';
import type { Provenance } from './facts.ts';
import { readSummary, type SignedSummary } from './read-summary.ts';
import type { Canonical, SummaryPayload } from './summary.ts';
import type { VerificationKey, VerificationKeys } from './verification-key.ts';

/** A genuine summary. */
export interface Genuine {
  readonly kind: 'ok';
  /** SHA-256 of the signed bytes, in hex. */
  readonly digest: string;
  /** Thumbprint of the key that signed it. */
  readonly keyId: string;
  /** What the summary says, else what the source of the key says; null if neither does. */
  readonly provenance: Provenance | null;
  /** How the signed bytes were written. */
  readonly canonical: Canonical;
  readonly payload: SummaryPayload;
}

/** A body that is no genuine summary. */
export interface NotGenuine {
  /** `shape`: no summary. `unknown_key`: no key that may sign it is known. `signature`: the key did not sign this. */
  readonly kind: 'shape' | 'unknown_key' | 'signature';
  /** Why, in words of this program: a clause without text of the body. */
  readonly reason: string;
}

/**
 * Checks the body of an ingest request. Without metadata the body names no key, and each key is tried. Never throws.
 */
export function verifySummary(body: string | Uint8Array, keys: VerificationKeys): Genuine | NotGenuine {
  const read = readSummary(body);
  if (read.type === 'not_summary') return { kind: 'shape', reason: read.reason };
  const { metadata } = read.payload;
  // Only the plain form has a mark, and earlier programs leave it out.
  const form = metadata?.canonical ?? 'rfc8785';
  const text = writtenOrFault(read.payload, form);
  if (typeof text !== 'string') return text;
  const known = [...keys].filter(([keyId]) => metadata === undefined || keyId === metadata.key_id);
  if (known.length === 0) return { kind: 'unknown_key', reason: 'no key that it names is known' };
  const signers = known.filter(([, key]) => maySign(key, metadata?.provenance));
  if (signers.length === 0) {
    return { kind: 'unknown_key', reason: 'its key does not sign summaries of this provenance' };
  }
  const genuine = check(read, signers, text, form);
  if (genuine !== null) return genuine;
  const plain = canonicalText(read.payload, 'plain');
  return (plain === text ? null : check(read, signers, plain, 'plain')) ?? FORGED;
}

const FORGED: NotGenuine = {
  kind: 'signature',
  reason: 'the signature does not match: somebody changed the summary, or another key signed it',
};

/** A key that signs what clients report can never sign what was polled, and the reverse. */
function maySign(key: VerificationKey, claimed: Provenance | undefined): boolean {
  return key.provenance === null || claimed === undefined || key.provenance === claimed;
}

function writtenOrFault(payload: SummaryPayload, form: Canonical): string | NotGenuine {
  try {
    const text = canonicalText(payload, form);
    return hasControls(text) ? { kind: 'shape', reason: 'a text in it has control characters' } : text;
  } catch (error) {
    if (error instanceof NotCanonicalError) return { kind: 'shape', reason: error.fault };
    throw error;
  }
}

/** The canonical text writes control characters as escapes, which have more than one spelling in JSON. */
function hasControls(text: string): boolean {
  for (let at = text.indexOf('\\'); at !== -1; at = text.indexOf('\\', at + 2)) {
    if ('bfnrtu'.includes(text.charAt(at + 1))) return true;
  }
  return false;
}

/** Null if none of the keys signed the text. */
function check(
  { payload, signature }: SignedSummary,
  keys: readonly (readonly [string, VerificationKey])[],
  text: string,
  canonical: Canonical,
): Genuine | null {
  const bytes = Buffer.from(text);
  const signer = keys.find(([, { x }]) => isBase64Signature(x, bytes, signature));
  if (signer === undefined) return null;
  const [keyId, key] = signer;
  const provenance = payload.metadata?.provenance ?? key.provenance;
  return { kind: 'ok', digest: digestOf(text), keyId, provenance, canonical, payload };
}
