// Facts: what happened, as the desk, the upstreams and the actors tell it and the writer stores it. Plain data.

import type { NodeTransition } from '../../lifecycle/node-state.ts';
import type { MiningInformation, SubmissionMode } from './information.ts';
import type { Submission } from './submission.ts';

/**
 * What became of a submission; the index is the stored code.
 * `checking`: its proof is not checked yet. `held`: true, and not better than the best. `waiting`: being delivered.
 * `mismatch`: accepted, and the upstream computed another raw quality. `refused`, `stale`, `not_assigned`: the upstream
 * refused the submission, its block or its account. `expired`: its block passed before it could be delivered.
 * `replaced`: a better one took its place before it was delivered. `false`: the proof does not hold.
 */
export const VERDICTS = [
  'checking',
  'held',
  'waiting',
  'accepted',
  'mismatch',
  'refused',
  'stale',
  'not_assigned',
  'expired',
  'replaced',
  'false',
] as const;
/** One of {@link VERDICTS}. */
export type Verdict = (typeof VERDICTS)[number];

/**
 * States of an {@link Entry}; the index is the stored code. `checking`: its proof is not checked yet. `held`: not better
 * than the best, and kept for the case that the better one is refused; its proof may be unchecked. `refused`,
 * `account_refused`, `block_refused`: the upstream refused it, its account in this block, or its block.
 */
export const ENTRY_STATES = [
  'checking',
  'held',
  'waiting',
  'delivered',
  'refused',
  'account_refused',
  'block_refused',
] as const;
/** One of {@link ENTRY_STATES}. */
export type EntryState = (typeof ENTRY_STATES)[number];

/**
 * A submission that the desk keeps for one upstream: the filter table, the held-back ones and the queue are made of
 * these, and made again of them after a restart.
 */
export interface Entry {
  /** Ascending over the life of the database. */
  readonly id: number;
  /** The upstream's name; empty if it came before the first information. */
  readonly upstream: string;
  readonly mode: SubmissionMode;
  /** The hash of the block for which it is delivered; after a reorganisation by the same forger not the submission's. */
  readonly blockHash: string;
  readonly submission: Submission;
  readonly machineId: string;
  /** The network of its address, for turns, budgets and shares. */
  readonly address: string;
  /** ms since the epoch. */
  readonly receivedAtMs: number;
  /** The time that its raw quality stands for, in seconds. */
  readonly pocTime: bigint;
  readonly state: EntryState;
}

/** One fact. Times are ms since the epoch; accounts are in lower case. */
export type Fact =
  | {
      readonly type: 'submitted';
      readonly atMs: number;
      readonly machineId: string;
      readonly accountId: string;
      readonly upstream: string;
      readonly blockHash: string;
      readonly height: bigint;
      readonly baseTarget: bigint;
      readonly rawQuality: bigint;
      readonly pocTime: bigint;
      readonly verdict: Verdict;
    }
  /** The verdict of a submission that was told before, by its (machine, account, block, raw quality). */
  | {
      readonly type: 'judged';
      readonly atMs: number;
      readonly machineId: string;
      readonly accountId: string;
      readonly blockHash: string;
      readonly rawQuality: bigint;
      readonly verdict: Verdict;
      /** The upstream's or the check's reason; shown to people as text. Null for none. */
      readonly text: string | null;
    }
  | { readonly type: 'entry'; readonly entry: Entry }
  | { readonly type: 'entriesGone'; readonly ids: readonly number[] }
  /** The information of an upstream changed; the latest one of each survives a restart. */
  | {
      readonly type: 'information';
      readonly atMs: number;
      readonly upstream: string;
      readonly information: MiningInformation;
      /** True if its block is new at this upstream. */
      readonly isNewBlock: boolean;
      /** True if miners are served from this upstream. */
      readonly isActive: boolean;
    }
  /**
   * A machine polled or submitted since it was last told. The program tells it every 2 to 10 s, so the times of a
   * machine may be as old as that.
   */
  | {
      readonly type: 'seen';
      readonly atMs: number;
      readonly machineId: string;
      readonly address: string;
      /** Number of its requests since then. */
      readonly polls: number;
    }
  | { readonly type: 'transitions'; readonly facts: readonly NodeTransition[] };

/** Where facts are told; the ingest thread behind it is the only writer. */
export interface Journal {
  /**
   * Stores facts, and resolves when they are on the disk: not before the disk takes them, however long that is. Rejects
   * with `too_many` if so many facts wait that these are not taken.
   */
  commit(facts: readonly Fact[]): Promise<void>;
  /** Stores facts with one of the next commits. They are dropped and counted if too many wait. */
  note(facts: readonly Fact[]): void;
}
