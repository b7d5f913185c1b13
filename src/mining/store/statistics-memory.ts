// The statistics of the last 24 hours in memory. They follow the changes of every commit, and after a start they are
// read from the file in steps, between commits, so that the start waits for none of it.

import { capacityTib, capacityWindow, CAPACITY_BLOCKS } from '../domain/capacity.ts';
import {
  LISTED_MS,
  type MachineSeen,
  type Outcomes,
  type PairSeen,
  type StatisticsSnapshot,
} from '../domain/statistics.ts';
import {
  blockOf,
  type BestChange,
  type CellChange,
  type Changes,
  type OutcomeChange,
  pairOf,
} from './changes.ts';
import { HOUR_MS, membersOf } from './outcome-rows.ts';

/** Pairs in memory, about 12 kB each at one submission in every block of 24 hours; further ones are not listed. */
export const PAIRS_MAX = 20_000;
/** Blocks whose best submission is published. */
export const BESTS_MAX = 4;
/** Heights below the current one whose qualities are kept: those of the window, and some for a reorganisation. */
const KEPT_HEIGHTS = BigInt(CAPACITY_BLOCKS + 10);

/** More than the greatest code of an outcome. */
const OUTCOMES = 16;

type Counts = { -readonly [Member in keyof Outcomes]: number };

interface Pair {
  readonly machine: number;
  readonly account: number;
  submittedAtMs: number;
  /** Blocks with a submission that was not found false, and the time of each, oldest first. */
  readonly blocks: number[];
  readonly times: number[];
  /** Number of the first elements of both that are older than 24 hours. */
  expired: number;
  /** What the capacity is estimated by, oldest first. */
  readonly qualities: { readonly block: number; readonly height: bigint; readonly rawQuality: bigint }[];
  readonly counts: Counts;
}

/** A submission that the restart reads. */
export interface RestoredRow {
  readonly id: number;
  readonly atMs: number;
  readonly isFalse: boolean;
}

/** The numbers behind `/stats`. */
export class StatisticsMemory {
  /** Times that a pair was heard which is not listed, because there are too many. */
  unlisted = 0;
  uniqueMiners: number;
  uniqueMachines: number;
  /** The height that miners work on; null before the first information. */
  height: bigint | null = null;
  readonly #machines = new Map<number, { readonly machineId: string; seenAtMs: number }>();
  readonly #accounts = new Map<number, { readonly accountId: string; readonly refusal: string | null }>();
  readonly #pairs = new Map<number, Pair>();
  /** By hour and by pair × 16 + outcome. */
  readonly #hours = new Map<number, Map<number, number>>();
  readonly #bests: BestChange[] = [];
  /** Rows from this id on are not read from the file yet; null if all are. */
  #restoredUpTo: number | null = 0;

  constructor(uniqueMiners: number, uniqueMachines: number) {
    this.uniqueMiners = uniqueMiners;
    this.uniqueMachines = uniqueMachines;
  }

  get isComplete(): boolean {
    return this.#restoredUpTo === null;
  }

  /** A commit changed this. */
  apply(changes: Changes): void {
    this.uniqueMachines += changes.newMachines;
    this.uniqueMiners += changes.newAccounts;
    if (changes.height !== null) this.height = changes.height;
    this.heard(changes);
    for (const cell of changes.cells.values()) this.#cell(cell);
    for (const best of changes.bests.values()) this.best(best);
    for (const outcome of changes.outcomes) this.outcome(outcome, 1);
  }

