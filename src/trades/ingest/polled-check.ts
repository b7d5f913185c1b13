// Checks a summary that the enclave sent: it must be genuine, and be what the message around it says. It stores nothing.

import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Checkpoint, PolledSummary } from '../domain/enclave-link.ts';
import { BODY_BYTES_MAX } from '../domain/read-summary.ts';
import type { HourlyBucket } from '../domain/summary.ts';
import { verifySummary } from '../domain/verify-summary.ts';

/** A summary that is what it must be. */
export interface CheckedSummary {
  readonly summary: PolledSummary;
  readonly bodyBytes: number;
  /** As the signed body has them. */
  readonly buckets: readonly HourlyBucket[];
}

/** The checked summary, or why it is refused: a clause without text of the summary. `key` is the enclave's. */
export function checkPolled(
  summary: PolledSummary,
  checkpoint: Checkpoint | null,
  key: PublicJwk,
): CheckedSummary | string {
  const bodyBytes = Buffer.byteLength(summary.body);
  if (bodyBytes > BODY_BYTES_MAX) return `it is longer than ${BODY_BYTES_MAX} bytes`;
  const verdict = verifySummary(summary.body, new Map([[key.kid, { x: key.x, provenance: 'polled' }]]));
  if (verdict.kind !== 'ok') return verdict.reason;
  const { payload, digest } = verdict;
  if (digest !== summary.digest) return 'its digest is another one';
  if (payload.client_id !== summary.accountId) return 'it is about another account';
  if (payload.exchange !== summary.exchange) return 'it is of another exchange';
  if (payload.metadata !== undefined && payload.metadata.seq !== summary.seq) return 'its seq is another one';
  const isOfPeriod =
    Date.parse(payload.period_start) === summary.periodStartMs &&
    Date.parse(payload.period_end) === summary.periodEndMs;
  if (!isOfPeriod) return 'its period is another one';
  if (payload.totals.trades !== summary.trades) return 'its number of trades is another one';
  // With a later seq the next summary would count as stored.
  if (checkpoint !== null && checkpoint.seq !== summary.seq) return 'its checkpoint has another seq';
  return { summary, bodyBytes, buckets: payload.hourly_buckets };
}
