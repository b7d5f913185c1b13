// Verifies the body of a request with the keys that are known, and says in which words it is refused. It stores nothing.

import { readSummary } from '../domain/read-summary.ts';
import { verifySummary } from '../domain/verify-summary.ts';
import type { IngestKey, RefusalCode } from './messages.ts';
import type { VerifiedSummary } from './summary-rows.ts';

/** A verified summary, or why it is refused: a clause without any text of the body. */
export type VerifiedBody =
  | { readonly type: 'verified'; readonly summary: Omit<VerifiedSummary, 'receivedMs'> }
  | { readonly type: 'refused'; readonly code: RefusalCode; readonly sentence: string };

/**
 * Verifies a body. `expectedDigest` is the idempotency key that came with it; null if none did. Never throws.
 */
export function verifyBody(
  body: Uint8Array,
  keys: ReadonlyMap<string, IngestKey>,
  expectedDigest: string | null,
): VerifiedBody {
  const verdict = verifySummary(body, keys);
  switch (verdict.kind) {
    case 'shape':
      return refused('bad_summary', `the body is no summary: ${verdict.reason}`);
    case 'unknown_key':
      return refused('unknown_key', `the summary cannot be verified: ${verdict.reason}`);
    case 'signature':
      // Without metadata it names no key, and so a key that is not known may have signed it.
      return namesKey(body)
        ? refused('wrong_signature', `the summary is not genuine: ${verdict.reason}`)
        : refused('unknown_key', 'none of the known keys has signed the summary');
    case 'ok': {
      const { digest, payload, keyId, provenance } = verdict;
      if (expectedDigest !== null && expectedDigest !== digest)
        return refused('wrong_idempotency_key', 'Idempotency-Key is not the digest of the summary');
      const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
      const summary = { digest, payload, keyId, provenance: provenance ?? 'unstated', body: text } as const;
      return { type: 'verified', summary };
    }
  }
}

function namesKey(body: Uint8Array): boolean {
  const read = readSummary(body);
  return read.type === 'summary' && read.payload.metadata !== undefined;
}

function refused(code: RefusalCode, sentence: string): VerifiedBody {
  return { type: 'refused', code, sentence };
}
