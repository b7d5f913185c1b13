// The books of one upstream: which submissions are checked, held back, in delivery, delivered or refused, and what is
// to be done when one of these ends. It does nothing itself: it returns moves, which the desk carries out.

import { ClaimsUnderCheck } from './claims-under-check.ts';
import { fairCut } from './fair-cut.ts';
import type { Entry, EntryState, Verdict } from './facts.ts';
import type { SubmissionMode } from './information.ts';
import { FilterTable, isBetter } from './selection.ts';
import { type Candidate, Slot } from './slot.ts';
import { accountKey, type Submission } from './submission.ts';
import type { DeliveryOutcome } from './upstream-answer.ts';

/** Submissions that the books of one upstream keep; above it the addresses with most of them lose their newest, unverified ones first. */
export const BOOK_ENTRIES_MAX = 65_536;

/** Blocks that the upstream refused and that are remembered. */
export const REFUSED_BLOCKS_MAX = 16;

/** A change of one entry: what is to be done and what is to be stored. */
export interface Move {
  /** With its new state. */
  readonly entry: Entry;
  /** `check`, `uncheck`: its proof, or not any longer. `deliver`, `withdraw`: to or from the delivery. */
  readonly act: 'check' | 'uncheck' | 'deliver' | 'withdraw' | null;
  /** Null if the verdict stays as it is. */
  readonly verdict: Verdict | null;
  readonly text: string | null;
  /** True if the entry is not kept any longer. */
  readonly isGone: boolean;
}

/**
 * What a submission is when it comes. `known`: the same claim is kept. `better`: than the best forwarded one. `held`:
 * not better, but worth keeping. `outdone`: a better one is delivered. `account_refused`, `block_refused`: the upstream
 * refused its account in this block, or its block.
 */
export type Standing =
  | { readonly type: 'known'; readonly entry: Entry }
  | { readonly type: 'better' | 'held' | 'outdone' | 'account_refused' | 'block_refused' };

interface Place {
  readonly candidate: Candidate;
  /** Null while its proof is checked. */
  readonly slot: Slot | null;
}

/** The books of one upstream. Every method returns the moves that follow. */
export class Books {
  readonly mode: SubmissionMode;
  readonly #places = new Map<number, Place>();
  readonly #table: FilterTable<Slot>;
  readonly #checking: ClaimsUnderCheck;
  /** Held-back candidates that are checked because a better one was refused. */
  readonly #promoted = new Set<number>();
  readonly #refusedBlocks = new Set<string>();
  readonly #entriesMax: number;
  #alive: ReadonlySet<string> = new Set();
  #crowdedOut = 0;

