// Which proof is worked on next. It is a data structure without time, threads or promises: whoever owns it asks for
// work, and tells what became of it. Every ticket leaves it exactly once.

import { noncesOf } from './proof.ts';
import type { ProofClaim, ProofOrigin } from './proof-check.ts';
import { ProofHistory } from './proof-history.ts';
import { type ProofLine, ProofLines, type RankOf, type Ticket } from './proof-lines.ts';

/** Tickets that wait for a thread; above it the address with most of them loses its worst. */
export const WAITING_PROOFS_MAX = 4_096;

/** Tickets of one proof; the next one is lost at once. */
export const SHARERS_MAX = 64;

/** A proof that is being checked, for one or several addresses that claim the same. */
export interface ScheduledProof {
  /** Equal for equal claims. */
  readonly key: string;
  readonly claim: ProofClaim;
  readonly tickets: readonly Ticket[];
}

/** Nonces of a proof that one thread makes in one go: `count` of them from number `from` on. */
export interface ProofPart {
  readonly proof: ScheduledProof;
  readonly from: number;
  readonly count: number;
}

/** The result of {@link ProofSchedule.add}. */
export interface AddedProof {
  readonly ticket: Ticket;
  /** True if an equal claim was waiting or under way already. */
  readonly isJoined: boolean;
  /** The ticket that leaves because there are too many; it may be the new one. */
  readonly lost: Ticket | null;
}

class Proof implements ScheduledProof {
  readonly claim: ProofClaim;
  readonly key: string;
  readonly total: number;
  tickets: Ticket[] = [];
  /** Nonces that were given out at least once. */
  given = 0;
  answered = 0;
  /** Parts that threads work on. */
  underWay = 0;
  /** Parts that were given out in vain. */
  again: Omit<ProofPart, 'proof'>[] = [];
  /** True while there are nonces to give out: then all its tickets stand in the lines. */
  isWaiting = true;

  constructor(claim: ProofClaim, key: string) {
    this.claim = claim;
    this.key = key;
    this.total = noncesOf(claim);
  }

  get isBegun(): boolean {
    return this.given > 0;
  }

  take(lanes: number): ProofPart {
    const again = this.again.shift();
    const { from, count } = again ?? { from: this.given, count: this.total - this.given };
    const taken = Math.min(lanes, count);
    if (again === undefined) this.given += taken;
    else if (taken < count) this.again.unshift({ from: from + taken, count: count - taken });
    this.underWay++;
    return { proof: this, from, count: taken };
  }

  get isGivenOut(): boolean {
    return this.given === this.total && this.again.length === 0;
  }
}

function keyOf(claim: ProofClaim): string {
  const { accountId, seed, nonce, compression, height, generationSignature, rawQuality } = claim;
  return [accountId, seed, nonce, compression, height, generationSignature, rawQuality]
    .join(' ')
    .toLowerCase();
}

/**
 * The proofs that wait or are under way. Addresses take turns, measured in nonces; between addresses that are equally
 * far, and within an address, the smallest claimed time comes first. Within an address over its budget it is first the
 * plots whose last proof held, then unknown ones, and last those whose last proof did not hold.
 */
export class ProofSchedule {
  readonly #waitingMax: number;
  readonly #proofs = new Map<string, Proof>();
  readonly #lines = new ProofLines<Proof>();
  readonly #history = new ProofHistory();
  readonly #rankOf: RankOf<Proof> = ({ ticket, proof }) => this.#history.rankOf(ticket.address, proof.claim);
  /** The one proof that is worked on for addresses over their budget. */
  #late: Proof | null = null;

  constructor(waitingMax: number = WAITING_PROOFS_MAX) {
    this.#waitingMax = waitingMax;
  }

  /** Number of tickets of proofs that have nonces to give out. */
  get waiting(): number {
    return this.#lines.size;
  }

  /** Number of proofs that wait or are under way. */
  get size(): number {
    return this.#proofs.size;
  }

  /** Adds a claim. An equal one of the same address and block shares its ticket. */
  add(claim: ProofClaim, origin: ProofOrigin): AddedProof {
    const key = keyOf(claim);
    const known = this.#proofs.get(key);
    const shared = known?.tickets.find(
      ({ address, blockHash }) => address === origin.address && blockHash === origin.blockHash,
    );
    if (shared !== undefined) return { ticket: shared, isJoined: true, lost: null };
    const proof = known ?? new Proof(claim, key);
    this.#proofs.set(key, proof);
    const ticket: Ticket = { ...origin };
    if (proof.tickets.length >= SHARERS_MAX) return { ticket, isJoined: true, lost: ticket };
    proof.tickets.push(ticket);
    if (proof.isWaiting) this.#lines.add(ticket, proof);
    const lost = this.#lines.size > this.#waitingMax ? this.#makeRoom(ticket) : null;
    return { ticket, isJoined: known !== undefined, lost };
  }

