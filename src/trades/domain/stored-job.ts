// A job that was sealed before a restart, as the database knows it. Plain data.

import type { Attempt, SealedJob } from './facts.ts';
import type { OutboxState } from './questions.ts';

/** A sealed job that had not expired when the database was closed, with what became of its summary. */
export interface StoredJob extends SealedJob {
  /** The entry of the outbox that has its summary. */
  readonly entryId: number;
  readonly clientId: string;
  readonly exchange: string;
  /** SHA-256 of the signed bytes, in hex. */
  readonly digest: string;
  readonly state: OutboxState;
  /** The latest attempt to deliver it; null if there was none. */
  readonly attempt: Attempt | null;
}
