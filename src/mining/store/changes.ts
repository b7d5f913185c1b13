// What one commit changed, as far as the statistics in memory follow it. Plain data; of several changes of one row only
// the last one counts.

/** A machine that was seen, or that is new. */
export interface MachineChange {
  readonly number: number;
  readonly machineId: string;
  readonly seenAtMs: number;
}

/** A pair that submitted. */
export interface PairChange {
  readonly number: number;
  readonly machine: number;
  readonly account: number;
  readonly submittedAtMs: number;
}

/** An account that is new, or whose refusal changed. */
export interface AccountChange {
  readonly number: number;
  readonly accountId: string;
  readonly refusal: string | null;
}

/** The submissions of one pair for one block, after a change. */
export interface CellChange {
  /** The id of the row: {@link cellId}. */
  readonly id: number;
  readonly height: bigint;
  /** Time of the best one, in ms since the epoch; null if every one was found false. */
  readonly submittedAtMs: number | null;
  /** The best raw quality of those that count; null if none does. */
  readonly rawQuality: bigint | null;
}

/** A block whose best submission changed. */
export interface BestChange {
  readonly block: number;
  readonly blockHash: string;
  readonly height: bigint;
  readonly best: { readonly rawQuality: bigint; readonly pocTime: bigint; readonly pair: number } | null;
}

/** An outcome of a submission, to be counted. */
export interface OutcomeChange {
  readonly pair: number;
  /** Hours since the epoch. */
  readonly hour: number;
  /** A verdict's code, {@link HOLDS} or {@link REFUSED_BY_UPSTREAM}. */
  readonly outcome: number;
}

/** The code of an outcome that is no verdict: a proof was checked and holds. */
export const HOLDS = 15;
/** The code of an outcome beside the verdict: it was sent to the upstream, which refused it. */
export const REFUSED_BY_UPSTREAM = 14;

/** The changes of one commit. */
export class Changes {
  readonly machines = new Map<number, MachineChange>();
  readonly accounts = new Map<number, AccountChange>();
  readonly pairs = new Map<number, PairChange>();
  readonly cells = new Map<number, CellChange>();
  readonly bests = new Map<number, BestChange>();
  readonly outcomes: OutcomeChange[] = [];
  newMachines = 0;
  newAccounts = 0;
  /** The height that miners work on, if it was told. */
  height: bigint | null = null;
}

/** Numbers of pairs have 24 bits. */
export const PAIR_NUMBER_MAX = 2 ** 24 - 1;

/** The id of the row of a pair for a block. Both are whole numbers of at least 1; the id is a safe integer. */
export function cellId(block: number, pair: number): number {
  return block * (PAIR_NUMBER_MAX + 1) + pair;
}

/** The number of the block of a row. */
export function blockOf(id: number): number {
  return Math.floor(id / (PAIR_NUMBER_MAX + 1));
}

/** The number of the pair of a row. */
export function pairOf(id: number): number {
  return id % (PAIR_NUMBER_MAX + 1);
}