  /** Machines, accounts and pairs as they are now. */
  heard({ machines, accounts, pairs }: Pick<Changes, 'machines' | 'accounts' | 'pairs'>): void {
    for (const { number, machineId, seenAtMs } of machines.values())
      this.#machines.set(number, { machineId, seenAtMs });
    for (const { number, accountId, refusal } of accounts.values())
      this.#accounts.set(number, { accountId, refusal });
    for (const { number, machine, account, submittedAtMs } of pairs.values()) {
      const known = this.#pairs.get(number);
      if (known !== undefined) known.submittedAtMs = Math.max(known.submittedAtMs, submittedAtMs);
      else if (this.#pairs.size >= PAIRS_MAX) this.unlisted++;
      else this.#pairs.set(number, emptyPair(machine, account, submittedAtMs));
    }
  }

  /** The best of a block; only those of the newest blocks are kept. */
  best(change: BestChange): void {
    const at = this.#bests.findIndex(({ block }) => block === change.block);
    if (at >= 0) this.#bests[at] = change;
    else this.#bests.push(change);
    if (this.#bests.length <= BESTS_MAX) return;
    const oldest = this.#bests.reduce((least, { block }) => Math.min(least, block), Infinity);
    this.#bests.splice(
      this.#bests.findIndex(({ block }) => block === oldest),
      1,
    );
  }

  /** Counts outcomes of the last 24 hours. */
  outcome({ pair: number, hour, outcome }: OutcomeChange, times: number): void {
    const pair = this.#pairs.get(number);
    const members = membersOf(outcome);
    if (pair === undefined || members.length === 0) return;
    for (const member of members) pair.counts[member] += times;
    let counts = this.#hours.get(hour);
    if (counts === undefined) {
      counts = new Map();
      this.#hours.set(hour, counts);
    }
    const key = number * OUTCOMES + outcome;
    counts.set(key, (counts.get(key) ?? 0) + times);
  }

  /** Takes a page of submissions read from the file, by ascending id; the next page begins at `nextId`. */
  restore(rows: readonly RestoredRow[], nextId: number): void {
    for (const { id, atMs, isFalse } of rows) {
      const pair = this.#pairs.get(pairOf(id));
      if (pair === undefined || isFalse) continue;
      pair.blocks.push(blockOf(id));
      pair.times.push(atMs);
    }
    this.#restoredUpTo = nextId;
  }

  /** Takes the quality of a submission of one of the newest blocks, by ascending blocks. */
  restoreQuality(id: number, height: bigint, rawQuality: bigint): void {
    const block = blockOf(id);
    const pair = this.#pairs.get(pairOf(id));
    // What a commit told since is newer.
    if (pair === undefined || pair.qualities.some((quality) => quality.block === block)) return;
    pair.qualities.push({ block, height, rawQuality });
  }

  /** Everything is read. */
  restored(): void {
    this.#restoredUpTo = null;
  }

  /** The numbers at `nowMs`; forgets what is older than 24 hours. */
  snapshot(nowMs: number): StatisticsSnapshot {
    this.#forget(nowMs - LISTED_MS);
    const machineIndex = new Map<number, number>();
    const machines: MachineSeen[] = [];
    for (const [number, { machineId, seenAtMs }] of this.#machines) {
      machineIndex.set(number, machines.length);
      machines.push({ machineId, seenAtMs });
    }
    const accountIndex = new Map<number, number>();
    const accounts: { accountId: string; refusal: string | null }[] = [];
    const pairs: PairSeen[] = [];
    for (const pair of this.#pairs.values()) {
      const account = this.#accounts.get(pair.account);
      const machine = machineIndex.get(pair.machine);
      if (account === undefined || machine === undefined) continue;
      let index = accountIndex.get(pair.account);
      if (index === undefined) {
        index = accounts.length;
        accountIndex.set(pair.account, index);
        accounts.push(account);
      }
      pairs.push(this.#seen(pair, machine, index));
    }
    const { uniqueMiners, uniqueMachines, isComplete } = this;
    const bests = this.#publishedBests();
    return { atMs: nowMs, isComplete, uniqueMiners, uniqueMachines, machines, accounts, pairs, bests };
  }

  #seen(pair: Pair, machine: number, account: number): PairSeen {
    return {
      account,
      machine,
      submittedAtMs: pair.submittedAtMs,
      submissions24h: pair.times.length - pair.expired,
      capacityTib: this.#capacity(pair),
      outcomes: { ...pair.counts },
    };
  }

  #capacity({ qualities }: Pair): number {
    const { height: current } = this;
    if (current === null) return 0;
    const window = capacityWindow(
      current,
      qualities.some(({ height }) => height === current),
    );
    if (window === null) return 0;
    const within = qualities.filter(({ height }) => height >= window.from && height <= window.to);
    return within.length === 0 ? 0 : capacityTib(within.map(({ rawQuality }) => rawQuality));
  }

