// The desk: the way of a submission from the door to its answer (docs/mining.md#the-path-of-one-submission). It reads
// no request, checks no proof and sends nothing upstream.

import type { Part } from '../../lib/part.ts';
import { type Refusal, RPC_ERRORS, type SubmitAnswer } from '../domain/answer.ts';
import {
  checkBaseTarget,
  checkSubmission,
  deliveryBlock,
  falseProof,
  staleSubmission,
} from '../domain/checks.ts';
import type { Entry } from '../domain/facts.ts';
import { networkOf } from '../domain/address-network.ts';
import type { KnownBlock } from '../domain/information.ts';
import type { ProofOutcome, Verify } from '../domain/proof-check.ts';
import { accountKey, type Peer, type Submission } from '../domain/submission.ts';
import type { DeliveryOutcome } from '../domain/upstream-answer.ts';
import { Bookkeeping } from './bookkeeping.ts';
import { DeskCounters, type DeskSnapshot } from './desk-counters.ts';
import type { DeskOptions, DeskParts } from './desk-parts.ts';
import { EarlyEntries } from './early-entries.ts';
import { Visit } from './visit.ts';

/** How long a submission with an unknown hash waits for a refresh, in ms. */
const REFRESH_WAIT_MS = 2000;

/** What a submission has to wait for before it is answered with success. */
interface Taken {
  readonly type: 'taken';
  /** Resolves when the submission is on the disk. */
  readonly stored: Promise<void>;
  /** Undefined if the answer does not wait for the check. */
  readonly check: Promise<ProofOutcome> | undefined;
  readonly isVerified: boolean;
  /** True if the books have it. */
  readonly isEntered: boolean;
}

/** Takes submissions, and follows each to its verdict. */
export class Desk implements Part {
  readonly #parts: DeskParts;
  readonly #counters = new DeskCounters();
  readonly #bookkeeping: Bookkeeping;
  readonly #early = new EarlyEntries();
  readonly #visits = new Set<Visit>();

  constructor(options: DeskOptions, parts: DeskParts) {
    this.#parts = parts;
    this.#bookkeeping = new Bookkeeping(options, parts, this.#counters);
  }

  async start(): Promise<void> {}

  /** Closes the connections of submissions that wait for an answer. What was taken is on the disk. */
  async stop(): Promise<void> {
    this.#bookkeeping.checks.stop();
    for (const visit of this.#visits) visit.close();
  }

  /** Which proofs are checked from now on. */
  setVerify(verify: Verify): void {
    this.#bookkeeping.verify = verify;
  }

  /** Takes in what was stored, in the order of the ids. Called once, before the first submission. */
  restore(entries: readonly Entry[]): void {
    this.#bookkeeping.restore(entries);
    for (const entry of entries.filter(({ upstream }) => upstream === '')) {
      this.#keepEarly(entry, () => void this.#judgeEarly(entry, null));
    }
    this.blocksChanged();
  }

  /**
   * The blocks of the upstreams may have changed, or which of the upstreams is active. Called after each refresh and
   * each change of the active upstream; costs little if nothing changed.
   */
  blocksChanged(): void {
    this.#bookkeeping.blocksChanged();
    if (this.#hasInformation) this.#early.judge();
  }

  /** The delivery of an entry ended. */
  settled(entry: Entry, outcome: DeliveryOutcome): void {
    this.#bookkeeping.settled(entry, outcome);
  }

  /** Texts with which the upstream refused accounts, until they are next accepted, by account in lower case. */
  notices(): ReadonlyMap<string, string> {
    return this.#bookkeeping.notices.shown();
  }

  /** Counters since the start. */
  snapshot(): DeskSnapshot {
    const { size, limit, crowdedOut } = this.#bookkeeping;
    return this.#counters.snapshot({
      entries: size + this.#early.size,
      entriesLimit: limit,
      crowdedOut,
      postponed: this.#bookkeeping.checks.postponements,
    });
  }

