// Makes the signed summary of a job once, from its trades to the fact to be stored. It tries nothing again and stores
// nothing.

import { CodedError, type ErrorCode } from '../../lib/errors.ts';
import { Histogram, type HistogramSnapshot } from '../../lib/histogram.ts';
import { withSignature } from '../domain/canonical.ts';
import type { SealedFact } from '../domain/facts.ts';
import type { SealedSummary } from '../domain/summary.ts';
import { SEAL_BOUNDS_SECONDS } from '../domain/view.ts';
import type { Job, JobIdentity, Sealing } from './job.ts';
import type { JobDeskOptions, SealLineParts } from './job-desk-parts.ts';

/** A summary that is signed and not stored yet. */
export interface Signed {
  readonly job: Job;
  readonly summary: SealedSummary;
  readonly body: string;
  readonly bodyBytes: number;
  /** By the wall clock. */
  readonly sealedAtMs: number;
}

/** Why there is no summary. */
export interface Unmade {
  readonly code: ErrorCode;
  /** True if another attempt with the same trades would fail in the same way. */
  readonly isDefect: boolean;
  /** For a client that waits. */
  readonly waitsFor: string;
}

/** Makes summaries, and counts what it folded. */
export class SummaryMaker {
  readonly #options: JobDeskOptions;
  readonly #parts: SealLineParts;
  readonly #seconds = new Histogram(SEAL_BOUNDS_SECONDS);
  /** Trades since the start. */
  folded = 0;

  constructor(options: JobDeskOptions, parts: SealLineParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** How long summaries took that were made. */
  get sealSeconds(): HistogramSnapshot {
    return this.#seconds.snapshot();
  }

  /** Never rejects. */
  async make(job: Job, sealing: Sealing): Promise<Signed | Unmade> {
    const { sign, signingKeyId, clock } = this.#parts;
    const keyId = signingKeyId();
    const startedMs = clock.monotonicMs();
    const summary = await this.#seal(job.identity, sealing, keyId);
    if ('waitsFor' in summary) return summary;
    let body: string;
    try {
      body = withSignature(summary.canonicalText, await sign(summary.canonicalText));
    } catch (error) {
      const waitsFor = 'The summary could not be signed yet; it is tried again.';
      return { code: codeOf(error), isDefect: false, waitsFor };
    }
    // The summary names the key that signs it, and that may have changed meanwhile.
    if (signingKeyId() !== keyId) {
      const waitsFor = 'The signing key was changed; the summary is made again.';
      return { code: 'worker_timeout', isDefect: false, waitsFor };
    }
    this.#seconds.observe((clock.monotonicMs() - startedMs) / 1000);
    this.folded += summary.trades;
    return { job, summary, body, bodyBytes: Buffer.byteLength(body), sealedAtMs: clock.nowMs() };
  }

  async #seal(identity: JobIdentity, sealing: Sealing, keyId: string): Promise<SealedSummary | Unmade> {
    const { connectorVersion, withMetadata, canonical, returnBasis } = this.#options;
    try {
      return await this.#parts.seal({
        trades: sealing.trades,
        clientId: identity.clientId,
        exchange: identity.exchange,
        keyId,
        nowMs: sealing.askedAtMs,
        connectorVersion,
        withMetadata,
        canonical,
        returnBasis,
      });
    } catch (error) {
      const code = codeOf(error);
      const waitsFor = 'The workers did not make the summary yet; they try again.';
      return { code, isDefect: code === 'internal', waitsFor };
    }
  }
}

/** The code of a failure; `internal` if it has none. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof CodedError ? error.code : 'internal';
}

/** What is stored of a signed summary. */
export function sealedFact(
  { job, summary, body, bodyBytes, sealedAtMs }: Signed,
  entryId: number,
): SealedFact {
  const { hash, tokenHash, createdAtMs, expiresAtMs } = job.identity;
  const { clientId, exchange, digest, periodStartMs, periodEndMs, trades, buckets, quote } = summary;
  return {
    type: 'sealed',
    entry: {
      id: entryId,
      clientId,
      exchange,
      provenance: 'client_reported',
      digest,
      seq: null,
      periodStartMs,
      periodEndMs,
      trades,
      bodyBytes,
      sealedAtMs,
    },
    body,
    buckets,
    quote,
    job: { jobHash: hash, tokenHash, createdAtMs, expiresAtMs, trades, buckets: buckets.length },
    checkpoint: null,
  };
}
