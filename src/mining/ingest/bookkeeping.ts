// Keeps the books of all upstreams: carries out their moves, has them told to the journal, and starts the checks. It
// answers no miner (desk.ts).

import type { Entry, Fact } from '../domain/facts.ts';
import type { KnownBlock, MiningInformation } from '../domain/information.ts';
import { BOOK_ENTRIES_MAX, Books, type Move, type Standing } from '../domain/books.ts';
import { checkSubmission, falseProof, isSameWork } from '../domain/checks.ts';
import { pocTime } from '../domain/poc-time.ts';
import type { Verify } from '../domain/proof-check.ts';
import { accountKey, type Submission } from '../domain/submission.ts';
import type { DeliveryOutcome } from '../domain/upstream-answer.ts';
import type { DeskCounters } from './desk-counters.ts';
import type { DeskDelivery, DeskOptions, DeskParts } from './desk-parts.ts';
import { factsOf, submittedFact } from './entry-facts.ts';
import { FalseProofs } from './false-proofs.ts';
import { Notices } from './notices.ts';
import { Repeaters } from './repeaters.ts';
import { type CheckEnd, RunningChecks } from './running-checks.ts';
import { Telling } from './telling.ts';

/** The books of all upstreams, and what goes with them. */
export class Bookkeeping {
  readonly notices = new Notices();
  readonly falseProofs = new FalseProofs();
  readonly checks: RunningChecks;
  readonly telling: Telling;
  readonly #repeaters = new Repeaters();
  /** Changeable while it runs. */
  verify: Verify;
  readonly #parts: DeskParts;
  readonly #counters: DeskCounters;
  readonly #blockTimeSecs: number;
  /** By the name of the upstream; as many as were configured since the start. */
  readonly #books = new Map<string, Books>();
  readonly #currents = new Map<string, KnownBlock>();
  /** The deliveries that have what is in delivery. */
  readonly #deliveries = new Map<string, DeskDelivery>();
  #nextId: number;
  #activeKey = '';
  /** The blocks when they were looked at last. */
  #blocksKey = '';

  constructor(options: DeskOptions, parts: DeskParts, counters: DeskCounters) {
    this.verify = options.verify;
    this.#blockTimeSecs = options.blockTimeSecs;
    this.#nextId = options.firstEntryId;
    this.#parts = parts;
    this.#counters = counters;
    this.telling = new Telling(parts.journal, counters);
    this.checks = new RunningChecks({
      checker: parts.checker,
      timers: parts.timers,
      isWanted: ({ upstream, id }) => this.#books.get(upstream)?.entry(id)?.state === 'checking',
      ended: (entry, outcome) => this.#checked(entry, outcome),
    });
  }

  /** Entries of all books. */
  get size(): number {
    return this.#all().reduce((sum, { size }) => sum + size, 0);
  }

