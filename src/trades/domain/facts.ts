// Facts: what happened, as the job desk and the outbox tell it and the writer stores it. Plain data. Nothing here holds
// a trade: only sums of hours are ever stored.

import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Checkpoint } from './enclave-link.ts';
import type { HourlyBucket } from './summary.ts';

/** Who vouches for a summary: the client of a job, or the enclave that polled an exchange. */
export type Provenance = 'client_reported' | 'polled';

/** A summary in the outbox, without its body. */
export interface OutboxEntry {
  /** Ascending over the life of the database. */
  readonly id: number;
  readonly clientId: string;
  readonly exchange: string;
  readonly provenance: Provenance;
  /** SHA-256 of the signed bytes, in hex: the idempotency key. Two jobs with equal contents have equal digests. */
  readonly digest: string;
  /** Null for a job. */
  readonly seq: number | null;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly trades: number;
  /** Length of the body in bytes. */
  readonly bodyBytes: number;
  /** When it was sealed, by the wall clock. */
  readonly sealedAtMs: number;
}

/** What a job leaves behind when it is sealed. */
export interface SealedJob {
  /** SHA-256 of the job id in hex: the id itself is a capability and is not stored. */
  readonly jobHash: string;
  /** SHA-256 of the job's token in hex; null if it has none. */
  readonly tokenHash: string | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly trades: number;
  readonly buckets: number;
}

/** The state of an account, with the seal key that it needs. */
export interface SealedCheckpoint extends Checkpoint {
  /** `sealId` of the enclave that sealed it. */
  readonly sealId: string;
}

/**
 * The summary is signed. Entry, body, buckets, job and checkpoint are stored in one transaction. A polled summary that its
 * account's stored checkpoint has behind it already is a repetition: nothing of it but a newer checkpoint is stored.
 */
export interface SealedFact {
  readonly type: 'sealed';
  readonly entry: OutboxEntry;
  /** The whole body of the request, signature included. */
  readonly body: string;
  readonly buckets: readonly HourlyBucket[];
  /** The asset that volumes and fees of the buckets are in; null if they are in USD. */
  readonly quote: string | null;
  /** Null for an account. */
  readonly job: SealedJob | null;
  /** Null for a job, and for an account that has none to store. */
  readonly checkpoint: SealedCheckpoint | null;
}

/** An answer to a delivery, or why there was none. */
export interface Attempt {
  /** The HTTP status; null if there was no answer. */
  readonly status: number | null;
  /** What happened, in words of this program: never text of the backend. */
  readonly reason: string;
  /** What the backend answered, at most 64 KiB; empty if nothing came. */
  readonly response: string;
}

/** What happened to be stored. */
export type Fact =
  | SealedFact
  /** A delivery failed, and is tried again. */
  | {
      readonly type: 'attempted';
      readonly entryId: number;
      readonly atMs: number;
      /** Failed attempts so far. */
      readonly attempts: number;
      /** When it is tried again, by the wall clock. */
      readonly nextAtMs: number;
      readonly attempt: Attempt;
    }
  | { readonly type: 'delivered'; readonly entryId: number; readonly atMs: number; readonly attempt: Attempt }
  /** The backend refused it for good: an operator may replay it. */
  | { readonly type: 'dead'; readonly entryId: number; readonly atMs: number; readonly attempt: Attempt }
  /** An operator put a dead letter back into its client's line, at the end. */
  | { readonly type: 'replayed'; readonly entryId: number; readonly atMs: number }
  | { readonly type: 'jobExpired'; readonly jobHash: string }
  /** The state of an account changed, without a summary. An older checkpoint never replaces a newer one. */
  | { readonly type: 'checkpointed'; readonly checkpoint: SealedCheckpoint }
  /** A key signs from now on; keys of the same provenance before it are retired. */
  | {
      readonly type: 'keyUsed';
      readonly key: PublicJwk;
      readonly provenance: Provenance;
      readonly atMs: number;
    };

/** Takes facts. */
export interface Journal {
  /**
   * Stores facts; resolves when they are on the disk. Waits while the disk takes nothing. Errors: `too_many` if too many
   * facts wait already.
   */
  commit(facts: readonly Fact[]): Promise<void>;
  /** Stores facts soon. */
  note(facts: readonly Fact[]): void;
}