  /** Judges a submission. Answers within 3 s, and never rejects. */
  submit(submission: Submission, peer: Peer): Promise<SubmitAnswer> {
    this.#counters.submissions++;
    this.#counters.visits++;
    const visit: Visit = new Visit(this.#parts.timers, (kind, answer) => {
      this.#visits.delete(visit);
      this.#counters.answered(kind, answer);
    });
    this.#visits.add(visit);
    // A fault of ours is never answered as an error of the miner: it sends again.
    this.#receive(submission, peer, visit).catch(() => visit.close());
    return visit.answer;
  }

  async #receive(submission: Submission, peer: Peer, visit: Visit): Promise<void> {
    const { blocks } = this.#parts;
    const impossible = checkBaseTarget(submission);
    if (impossible !== null) {
      this.#counters.arrived('invalid');
      visit.refuse(impossible);
      return;
    }
    const draft = this.#draft(submission, peer);
    let block = blocks.find(submission.blockHash);
    if (block === null && blocks.active !== null) {
      await this.#refreshed();
      block = blocks.find(submission.blockHash);
    }
    if (block !== null) {
      const result = this.#take(draft, block);
      if (result.type === 'refused') visit.refuse(result);
      else await this.#answer(draft, visit, result);
    } else if (blocks.active === null || !this.#hasInformation) this.#receiveEarly(draft, visit);
    else {
      this.#counters.arrived('stale');
      visit.refuse(staleSubmission(submission, blocks.active.information));
    }
  }

  #draft(submission: Submission, { machineId, address }: Peer): Entry {
    return {
      id: this.#bookkeeping.newId(),
      upstream: '',
      mode: 'pool',
      blockHash: submission.blockHash,
      submission,
      machineId,
      address: networkOf(address),
      receivedAtMs: this.#parts.clock.nowMs(),
      pocTime: this.#bookkeeping.timeOf(submission, submission),
      state: 'checking',
    };
  }

  /** False before the first information since the start: a block that is not known then may be the current one. */
  get #hasInformation(): boolean {
    const { active, isActiveConfirmed } = this.#parts.blocks;
    return active !== null && isActiveConfirmed;
  }

  /** The block may be one that is not known yet: the submission is stored without one, and judged when the first information comes. */
  #receiveEarly(draft: Entry, visit: Visit): void {
    this.#counters.arrived('early');
    const stored = this.#bookkeeping.telling.commit(draft.id, [{ type: 'entry', entry: draft }]);
    void stored.then(() => visit.stored(draft.pocTime));
    this.#keepEarly(draft, () => {
      this.#judgeEarly(draft, { visit, stored }).catch(() => visit.close());
    });
    void this.#parts.blocks.refresh();
  }

  #keepEarly(entry: Entry, judge: () => void): void {
    const removed = this.#early.add(entry, judge);
    this.#counters.crowdedOut += removed.length;
    this.#bookkeeping.telling.gone(removed.map(({ id }) => id));
  }

  /** `waiting` is the miner that may still wait for the answer; null after a restart. */
  async #judgeEarly(
    draft: Entry,
    waiting: { readonly visit: Visit; readonly stored: Promise<void> } | null,
  ): Promise<void> {
    const { blocks } = this.#parts;
    const block = blocks.find(draft.blockHash);
    if (block === null) {
      this.#counters.arrived('stale');
      this.#bookkeeping.telling.gone([draft.id]);
      if (blocks.active === null) waiting?.visit.close();
      else waiting?.visit.refuse(staleSubmission(draft.submission, blocks.active.information));
      return;
    }
    const taken = this.#take(draft, block);
    if (taken.type === 'refused' || !taken.isEntered) this.#bookkeeping.telling.gone([draft.id]);
    if (waiting === null) return;
    const { visit, stored } = waiting;
    if (taken.type === 'refused') visit.refuse(taken);
    else await this.#answer(draft, visit, { ...taken, stored: Promise.race([stored, taken.stored]) });
  }

  /** Answers when the submission is on the disk and, if the answer waits for it, its proof is checked. */
  async #answer({ submission, pocTime }: Entry, visit: Visit, taken: Taken): Promise<void> {
    const stored = taken.stored.then(() => visit.stored(pocTime));
    const outcome = await taken.check;
    if (outcome?.type === 'fails') {
      visit.refuse(falseProof(submission, outcome.computed));
      return;
    }
    await stored;
    visit.accept(pocTime, taken.isVerified || outcome?.type === 'holds');
  }

  /** Finds out what a submission is in its block, and takes it into the books. */
  #take(draft: Entry, found: KnownBlock): Refusal | Taken {
    const { submission } = draft;
    const block = deliveryBlock(found, this.#currentOf(found.upstream));
    const { blockHash } = block.information;
    const refusal = checkSubmission(submission, block.information);
    if (refusal !== null) {
      this.#counters.arrived('invalid');
      return refusal;
    }
    const isOff = this.#bookkeeping.verify === 'off';
    const computed = isOff ? undefined : this.#bookkeeping.falseProofs.computed(submission, blockHash);
    if (computed !== undefined && computed !== submission.rawQuality) {
      this.#counters.arrived('false');
      return falseProof(submission, computed);
    }
    const { upstream, mode } = block;
    return this.#enter({ ...draft, upstream, mode, blockHash }, block, isOff || computed !== undefined);
  }

  #currentOf(upstream: string): KnownBlock | null {
    return (
      this.#parts.blocks.all.find((block) => block.upstream === upstream && block.age === 'current') ?? null
    );
  }

  #enter(entry: Entry, block: KnownBlock, isVerified: boolean): Refusal | Taken {
    const standing = this.#bookkeeping.look(entry.submission, block);
    if (standing.type === 'known') return this.#repeat(entry, standing.entry);
    this.#counters.arrived(standing.type);
    if (standing.type === 'account_refused') return this.#refusedAccount(entry);
    if (standing.type === 'block_refused')
      return asTaken(this.#bookkeeping.telling.submission(entry, 'stale'), false);
    const { verify } = this.#bookkeeping;
    const isChecked = !isVerified && (verify === 'all' || standing.type === 'better');
    const stored = this.#bookkeeping.enter(entry, { isChecked, isVerified });
    if (!isChecked) return asTaken(stored, true);
    return { ...asTaken(stored, true), check: this.#checkToWaitFor(entry), isVerified: false };
  }

  /** The same claim again: it joins the check that runs. */
  #repeat(entry: Entry, known: Entry): Refusal | Taken {
    this.#counters.arrived('repeated');
    if (known.machineId !== entry.machineId) {
      this.#bookkeeping.repeated(known, entry.machineId, entry.receivedAtMs);
    }
    if (known.state === 'account_refused') {
      const notice = this.#noticeFor(known);
      if (notice !== null) return notice;
    }
    const stored = this.#bookkeeping.telling.storedOf(known);
    if (known.state !== 'checking') return asTaken(stored, false);
    return { ...asTaken(stored, false), check: this.#checkToWaitFor(known), isVerified: false };
  }

  /** Submissions of an address with many false proofs are answered before they are checked. */
  #checkToWaitFor({ id, address }: Entry): Promise<ProofOutcome> | undefined {
    return this.#parts.checker.isOverBudget(address) ? undefined : this.#bookkeeping.checks.of(id);
  }

  #refusedAccount(entry: Entry): Refusal | Taken {
    const stored = this.#bookkeeping.telling.submission(entry, 'not_assigned');
    return this.#noticeFor(entry) ?? asTaken(stored, false);
  }

  /** The upstream's text for this account and block, the first time that it is asked for. */
  #noticeFor({ submission, blockHash }: Entry): Refusal | null {
    const text = this.#bookkeeping.notices.take(accountKey(submission), blockHash);
    if (text === null) return null;
    return { type: 'refused', code: RPC_ERRORS.notAssigned, message: text === '' ? 'Not assigned' : text };
  }

  async #refreshed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.timers.after(REFRESH_WAIT_MS, resolve);
    await Promise.race([promise, this.#parts.blocks.refresh()]);
    timer.cancel();
  }
}

function asTaken(stored: Promise<void>, isEntered: boolean): Taken {
  return { type: 'taken', stored, check: undefined, isVerified: true, isEntered };
}