  /** Entries that all books can have. */
  get limit(): number {
    return Math.max(1, this.#books.size) * BOOK_ENTRIES_MAX;
  }

  /** Entries that full books have lost. */
  get crowdedOut(): number {
    return this.#all().reduce((sum, { crowdedOut }) => sum + crowdedOut, 0);
  }

  newId(): number {
    return this.#nextId++;
  }

  timeOf({ rawQuality }: Submission, { baseTarget }: Pick<MiningInformation, 'baseTarget'>): bigint {
    return pocTime(rawQuality, baseTarget, this.#blockTimeSecs);
  }

  /** What this submission would be in the books of the block's upstream. */
  look(submission: Submission, { upstream, mode, information }: KnownBlock): Standing {
    return this.#booksOf(upstream, mode).look(submission, information.blockHash);
  }

  /**
   * Takes a new entry into the books: checked first if `isChecked`, else at once, and `isVerified` if its proof holds
   * or counts as holding. Resolves when the entry is on the disk.
   */
  enter(entry: Entry, how: { readonly isChecked: boolean; readonly isVerified: boolean }): Promise<void> {
    const books = this.#booksOf(entry.upstream, entry.mode);
    const moves = how.isChecked ? books.check(entry) : books.take(entry, how.isVerified);
    const own = moves.findLast((move) => move.entry.id === entry.id);
    const submitted = submittedFact(entry, own?.verdict ?? 'checking');
    const others = factsOf(
      moves.filter((move) => move.entry.id !== entry.id),
      this.#repeaters,
      this.#parts.clock.nowMs(),
    );
    const entries: readonly Fact[] =
      own === undefined || own.isGone
        ? [{ type: 'entriesGone', ids: [entry.id] }]
        : [{ type: 'entry', entry: own.entry }];
    const committed = this.telling.commit(entry.id, [submitted, ...entries, ...others]);
    this.#act(moves);
    this.#forgetGone(moves);
    return committed;
  }

  /** The same claim came from another machine, which is told the verdicts too. */
  repeated(known: Entry, machineId: string, atMs: number): void {
    this.telling.repeated(known, machineId, atMs);
    this.#repeaters.add(known.id, machineId);
  }

  /** The delivery of an entry ended. */
  settled(entry: Entry, outcome: DeliveryOutcome): void {
    const account = accountKey(entry.submission);
    if (outcome.type === 'delivered') this.notices.clear(account);
    if (outcome.type === 'refused' && outcome.about === 'account') {
      this.notices.add(account, entry.blockHash, outcome.text);
    }
    this.#carryOut(this.#books.get(entry.upstream)?.settled(entry.id, outcome) ?? []);
  }

  /** Looks at the blocks of the upstreams and at which of these is active; costs little if nothing changed. */
  blocksChanged(): void {
    const { all, active } = this.#parts.blocks;
    const activeKey = active === null ? '' : keyOf(active);
    const key = [activeKey, ...all.map((block) => `${block.age} ${keyOf(block)}`)].join('\n');
    const isNewDelivery = this.#lookAtDeliveries(all);
    if (key === this.#blocksKey && !isNewDelivery) return;
    this.#blocksKey = key;
    this.#parts.checker.keepBlocks(all.map(({ information }) => information.blockHash));
    const upstreams = new Set(all.map(({ upstream }) => upstream));
    for (const upstream of upstreams) {
      this.#blocksOf(
        upstream,
        all.filter((block) => block.upstream === upstream),
      );
    }
    if (active !== null && activeKey !== this.#activeKey) this.#takeOver(active);
    this.#activeKey = activeKey;
  }

  /** Takes in what was stored, in the order of the ids. What belongs to an upstream that is not configured is dropped. */
  restore(entries: readonly Entry[]): void {
    const moves: Move[] = [];
    const foreign: number[] = [];
    for (const entry of entries) {
      const { id, upstream, mode } = entry;
      this.#nextId = Math.max(this.#nextId, id + 1);
      if (upstream === '') continue;
      if (this.#parts.deliveryOf(upstream) === undefined) {
        foreign.push(id);
        continue;
      }
      const books = this.#books.get(upstream) ?? new Books(mode);
      this.#books.set(upstream, books);
      moves.push(...books.restore(entry));
    }
    this.telling.gone(foreign);
    if (this.verify === 'best') moves.push(...this.#endNeedlessChecks(entries));
    // Only now: a move may look into the books of another upstream. What was in delivery is offered when the blocks are
    // looked at.
    this.#carryOut(moves.filter(({ act }) => act !== 'deliver'));
  }

  /**
   * An upstream that is not configured any longer loses its books. One that was configured anew gets what was in
   * delivery; returns true if there is such a one, whose delivery knows no blocks yet.
   */
  #lookAtDeliveries(blocks: readonly KnownBlock[]): boolean {
    let isNew = false;
    for (const upstream of new Set([...this.#books.keys(), ...blocks.map((block) => block.upstream)])) {
      const delivery = this.#parts.deliveryOf(upstream);
      const before = this.#deliveries.get(upstream);
      if (delivery === before) continue;
      if (delivery === undefined) {
        this.#close(this.#books.get(upstream));
        this.#books.delete(upstream);
        this.#currents.delete(upstream);
        this.#deliveries.delete(upstream);
        continue;
      }
      isNew = true;
      this.#deliveries.set(upstream, delivery);
      for (const entry of this.#books.get(upstream)?.entries() ?? []) {
        if (entry.state === 'waiting') delivery.offer(entry);
        if (entry.state === 'delivered') delivery.remember(entry);
      }
    }
    return isNew;
  }

  #endNeedlessChecks(stored: readonly Entry[]): readonly Move[] {
    return stored.flatMap(({ upstream, state, submission, blockHash }) => {
      if (state !== 'waiting' && state !== 'delivered') return [];
      return this.#books.get(upstream)?.endNeedlessChecks(submission, blockHash) ?? [];
    });
  }

  #all(): readonly Books[] {
    return Array.from(this.#books.values());
  }

  #booksOf(upstream: string, mode: Entry['mode']): Books {
    const known = this.#books.get(upstream);
    if (known?.mode === mode) return known;
    // Its mode was changed in the settings: what was best for a pool means nothing for a wallet.
    this.#close(known);
    const books = new Books(mode);
    this.#books.set(upstream, books);
    // New books hold nothing, so no move follows.
    books.keepBlocks(hashesOf(this.#parts.blocks.all.filter((block) => block.upstream === upstream)));
    return books;
  }

  #blocksOf(upstream: string, blocks: readonly KnownBlock[]): void {
    const current = blocks.find(({ age }) => age === 'current');
    const hashes = hashesOf(blocks);
    const before = this.#currents.get(upstream);
    if (current !== undefined) this.#currents.set(upstream, current);
    this.#parts.deliveryOf(upstream)?.blocksAre(hashes);
    if (current !== undefined && before !== undefined) this.#carryOver(before, current);
    this.#carryOut(this.#books.get(upstream)?.keepBlocks(hashes) ?? []);
  }

  /** The same forger made the block anew: what is not delivered yet is delivered under the new hash. */
  #carryOver(before: KnownBlock, current: KnownBlock): void {
    const { blockHash } = before.information;
    if (blockHash === current.information.blockHash || !isSameWork(before.information, current.information))
      return;
    for (const entry of this.#books.get(before.upstream)?.entries() ?? []) {
      if (entry.blockHash !== blockHash) continue;
      if (entry.state === 'waiting' || entry.state === 'checking') this.#copy(entry, current);
    }
  }

  /** Another upstream became active, or the active one has a new block: what other books have of it is offered once. */
  #takeOver(active: KnownBlock): void {
    for (const [upstream, books] of this.#books) {
      if (upstream === active.upstream) continue;
      const bests = books.bests(active.information.blockHash).toSorted((one, other) => {
        const difference = one.submission.rawQuality - other.submission.rawQuality;
        return difference < 0n ? -1 : Number(difference > 0n);
      });
      for (const entry of bests) this.#copy(entry, active);
    }
  }

  /** Enters a copy of an entry for another block with the same work, or for the same block of another upstream. */
  #copy(entry: Entry, block: KnownBlock): void {
    if (checkSubmission(entry.submission, block.information) !== null) return;
    const { type } = this.look(entry.submission, block);
    if (type !== 'better' && type !== 'held') return;
    this.#counters.takenOver++;
    const copy: Entry = {
      ...entry,
      id: this.newId(),
      upstream: block.upstream,
      mode: block.mode,
      blockHash: block.information.blockHash,
      pocTime: this.timeOf(entry.submission, block.information),
    };
    for (const machineId of this.#repeaters.of(entry.id)) this.#repeaters.add(copy.id, machineId);
    void this.enter(copy, { isChecked: entry.state === 'checking', isVerified: true });
  }

  #checked(entry: Entry, outcome: CheckEnd): void {
    const books = this.#books.get(entry.upstream);
    if (books === undefined) return;
    if (outcome.type === 'holds') {
      this.#carryOut(books.verified(entry.id));
      if (this.verify === 'best') this.#carryOut(books.endNeedlessChecks(entry.submission, entry.blockHash));
      return;
    }
    this.#counters.falseProofs++;
    this.falseProofs.remember(entry.submission, entry.blockHash, outcome.computed);
    const { message } = falseProof(entry.submission, outcome.computed);
    this.#carryOut(books.dismiss(entry.id, 'false', message));
  }

  #carryOut(moves: readonly Move[]): void {
    this.telling.note(factsOf(moves, this.#repeaters, this.#parts.clock.nowMs()));
    this.#act(moves);
    this.#forgetGone(moves);
  }

  #forgetGone(moves: readonly Move[]): void {
    this.#repeaters.forget(moves.filter(({ isGone }) => isGone).map(({ entry }) => entry.id));
  }

  /** The books of an upstream are not kept any longer. */
  #close(books: Books | undefined): void {
    const ids = (books?.entries() ?? []).map(({ id }) => id);
    this.telling.gone(ids);
    this.#repeaters.forget(ids);
  }

