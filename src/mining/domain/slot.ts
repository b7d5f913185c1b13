// What is kept of one block for one account, in wallet mode for all accounts together: the submissions that were
// forwarded, the held-back ones, and those that the upstream refused. It tells what is best and what comes next.

import type { Entry } from './facts.ts';
import type { SubmissionMode } from './information.ts';
import { accountKey, type Submission } from './submission.ts';

/** Held-back submissions of one account and block; the address with most of them loses its worst. */
export const HELD_PER_ACCOUNT_MAX = 16;

/** Refused submissions of one account and block that are remembered; the first refused goes first. */
export const REFUSED_PER_ACCOUNT_MAX = 16;

/** A submission that is kept. The entry is replaced with each change of its state. */
export interface Candidate {
  entry: Entry;
  /** True if its proof holds, or if proofs are not checked. */
  isVerified: boolean;
}

/** True if two submissions claim the same: the same nonce with the same raw quality. */
export function isSameClaim(one: Submission, other: Submission): boolean {
  return (
    one.nonce === other.nonce &&
    one.rawQuality === other.rawQuality &&
    one.compression === other.compression &&
    accountKey(one) === accountKey(other) &&
    one.seed.toLowerCase() === other.seed.toLowerCase()
  );
}

/** The kept submissions of one block, of one account or of all. Lower raw qualities are better. */
export class Slot {
  readonly blockHash: string;
  readonly #mode: SubmissionMode;
  /** Submissions in delivery, and the best delivered one. */
  readonly #forwarded: Candidate[] = [];
  /** Held-back and refused submissions by account. */
  readonly #kept = new Map<string, Candidate[]>();
  readonly #closedAccounts = new Set<string>();

  constructor(blockHash: string, mode: SubmissionMode) {
    this.blockHash = blockHash;
    this.#mode = mode;
  }

  get isEmpty(): boolean {
    return this.#forwarded.length === 0 && this.#kept.size === 0;
  }

  /** The best raw quality delivered or in delivery; null without one. */
  get best(): bigint | null {
    return leastOf(this.#forwarded);
  }

  /** The best raw quality that the upstream accepted; null without one. */
  get delivered(): bigint | null {
    return leastOf(this.#forwarded.filter(({ entry }) => entry.state === 'delivered'));
  }

  /** Submissions that are in delivery. */
  get waiting(): readonly Candidate[] {
    return this.#forwarded.filter(({ entry }) => entry.state === 'waiting');
  }

  /** Submissions that are held back. */
  get held(): readonly Candidate[] {
    return Array.from(this.#kept.values()).flat().filter(isHeld);
  }

  /** True if the upstream refused this account in this block. */
  isClosed(accountId: string): boolean {
    return this.#closedAccounts.has(accountId.toLowerCase());
  }

  /** The upstream refused this account: nothing of it follows in this block. */
  close(accountId: string): void {
    this.#closedAccounts.add(accountId.toLowerCase());
  }

  /** Everything that is kept. */
  *all(): Generator<Candidate> {
    yield* this.#forwarded;
    for (const list of this.#kept.values()) yield* list;
  }

  /** The same claim, if it is kept. */
  find(submission: Submission): Candidate | undefined {
    const isSame = ({ entry }: Candidate) => isSameClaim(entry.submission, submission);
    return this.#forwarded.find(isSame) ?? this.#kept.get(accountKey(submission))?.find(isSame);
  }

  /** Takes in a submission that is in delivery or delivered. */
  forward(candidate: Candidate): void {
    this.#forwarded.push(candidate);
  }

  /** Keeps a held-back or a refused submission; returns those that are not kept any longer, possibly itself. */
  keep(candidate: Candidate): readonly Candidate[] {
    const key = accountKey(candidate.entry.submission);
    const list = this.#kept.get(key) ?? [];
    list.push(candidate);
    this.#kept.set(key, list);
    const removed = this.#surplus(list);
    for (const each of removed) this.remove(each);
    return removed;
  }

  #surplus(list: readonly Candidate[]): readonly Candidate[] {
    const refused = list.filter(({ entry }) => entry.state !== 'held');
    const held = list.filter(isHeld);
    const oldest = refused.slice(0, Math.max(0, refused.length - REFUSED_PER_ACCOUNT_MAX));
    // A wallet has one held-back best of each account. A claim that is not verified displaces nothing.
    const best = leastOf(held.filter(({ isVerified }) => isVerified));
    const worse =
      this.#mode === 'pool' || best === null
        ? []
        : held.filter(({ entry }) => entry.submission.rawQuality > best);
    if (worse.length > 0 || held.length <= HELD_PER_ACCOUNT_MAX) return [...oldest, ...worse];
    return [...oldest, ...worstOfMostFrequent(held)];
  }

  remove(candidate: Candidate): void {
    const at = this.#forwarded.indexOf(candidate);
    if (at >= 0) {
      this.#forwarded.splice(at, 1);
      return;
    }
    const key = accountKey(candidate.entry.submission);
    const rest = (this.#kept.get(key) ?? []).filter((each) => each !== candidate);
    if (rest.length === 0) this.#kept.delete(key);
    else this.#kept.set(key, rest);
  }

  /** The best held-back submission, if it is better than the best forwarded one. */
  next(): Candidate | null {
    const { best } = this;
    let next: Candidate | null = null;
    for (const candidate of this.held) {
      const { rawQuality } = candidate.entry.submission;
      if (best !== null && rawQuality >= best) continue;
      if (next === null || rawQuality < next.entry.submission.rawQuality) next = candidate;
    }
    return next;
  }

  /** Held-back and delivered submissions that can never be forwarded, because a better one is delivered. */
  outdone(): readonly Candidate[] {
    const { delivered } = this;
    if (delivered === null) return [];
    const best = this.#forwarded.find(
      ({ entry }) => entry.state === 'delivered' && entry.submission.rawQuality === delivered,
    );
    const earlier = this.#forwarded.filter((each) => each.entry.state === 'delivered' && each !== best);
    return [...earlier, ...this.held.filter(({ entry }) => entry.submission.rawQuality >= delivered)];
  }
}

function isHeld({ entry }: Candidate): boolean {
  return entry.state === 'held';
}

function leastOf(candidates: readonly Candidate[]): bigint | null {
  let least: bigint | null = null;
  for (const { entry } of candidates) {
    const { rawQuality } = entry.submission;
    if (least === null || rawQuality < least) least = rawQuality;
  }
  return least;
}

/** The worst submission of the address that has most of them. Verified ones go last. */
function worstOfMostFrequent(held: readonly Candidate[]): readonly Candidate[] {
  const unverified = held.filter(({ isVerified }) => !isVerified);
  const pool = unverified.length > 0 ? unverified : held;
  const counts = new Map<string, number>();
  for (const { entry } of pool) counts.set(entry.address, (counts.get(entry.address) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const heaviest = pool.filter(({ entry }) => counts.get(entry.address) === most);
  const worst = heaviest.reduce((one, other) =>
    other.entry.submission.rawQuality >= one.entry.submission.rawQuality ? other : one,
  );
  return [worst];
}
