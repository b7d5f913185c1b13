// One job as the desk keeps it: who opened it, the trades that it holds, and what became of its summary. It decides
// nothing: its actor does.

import { readResponse } from '../domain/backend-response.ts';
import type { Attempt } from '../domain/facts.ts';
import type { JobJudge } from '../domain/job-state.ts';
import type { JobRequest, JobResult, JobStatus, JobView, ProcessOutcome } from '../domain/job.ts';
import type { StoredJob } from '../domain/stored-job.ts';
import { type EncodedTrades, TradeLog } from '../domain/trade-log.ts';
import type { JobRow } from '../domain/view.ts';
import type { JobCalls } from './waiting-calls.ts';

/** What a job is from its opening to its end. */
export interface JobIdentity extends JobRequest {
  /** SHA-256 of the job id in hex. */
  readonly hash: string;
  /** SHA-256 of the token in hex; null if it has none. */
  readonly tokenHash: string | null;
  /** By the wall clock. */
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** Its end on the monotonic clock. */
  readonly deadlineMs: number;
}

/** What a job knows of its summary once that is on the disk. */
export interface JobSummary {
  readonly entryId: number;
  readonly digest: string;
  readonly buckets: number;
  readonly trades: number;
}

/** Trades on their way into a summary. */
export interface Sealing {
  /** Kept until the summary is on the disk, because a failed attempt is made again. */
  readonly trades: EncodedTrades;
  /** When the client asked for it, by the wall clock. */
  readonly askedAtMs: number;
}

/** The database may have lost what the backend answered. */
const NO_ANSWER: Attempt = { status: null, reason: '', response: '' };

/** One job. */
export class Job {
  readonly identity: JobIdentity;
  readonly judge: JobJudge;
  readonly calls: JobCalls = new Set();
  /** Called when the job expires. */
  readonly ends = new Set<() => void>();
  /** Takes trades; null once it was released. */
  log: TradeLog | null;
  /** Null before it is asked for, and once it is sealed. */
  sealing: Sealing | null = null;
  summary: JobSummary | null;
  /** The latest attempt to deliver the summary; null if there was none. */
  attempt: Attempt | null;
  /** Null until the backend has the summary. */
  result: JobResult | null = null;
  /** Why there is no summary yet, for a client that asked for one. */
  waitsFor = 'The summary waits for its turn.';
  /** True once no summary can be made of its trades; `waitsFor` says why. */
  isUnsealable = false;
  /** True once it is expired: no request finds it. */
  isClosed = false;
  /** True once the job is to be removed, which happens as soon as no call waits for it. */
  isLeaving = false;
  /** Bytes of its trades. */
  heldBytes = 0;
  #trades: number;

  /** `stored` is what is known of it from before a restart; null for a new one. */
  constructor(identity: JobIdentity, judge: JobJudge, stored: StoredJob | null) {
    this.identity = identity;
    this.judge = judge;
    this.log = stored === null ? new TradeLog() : null;
    this.summary = stored;
    this.attempt = stored?.attempt ?? null;
    this.#trades = stored?.trades ?? 0;
    if (stored?.state === 'delivered') this.delivered(stored.attempt ?? NO_ANSWER);
  }

  get trades(): number {
    return this.log?.trades ?? this.#trades;
  }

  /** The backend has the summary. */
  delivered(attempt: Attempt): void {
    const { summary } = this;
    this.attempt = attempt;
    if (summary === null) return;
    this.result = {
      digest: summary.digest,
      backend_response: readResponse(attempt.response),
      buckets_count: summary.buckets,
      trades_processed: summary.trades,
    };
  }

  /** Ends the collecting. The bytes are in `sealing` until {@link drop}. */
  release(askedAtMs: number): void {
    const { log } = this;
    if (log === null) return;
    this.#trades = log.trades;
    this.log = null;
    this.sealing = { trades: log.release(), askedAtMs };
  }

  /** Lets go of the trades; returns the bytes that they took. */
  drop(): number {
    const bytes = this.heldBytes;
    this.#trades = this.trades;
    this.log = null;
    this.sealing = null;
    this.heldBytes = 0;
    return bytes;
  }

  /** What a call of `process` is answered at this moment. */
  outcome(): ProcessOutcome {
    if (this.summary === null)
      return { type: this.isUnsealable ? 'unsealable' : 'unsealed', reason: this.waitsFor };
    if (this.result !== null) return { type: 'delivered', result: this.result };
    return { type: 'undelivered', digest: this.summary.digest, backendError: backendError(this.attempt) };
  }

  /** No request finds an expired job. While its summary is made, the job counts as `processing`. */
  get status(): JobStatus {
    const { state } = this.judge;
    return state === 'expired' ? 'processing' : state;
  }

  view(): JobView {
    return { status: this.status, trades: this.trades, result: this.result };
  }

  row(): JobRow {
    const { hash, clientId, exchange, createdAtMs, expiresAtMs } = this.identity;
    const { status, trades } = this;
    const digest = this.summary?.digest ?? null;
    return { name: hash.slice(0, 8), clientId, exchange, status, trades, createdAtMs, expiresAtMs, digest };
  }
}

function backendError(attempt: Attempt | null): string {
  if (attempt === null) return 'The backend has not answered yet; the summary is sent until it does.';
  return attempt.reason;
}