  #act(moves: readonly Move[]): void {
    for (const { entry, act } of moves) {
      if (act === 'check') this.#check(entry);
      else if (act === 'uncheck') this.checks.withdraw(entry);
      else if (act === 'withdraw') this.#parts.deliveryOf(entry.upstream)?.withdraw(entry);
      else if (act === 'deliver') this.#deliver(entry);
    }
  }

  #check(entry: Entry): void {
    // What was held back or stored before checks were turned off.
    if (this.verify === 'off') this.#carryOut(this.#books.get(entry.upstream)?.verified(entry.id) ?? []);
    else this.checks.start(entry);
  }

  #deliver(entry: Entry): void {
    this.#counters.forwarded++;
    this.#parts.deliveryOf(entry.upstream)?.offer(entry);
    const { active } = this.#parts.blocks;
    if (active === null || active.upstream === entry.upstream) return;
    if (active.information.blockHash === entry.blockHash) this.#copy(entry, active);
  }
}

function keyOf({ upstream, information }: KnownBlock): string {
  return `${upstream} ${information.blockHash}`;
}

/** The current block first. */
function hashesOf(blocks: readonly KnownBlock[]): readonly string[] {
  return [
    ...blocks.filter(({ age }) => age === 'current'),
    ...blocks.filter(({ age }) => age !== 'current'),
  ].map(({ information }) => information.blockHash);
}
