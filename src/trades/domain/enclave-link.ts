// What the enclave and the service say to one another over their socket. Plain data. No credential and no raw trade
// crosses it, except those of a plain registration, which the service receives unencrypted and passes on.

import type { PublicJwk } from '../../lib/ed25519.ts';
import type { AccountRow } from './account.ts';
import type { PlainRegistration, UserMetrics, UserSummary } from './registration.ts';
import type { HourlyBucket } from './summary.ts';

/** Version of these messages. Two processes with different versions do not talk. */
export const LINK_VERSION = 1;
/** Longest message in bytes: a sealed checkpoint with many open lots. */
export const LINK_MESSAGE_BYTES_MAX = 33_554_432;
/** Signed summaries that the enclave keeps until the service has stored them; then it stops polling. */
export const UNSTORED_SUMMARIES_MAX = 1_000;

/**
 * Messages of the type `store` that the enclave sends before the first of them is answered. The service closes a link
 * with more.
 */
export const STORES_UNDER_WAY_MAX = 64;
/** Checkpoints of one message `checkpoints`, unless their bytes end the page sooner. */
export const CHECKPOINTS_PAGE_MAX = 500;

/** Trusted hardware on which an enclave runs. */
export type Platform = 'none' | 'nitro' | 'sev-snp' | 'tdx';

/** Who the enclave is. */
export interface EnclaveIdentity {
  readonly linkVersion: number;
  readonly processId: number;
  /** The program's version. */
  readonly version: string;
  readonly platform: Platform;
  /** Tells seal keys apart, and nothing about them: a hash of a fixed text under the key, in hex. */
  readonly sealId: string;
  /** True if the seal key lives in memory only: a restart forgets every account. */
  readonly isSealKeyTemporary: boolean;
  /** SHA-256 of the settings that decide what the enclave does, in hex. */
  readonly configDigest: string;
  readonly signingKey: PublicJwk;
  /** Where it takes registrations; empty while its server is not open yet. */
  readonly url: string;
  /** `EXCHANGE_URLS` in force, as `binance=http://127.0.0.1:9101`. */
  readonly exchangeUrls: readonly string[];
  readonly startedAtMs: number;
}

/** A signed summary of an account. */
export interface PolledSummary {
  readonly accountId: string;
  readonly exchange: string;
  readonly provenance: 'polled';
  readonly seq: number;
  readonly digest: string;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly trades: number;
  /** The whole body of the request, signature included. */
  readonly body: string;
  readonly buckets: readonly HourlyBucket[];
  /** The asset that volumes and fees are in; null if they are in USD. */
  readonly quote: string | null;
  readonly sealedAtMs: number;
}

/** The state of one account, which only the enclave can read. */
export interface Checkpoint {
  readonly accountId: string;
  /** `seq` of the last summary that it has behind it; 0 before the first. */
  readonly seq: number;
  /** Ascends with every checkpoint of the account: an older one never replaces a newer one. */
  readonly turn: number;
  /** Base64. */
  readonly sealed: string;
}

/** Counters of the enclave since its start, for metrics. No symbol, price or size. */
export interface EnclaveCounters {
  readonly polls: Readonly<Record<'new' | 'empty' | 'failed', number>>;
  readonly requests: number;
  readonly requestsFailed: number;
  readonly rateLimitPauses: number;
  readonly marketDownloads: number;
  readonly fills: number;
  readonly fillsRepeated: number;
  readonly fillsLate: number;
  /** Not counted in any summary, because they came too late. */
  readonly fillsTooOld: number;
  readonly summaries: number;
  readonly corrections: number;
  readonly registrations: number;
  readonly registrationsRefused: number;
  readonly sessionsEnded: number;
  /** Polls that began more than 1 s after they were due, and the greatest lateness of the last minute. */
  readonly pollsLate: number;
  readonly latenessSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
}

/** How the enclave is; sent once a second while something changed. */
export interface EnclaveStatus {
  readonly accounts: readonly AccountRow[];
  readonly unstoredSummaries: number;
  readonly counters: EnclaveCounters;
}

/** From the enclave to the service. */
export type EnclaveMessage =
  | { readonly type: 'hello'; readonly identity: EnclaveIdentity }
  | { readonly type: 'status'; readonly status: EnclaveStatus }
  /**
   * Store both in one transaction, then acknowledge with `stored`. Sent again after a broken link. Both are of one account
   * and have the same `seq`.
   */
  | {
      readonly type: 'store';
      readonly number: number;
      /** Null if only the checkpoint is to be stored. */
      readonly summary: PolledSummary | null;
      readonly checkpoint: Checkpoint | null;
    }
  /** Answered by `checkpoints`. */
  | { readonly type: 'restore'; readonly number: number; readonly accountId: string }
  /** All checkpoints, in pages: the enclave goes on with the sessions that are in them. */
  | { readonly type: 'restoreAll'; readonly number: number; readonly after: string | null }
  | { readonly type: 'answer'; readonly number: number; readonly answer: LinkAnswer }
  /** Another service is linked, and this one is not taken: the process id of the first. The connection ends. */
  | { readonly type: 'busy'; readonly processId: number };

/** From the service to the enclave. */
export type ServiceMessage =
  | { readonly type: 'welcome'; readonly linkVersion: number; readonly processId: number }
  | { readonly type: 'stored'; readonly number: number }
  /** The summary is not what it must be, which is a defect of a program: it is not stored, and never will be. */
  | { readonly type: 'refused'; readonly number: number }
  | { readonly type: 'checkpoints'; readonly number: number; readonly checkpoints: readonly Checkpoint[] }
  /** Answered by `answer`. */
  | { readonly type: 'ask'; readonly number: number; readonly question: LinkQuestion }
  /** Ends the enclave in order. */
  | { readonly type: 'stop' };

/** What the service asks for users that registered in plain text. */
export type LinkQuestion =
  | { readonly type: 'register'; readonly registration: PlainRegistration }
  | { readonly type: 'remove'; readonly userId: string }
  | { readonly type: 'metrics'; readonly userId: string }
  | { readonly type: 'summary'; readonly userId: string };

/** Answers in the order of {@link LinkQuestion}. */
export type LinkAnswer =
  | { readonly type: 'registered' }
  | {
      readonly type: 'refused';
      readonly status: 400 | 403 | 409 | 429 | 503;
      readonly code: string;
      readonly reason: string;
    }
  | { readonly type: 'removed' }
  | { readonly type: 'metrics'; readonly metrics: readonly UserMetrics[] }
  | { readonly type: 'summary'; readonly summary: UserSummary | null };