  /**
   * The next work for a thread that makes up to `lanes` nonces at once; empty if there is none. Proofs of addresses over
   * their budget are worked on only if no other proof waits, one at a time, by one thread at a time. A part that was
   * given out in vain goes alone, so that a proof which ends threads takes no other with it.
   */
  take(lanes: number, isOverBudget: (address: string) => boolean): readonly ProofPart[] {
    const { within, over } = this.#lines.split(isOverBudget);
    const parts: ProofPart[] = [];
    let left = lanes;
    while (left > 0) {
      const line = this.#lines.first(within);
      if (line === null) break;
      const isAlone = line.best.proof.again.length > 0;
      if (isAlone && parts.length > 0) break;
      const part = this.#takeFrom(line, line.best.proof, left);
      parts.push(part);
      left = isAlone ? 0 : left - part.count;
    }
    if (parts.length > 0) return parts;
    if (this.#late === null) {
      const line = this.#lines.first(over);
      if (line === null) return [];
      this.#late = line.mostTrusted(this.#rankOf).proof;
      return [this.#takeFrom(line, this.#late, lanes)];
    }
    const { isWaiting, underWay } = this.#late;
    return isWaiting && underWay === 0 ? [this.#takePart(this.#late, lanes)] : [];
  }

  /** The proof of these tickets holds, or does not: later ones of the same plots are trusted accordingly. */
  judged({ claim, tickets }: ScheduledProof, holds: boolean): void {
    for (const { address } of tickets) this.#history.note(address, claim, holds);
  }

  /** A thread made this part. Returns the proof's tickets, which leave, if it was the last one. */
  finished(part: ProofPart): readonly Ticket[] | null {
    const proof = this.#current(part);
    if (proof === null) return null;
    proof.underWay--;
    proof.answered += part.count;
    if (proof.answered < proof.total) return null;
    this.#remove(proof);
    return proof.tickets;
  }

  /** The thread of this part ended before it was made: the part waits again. */
  returned(part: ProofPart): void {
    const proof = this.#current(part);
    if (proof === null) return;
    proof.underWay--;
    proof.again.push({ from: part.from, count: part.count });
    if (proof.isWaiting) return;
    proof.isWaiting = true;
    for (const ticket of proof.tickets) this.#lines.add(ticket, proof);
  }

  /** Gives a proof up; returns its tickets, which leave. Later results of its parts change nothing. */
  giveUp({ proof }: ProofPart): readonly Ticket[] {
    const current = this.#current({ proof });
    if (current === null) return [];
    this.#remove(current);
    return current.tickets;
  }

  /** Takes back a claim of which nothing has been worked on; returns its ticket, or null if there is none. */
  withdraw(claim: ProofClaim, origin: ProofOrigin): Ticket | null {
    const proof = this.#proofs.get(keyOf(claim));
    if (proof === undefined || !proof.isWaiting || proof.isBegun) return null;
    const ticket = proof.tickets.find(
      ({ address, blockHash }) => address === origin.address && blockHash === origin.blockHash,
    );
    if (ticket === undefined) return null;
    this.#withdraw(ticket, proof);
    return ticket;
  }

  /** Drops the waiting tickets for blocks that are not among these, and returns them. */
  keepBlocks(blockHashes: readonly string[]): readonly Ticket[] {
    const kept = new Set(blockHashes);
    const dropped: Ticket[] = [];
    for (const proof of this.#proofs.values()) {
      if (!proof.isWaiting) continue;
      for (const ticket of proof.tickets) {
        if (kept.has(ticket.blockHash)) continue;
        this.#withdraw(ticket, proof);
        dropped.push(ticket);
      }
    }
    return dropped;
  }

  /** Removes everything and returns all tickets. */
  clear(): readonly Ticket[] {
    const proofs = [...this.#proofs.values()];
    for (const proof of proofs) this.#remove(proof);
    return proofs.flatMap(({ tickets }) => tickets);
  }

  /** The part's proof if it has not left. */
  #current({ proof }: Pick<ProofPart, 'proof'>): Proof | null {
    const current = this.#proofs.get(proof.key);
    return current === proof ? current : null;
  }

  #takeFrom(line: ProofLine<Proof>, proof: Proof, lanes: number): ProofPart {
    const part = this.#takePart(proof, lanes);
    this.#lines.served(line, part.count);
    return part;
  }

  #takePart(proof: Proof, lanes: number): ProofPart {
    const part = proof.take(lanes);
    if (proof.isGivenOut) {
      proof.isWaiting = false;
      for (const ticket of proof.tickets) this.#lines.remove(ticket);
    }
    return part;
  }

  /**
   * The longest line loses its worst ticket of which nothing has been worked on: of the least trusted plots the one with
   * the greatest claimed time. Of equal lines it is the newcomer's.
   */
  #makeRoom(newcomer: Ticket): Ticket {
    const line = this.#lines.longest(newcomer.address);
    const { ticket, proof } =
      line.worst(({ isBegun }) => !isBegun, this.#rankOf) ?? this.#lines.placeOf(newcomer);
    this.#withdraw(ticket, proof);
    return ticket;
  }

  #withdraw(ticket: Ticket, proof: Proof): void {
    this.#lines.remove(ticket);
    proof.tickets = proof.tickets.filter((other) => other !== ticket);
    if (proof.tickets.length === 0) this.#remove(proof);
  }

  #remove(proof: Proof): void {
    this.#proofs.delete(proof.key);
    for (const ticket of proof.tickets) this.#lines.remove(ticket);
    if (this.#late === proof) this.#late = null;
  }
}
