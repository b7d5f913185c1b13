// What the job desk needs of the wiring, and its settings. Types only.

import type { FailureOutcome } from '../../actors/restart.ts';
import type { Log } from '../../io/log.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Timers } from '../../lib/timers.ts';
import type { Journal, OutboxEntry } from '../domain/facts.ts';
import type { JobJudge, JobStart } from '../domain/job-state.ts';
import type { TakeOutcome } from '../domain/job.ts';
import type { SealRequest } from '../domain/seal-request.ts';
import type { Canonical, ReturnBasis, SealedSummary } from '../domain/summary.ts';
import type { Trade } from '../domain/trade.ts';
import type { OutboxView } from '../domain/view.ts';
import type { EntryIds } from './entry-ids.ts';

/** Settings of a desk. */
export interface JobDeskOptions {
  /** Jobs at once, at least 1. */
  readonly jobsMax: number;
  /** Trades of one job, at least 1. */
  readonly jobTradesMax: number;
  /** From the opening of a job to its end. */
  readonly jobTtlMs: number;
  /** Memory that the trades of all jobs may take until they are folded and stored. */
  readonly heldBytesMax: number;
  /** True if each new job gets a token, which its requests must show. */
  readonly hasTokens: boolean;
  readonly connectorVersion: string;
  readonly withMetadata: boolean;
  readonly canonical: Canonical;
  readonly returnBasis: ReturnBasis;
}

/** The actors of the jobs: `JobActors` in the room `actors`. */
export interface DeskActors {
  /** Starts the actor of a job. `failed` hears when it throws. */
  takeIn(
    jobHash: string,
    start: JobStart,
    failed: (outcome: FailureOutcome, error: unknown) => void,
  ): JobJudge;
  letGo(jobHash: string): void;
}

/** The outbox, as the desk fills it. */
export interface DeskOutbox {
  /** True if bodies of this size together fit in. */
  hasRoom(bytes: number): boolean;
  /** Takes a summary that is on the disk. */
  add(entry: OutboxEntry): void;
  /** The greatest size of all bodies together. */
  readonly counts: Pick<OutboxView, 'bytesMax'>;
}

/** What a seal line needs of the wiring. */
export interface SealLineParts {
  readonly journal: Journal;
  /**
   * Orders, folds and rounds trades on another thread, and writes the canonical text. It must leave the trades usable,
   * because they are sealed again after a failure. Rejects with `worker_timeout` if it may succeed later.
   */
  seal(request: SealRequest): Promise<SealedSummary>;
  /** The signature of a text, in base64. */
  sign(text: string): Promise<string>;
  /** Thumbprint of the key that signs. */
  signingKeyId(): string;
  readonly outbox: DeskOutbox;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly entryIds: Pick<EntryIds, 'take'>;
}

/** What a desk needs of the wiring. */
export interface JobDeskParts extends SealLineParts {
  readonly actors: DeskActors;
}

/** A job as one connection sees it. */
export interface JobDoor {
  take(trade: Trade): TakeOutcome;
  /** Calls back once, when the job expires. Returns what ends this. */
  onEnd(called: () => void): () => void;
}