  #publishedBests(): StatisticsSnapshot['bests'] {
    return this.#bests.flatMap(({ blockHash, height, best }) => {
      if (best === null) return [];
      const pair = this.#pairs.get(best.pair);
      const account = this.#accounts.get(pair?.account ?? 0);
      const machine = this.#machines.get(pair?.machine ?? 0);
      if (account === undefined || machine === undefined) return [];
      const { rawQuality, pocTime } = best;
      const { accountId } = account;
      const { machineId } = machine;
      return [{ blockHash, height, rawQuality, pocTime, accountId, machineId }];
    });
  }

  #cell({ id, height, submittedAtMs, rawQuality }: CellChange): void {
    // The restart reads the row later, as it is then.
    if (this.#restoredUpTo !== null && id >= this.#restoredUpTo) return;
    const pair = this.#pairs.get(pairOf(id));
    if (pair === undefined) return;
    const block = blockOf(id);
    const at = pair.blocks.lastIndexOf(block);
    if (submittedAtMs === null) {
      if (at >= 0) {
        pair.blocks.splice(at, 1);
        pair.times.splice(at, 1);
        if (at < pair.expired) pair.expired--;
      }
    } else if (at >= 0) pair.times[at] = submittedAtMs;
    else {
      pair.blocks.push(block);
      pair.times.push(submittedAtMs);
    }
    const known = pair.qualities.findIndex((quality) => quality.block === block);
    if (known >= 0) pair.qualities.splice(known, 1);
    if (rawQuality !== null) pair.qualities.push({ block, height, rawQuality });
  }

  #forget(beforeMs: number): void {
    for (const [number, { seenAtMs }] of this.#machines)
      if (seenAtMs <= beforeMs) this.#machines.delete(number);
    for (const [number, pair] of this.#pairs) {
      if (pair.submittedAtMs <= beforeMs) this.#pairs.delete(number);
      else this.#forgetOf(pair, beforeMs);
    }
    for (const [hour, outcomes] of this.#hours) {
      if ((hour + 1) * HOUR_MS > beforeMs) continue;
      for (const [key, times] of outcomes) {
        const counts = this.#pairs.get(Math.floor(key / OUTCOMES))?.counts;
        if (counts !== undefined) for (const member of membersOf(key % OUTCOMES)) counts[member] -= times;
      }
      this.#hours.delete(hour);
    }
    // Accounts are few; those without a pair are forgotten when they are twice the pairs.
    if (this.#accounts.size <= 2 * (this.#pairs.size + BESTS_MAX)) return;
    const needed = new Set([...this.#pairs.values()].map(({ account }) => account));
    for (const number of this.#accounts.keys()) if (!needed.has(number)) this.#accounts.delete(number);
  }

  #forgetOf(pair: Pair, beforeMs: number): void {
    const { times, blocks, qualities } = pair;
    while (pair.expired < times.length && (times[pair.expired] ?? 0) <= beforeMs) pair.expired++;
    if (pair.expired > 100) {
      times.splice(0, pair.expired);
      blocks.splice(0, pair.expired);
      pair.expired = 0;
    }
    const { height: current } = this;
    if (current === null || qualities.length <= CAPACITY_BLOCKS + 1) return;
    const kept = qualities.filter(({ height }) => height + KEPT_HEIGHTS >= current);
    qualities.splice(0, qualities.length, ...kept.slice(-Number(KEPT_HEIGHTS)));
  }
}

function emptyPair(machine: number, account: number, submittedAtMs: number): Pair {
  const counts = { forwarded: 0, accepted: 0, rejected: 0, verified: 0, failedProofs: 0 };
  return { machine, account, submittedAtMs, blocks: [], times: [], expired: 0, qualities: [], counts };
}
