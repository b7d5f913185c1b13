// Makes the payload of a summary from its figures, and the text that is signed. It rounds and sums nothing.

import { canonicalText, digestOf } from './canonical.ts';
import type { Provenance } from './facts.ts';
import type { Canonical, SealedSummary, SummaryFigures, SummaryMetadata, SummaryPayload } from './summary.ts';

/** What only the summary of an account has. */
export interface SealingAccount
  extends Pick<SummaryMetadata, 'prev' | 'revises' | 'opening' | 'gap' | 'unpolled_markets'> {
  readonly seq: number;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
}

/** Whose summary it is, and how it is to be written. */
export interface SealingWho {
  readonly clientId: string;
  readonly exchange: string;
  /** The version of this program. */
  readonly connectorVersion: string;
  /** Thumbprint of the key that will sign. */
  readonly keyId: string;
  /** False leaves `metadata` out: docs/trades.md#the-summary. */
  readonly withMetadata: boolean;
  readonly canonical: Canonical;
  readonly provenance: Provenance;
  /** When it is sealed, by the wall clock: the period of a job without trades. */
  readonly nowMs: number;
  /** Absent for a job. */
  readonly account?: SealingAccount;
}

const HOUR_MS = 3_600_000;

/**
 * The summary, ready to be signed. Throws `NotCanonicalError` if a figure or a text cannot be written, and `TypeError` for
 * a correction without metadata, because nothing else says what it replaces.
 */
export function sealSummary(figures: SummaryFigures, who: SealingWho): SealedSummary {
  if (!who.withMetadata && who.account?.revises !== undefined) {
    throw new TypeError('a correction needs metadata');
  }
  const { periodStartMs, periodEndMs } = who.account ?? periodOf(figures, who.nowMs);
  const payload: SummaryPayload = {
    client_id: who.clientId,
    exchange: who.exchange,
    connector_version: who.connectorVersion,
    period_start: new Date(periodStartMs).toISOString(),
    period_end: new Date(periodEndMs).toISOString(),
    hourly_buckets: figures.buckets,
    totals: figures.totals,
    ...(who.withMetadata ? { metadata: metadataOf(figures, who) } : {}),
  };
  const text = canonicalText(payload, who.canonical);
  return {
    clientId: who.clientId,
    exchange: who.exchange,
    periodStartMs,
    periodEndMs,
    buckets: figures.buckets,
    trades: figures.totals.trades,
    quote: figures.notes.quote ?? null,
    canonicalText: text,
    digest: digestOf(text),
  };
}

/** From the first hour's begin to the last hour's end; without hours both are now. */
function periodOf({ buckets }: SummaryFigures, nowMs: number) {
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (first === undefined || last === undefined) return { periodStartMs: nowMs, periodEndMs: nowMs };
  return { periodStartMs: Date.parse(first.t), periodEndMs: Date.parse(last.t) + HOUR_MS };
}

function metadataOf({ notes }: SummaryFigures, who: SealingWho): SummaryMetadata {
  return {
    schema: 1,
    key_id: who.keyId,
    provenance: who.provenance,
    scope: 'fills',
    ...(who.canonical === 'plain' ? { canonical: 'plain' } : {}),
    ...notes,
    ...(who.account === undefined ? {} : ofAccount(who.account)),
  };
}

function ofAccount({ periodStartMs: _start, periodEndMs: _end, ...members }: SealingAccount) {
  return members;
}