  constructor(mode: SubmissionMode, entriesMax = BOOK_ENTRIES_MAX) {
    this.mode = mode;
    this.#table = new FilterTable(mode);
    this.#checking = new ClaimsUnderCheck(mode);
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Submissions that were removed because the books were full. */
  get crowdedOut(): number {
    return this.#crowdedOut;
  }

  /** All entries, in the order of their ids. */
  entries(): readonly Entry[] {
    return Array.from(this.#places.values(), ({ candidate }) => candidate.entry).toSorted(
      (one, other) => one.id - other.id,
    );
  }

  entry(id: number): Entry | undefined {
    return this.#places.get(id)?.candidate.entry;
  }

  /** What a submission for this block would be. */
  look(submission: Submission, blockHash: string): Standing {
    const { accountId, rawQuality } = submission;
    const slot = this.#table.find(accountId, blockHash);
    const known = this.#checking.find(submission, blockHash) ?? slot?.find(submission);
    if (known !== undefined) return { type: 'known', entry: known.entry };
    if (this.#refusedBlocks.has(blockHash)) return { type: 'block_refused' };
    if (slot === undefined) return { type: 'better' };
    if (slot.isClosed(accountId)) return { type: 'account_refused' };
    if (isBetter(rawQuality, slot.best)) return { type: 'better' };
    return { type: isBetter(rawQuality, slot.delivered) ? 'held' : 'outdone' };
  }

  /** Takes in a submission whose proof is to be checked. */
  check(entry: Entry): readonly Move[] {
    const moves = this.#makeRoom();
    const candidate = { entry: { ...entry, state: 'checking' as const }, isVerified: false };
    this.#startCheck(candidate);
    return [...moves, move(candidate, { act: 'check' })];
  }

  /** Takes in a submission without a check: one that is held back for now, or any if proofs are not checked. */
  take(entry: Entry, isVerified: boolean): readonly Move[] {
    return [...this.#makeRoom(), ...this.#admit({ entry, isVerified })];
  }

  /** The proof holds. */
  verified(id: number): readonly Move[] {
    const candidate = this.#endCheck(id);
    if (candidate === null) return [];
    candidate.isVerified = true;
    return this.#admit(candidate);
  }

  /**
   * Ends the checks of claims that are not better than the best of their block: they are held back unchecked, because a
   * check costs many times more than everything else. Not for those who have all proofs checked.
   */
  endNeedlessChecks(submission: Submission, blockHash: string): readonly Move[] {
    const best = this.#table.find(submission.accountId, blockHash)?.best ?? null;
    return this.#checking.rivalsOf(submission, blockHash).flatMap((rival) => {
      const { id, submission: claim } = rival.entry;
      if (isBetter(claim.rawQuality, best) || this.#endCheck(id) === null) return [];
      return this.#admit(rival).map((each) => (each.entry.id === id ? { ...each, act: 'uncheck' } : each));
    });
  }

  /** The proof does not hold (`false`), or its block passed before the check (`expired`): the claim is forgotten. */
  dismiss(id: number, verdict: 'false' | 'expired', text: string | null): readonly Move[] {
    const wasPromoted = this.#promoted.has(id);
    const candidate = this.#endCheck(id);
    if (candidate === null) return [];
    const slot = this.#slotOf(candidate);
    return [
      move(candidate, { verdict, text, isGone: true }),
      ...(wasPromoted && slot !== undefined ? this.#next(slot) : []),
    ];
  }

  /** The delivery of an entry ended. */
  settled(id: number, outcome: DeliveryOutcome): readonly Move[] {
    const place = this.#places.get(id);
    if (place === undefined || place.slot === null || place.candidate.entry.state !== 'waiting') return [];
    const { candidate, slot } = place;
    if (outcome.type === 'delivered') return this.#delivered(candidate, slot, outcome.rawQuality);
    if (outcome.type === 'refused') return this.#refused(candidate, slot, outcome);
    if (!isBetter(candidate.entry.submission.rawQuality, slot.delivered)) {
      return this.#remove(slot, [candidate], outcome.type, null);
    }
    const moves = this.#keep(candidate, slot, 'held', outcome.type, null);
    // What replaced it may have been refused meanwhile.
    return outcome.type === 'replaced' ? [...moves, ...this.#next(slot)] : moves;
  }

  /**
   * Only these blocks are current, or previous within their grace. Checks for other ones end. What is held back for a
   * block that is current again is offered again.
   */
  keepBlocks(blockHashes: readonly string[]): readonly Move[] {
    const before = this.#alive;
    this.#alive = new Set(blockHashes);
    const passed = this.#checking.idsOf((hash) => !this.#alive.has(hash));
    const moves = passed.flatMap((id) => this.dismiss(id, 'expired', null));
    for (const hash of blockHashes) {
      if (before.has(hash)) continue;
      for (const slot of this.#table.ofBlock(hash)) moves.push(...this.#next(slot));
    }
    return moves;
  }

  /** The submissions of a block that another upstream with the same block would forward. */
  bests(blockHash: string): readonly Entry[] {
    const best = new Map<string, Entry>();
    for (const slot of this.#table.ofBlock(blockHash)) {
      for (const { entry, isVerified } of slot.all()) {
        if (!isVerified || isRefused(entry.state)) continue;
        const key = accountKey(entry.submission);
        const known = best.get(key);
        if (isBetter(entry.submission.rawQuality, known?.submission.rawQuality ?? null)) best.set(key, entry);
      }
    }
    return Array.from(best.values());
  }

  /** Takes in an entry as it was stored; entries come in the order of their ids. */
  restore(entry: Entry): readonly Move[] {
    if (entry.state === 'checking') return this.check(entry);
    const candidate = { entry, isVerified: entry.state !== 'held' };
    if (entry.state === 'block_refused') this.#refuseBlock(entry.blockHash);
    const { slot, moves } = this.#open(candidate);
    if (entry.state === 'account_refused') slot.close(entry.submission.accountId);
    this.#places.set(entry.id, { candidate, slot });
    if (entry.state === 'waiting' || entry.state === 'delivered') slot.forward(candidate);
    else return [...moves, ...this.#forget(slot.keep(candidate))];
    return entry.state === 'waiting' ? [...moves, move(candidate, { act: 'deliver' })] : moves;
  }

  #admit(candidate: Candidate): readonly Move[] {
    const { submission, blockHash } = candidate.entry;
    if (this.#refusedBlocks.has(blockHash)) return [move(candidate, { verdict: 'stale', isGone: true })];
    const { slot, moves } = this.#open(candidate);
    if (slot.isClosed(submission.accountId)) {
      return [...moves, move(candidate, { verdict: 'not_assigned', isGone: true })];
    }
    if (candidate.isVerified && isBetter(submission.rawQuality, slot.best)) {
      return [...moves, ...this.#forward(candidate, slot)];
    }
    if (!isBetter(submission.rawQuality, slot.delivered)) {
      return [...moves, move(candidate, { verdict: 'held', isGone: true })];
    }
    this.#places.set(candidate.entry.id, { candidate, slot });
    return [...moves, ...this.#keep(candidate, slot, 'held', 'held', null)];
  }

  #forward(candidate: Candidate, slot: Slot): readonly Move[] {
    setState(candidate, 'waiting');
    slot.forward(candidate);
    this.#places.set(candidate.entry.id, { candidate, slot });
    return [move(candidate, { act: 'deliver', verdict: 'waiting' })];
  }

  /** Offers the best held-back submission of a block, if it is better than what is forwarded; checks it first if needed. */
  #next(slot: Slot): readonly Move[] {
    if (!this.#alive.has(slot.blockHash) || this.#refusedBlocks.has(slot.blockHash)) return [];
    const next = slot.next();
    if (next === null) return [];
    slot.remove(next);
    if (next.isVerified) return [...this.#forward(next, slot), ...this.#dropWorse(next, slot)];
    setState(next, 'checking');
    this.#promoted.add(next.entry.id);
    this.#startCheck(next);
    return [move(next, { act: 'check', verdict: 'checking' })];
  }

  /** A wallet has one held-back submission of each account, and this was it. */
  #dropWorse({ entry }: Candidate, slot: Slot): readonly Move[] {
    if (this.mode === 'pool') return [];
    const key = accountKey(entry.submission);
    return this.#remove(
      slot,
      slot.held.filter((each) => accountKey(each.entry.submission) === key),
    );
  }

  #keep(
    candidate: Candidate,
    slot: Slot,
    state: EntryState,
    verdict: Verdict,
    text: string | null,
  ): readonly Move[] {
    slot.remove(candidate);
    setState(candidate, state);
    const kept = move(candidate, { verdict, text });
    return [kept, ...this.#forget(slot.keep(candidate))];
  }

  #delivered(candidate: Candidate, slot: Slot, rawQuality: bigint): readonly Move[] {
    setState(candidate, 'delivered');
    const verdict = rawQuality === candidate.entry.submission.rawQuality ? 'accepted' : 'mismatch';
    return [move(candidate, { verdict }), ...this.#remove(slot, slot.outdone())];
  }

  #refused(
    candidate: Candidate,
    slot: Slot,
    { about, text }: Extract<DeliveryOutcome, { type: 'refused' }>,
  ): readonly Move[] {
    if (about === 'block') return this.#refusedForBlock(candidate, slot, text);
    if (about === 'submission') {
      return [...this.#keep(candidate, slot, 'refused', 'refused', text), ...this.#next(slot)];
    }
    const key = accountKey(candidate.entry.submission);
    slot.close(key);
    const others = [...slot.waiting, ...slot.held].filter(
      (each) => each !== candidate && accountKey(each.entry.submission) === key,
    );
    return [
      ...this.#keep(candidate, slot, 'account_refused', 'not_assigned', text),
      ...this.#remove(slot, others, 'not_assigned'),
      // In a pool each account has a slot of its own, which is closed and empty now.
      ...this.#next(slot),
    ];
  }

  #refusedForBlock(candidate: Candidate, slot: Slot, text: string): readonly Move[] {
    const { blockHash } = slot;
    this.#refuseBlock(blockHash);
    const moves = [...this.#keep(candidate, slot, 'block_refused', 'stale', text)];
    for (const each of this.#table.ofBlock(blockHash)) {
      moves.push(...this.#remove(each, [...each.waiting], 'stale'), ...this.#remove(each, each.held));
    }
    for (const id of this.#checking.idsOf((hash) => hash === blockHash)) {
      const ended = this.#endCheck(id);
      if (ended !== null) moves.push(move(ended, { verdict: 'stale', isGone: true }));
    }
    return moves;
  }

  #refuseBlock(blockHash: string): void {
    this.#refusedBlocks.add(blockHash);
    for (const oldest of this.#refusedBlocks) {
      if (this.#refusedBlocks.size <= REFUSED_BLOCKS_MAX) return;
      this.#refusedBlocks.delete(oldest);
    }
  }

  #remove(
    slot: Slot,
    candidates: readonly Candidate[],
    verdict: Verdict | null = null,
    act: 'withdraw' | null = 'withdraw',
  ): readonly Move[] {
    for (const candidate of candidates) slot.remove(candidate);
    return this.#forget(candidates, verdict, act);
  }

  /** Forgets candidates that were removed from their slots, and returns the moves that follow. */
  #forget(
    candidates: readonly Candidate[],
    verdict: Verdict | null = null,
    act: 'withdraw' | null = 'withdraw',
  ): readonly Move[] {
    return candidates.map((candidate) => {
      const { id, state, submission, blockHash } = candidate.entry;
      const slot = this.#places.get(id)?.slot;
      this.#places.delete(id);
      if (slot?.isEmpty === true && this.#table.find(submission.accountId, blockHash) === slot) {
        this.#table.drop(submission.accountId, blockHash);
      }
      return move(candidate, { act: state === 'waiting' ? act : null, verdict, isGone: true });
    });
  }

  #open({ entry }: Candidate): { readonly slot: Slot; readonly moves: readonly Move[] } {
    const { blockHash, submission } = entry;
    const { slot, evicted } = this.#table.open(
      submission.accountId,
      blockHash,
      () => new Slot(blockHash, this.mode),
    );
    return { slot, moves: evicted === null ? [] : this.#forget(Array.from(evicted.all())) };
  }

  #slotOf({ entry }: Candidate): Slot | undefined {
    return this.#table.find(entry.submission.accountId, entry.blockHash);
  }

  #startCheck(candidate: Candidate): void {
    this.#checking.add(candidate);
    this.#places.set(candidate.entry.id, { candidate, slot: null });
  }

  /** Ends the check of this entry; null if it has none. */
  #endCheck(id: number): Candidate | null {
    const candidate = this.#checking.remove(id);
    if (candidate === null) return null;
    this.#places.delete(id);
    this.#promoted.delete(id);
    return candidate;
  }

  /**
   * Full books lose what passed blocks left, and then the newest entries of the addresses with most of them: of those
   * whose proof is not known to hold, if there are enough.
   */
  #makeRoom(): readonly Move[] {
    if (this.#places.size < this.#entriesMax) return [];
    const room = Math.ceil(this.#entriesMax / 16);
    const all = Array.from(this.#places.values());
    const passed = all.filter(({ candidate }) => !this.#alive.has(candidate.entry.blockHash));
    if (this.#alive.size > 0 && passed.length >= room) return passed.flatMap((place) => this.#evict(place));
    const unverified = all.filter(({ candidate }) => !candidate.isVerified);
    const places = unverified.length >= room ? unverified : all;
    const moves = fairCut(places, ({ candidate }) => candidate.entry.address, room).flatMap((place) =>
      this.#evict(place),
    );
    this.#crowdedOut += moves.length;
    return moves;
  }

  #evict({ candidate, slot }: Place): readonly Move[] {
    if (slot !== null)
      return this.#remove(slot, [candidate], candidate.entry.state === 'waiting' ? 'expired' : null);
    this.#endCheck(candidate.entry.id);
    return [move(candidate, { verdict: 'expired', isGone: true })];
  }
}

function setState(candidate: Candidate, state: EntryState): void {
  candidate.entry = { ...candidate.entry, state };
}

function isRefused(state: EntryState): boolean {
  return state === 'refused' || state === 'account_refused' || state === 'block_refused';
}

function move({ entry }: Candidate, change: Partial<Omit<Move, 'entry'>>): Move {
  return { entry, act: null, verdict: null, text: null, isGone: false, ...change };
}
