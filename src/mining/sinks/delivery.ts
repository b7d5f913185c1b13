// Delivers submissions to one upstream: when each is sent, sent again, or given up (docs/mining.md#delivery). It decides
// nothing about what is worth delivering, and stores nothing: outcomes go to the desk.

import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { isForgotten, retryAfter, retryWaitMs } from '../domain/delivery-schedule.ts';
import type { Entry } from '../domain/facts.ts';
import type { SubmissionMode } from '../domain/information.ts';
import { accountKey, type Submission } from '../domain/submission.ts';
import type { DeliveryOutcome, UpstreamMeaning } from '../domain/upstream-answer.ts';
import { Attempts } from './attempts.ts';
import { DeliveryCounters, type DeliverySnapshot } from './delivery-counters.ts';

/** How often entries without information are looked for, in ms. */
const SWEEP_MS = 5000;
/** How long a refusal that may be stale waits for the refresh that tells, in ms. */
const STALE_REFRESH_MS = 5000;
/** How long after a refresh that did not come a wallet's is asked for again, in ms. */
const REFRESH_AGAIN_MS = 2000;
/** How long a stop waits for attempts under way, in ms. */
const STOP_WAIT_MS = 1000;

/** Which upstream, and how it is delivered to. */
export interface DeliveryOptions {
  /** The upstream's name. */
  readonly upstream: string;
  readonly mode: SubmissionMode;
  /** Attempts under way at most, at least 1. */
  readonly concurrency: number;
}

/** What a {@link Delivery} needs of the wiring. */
export interface DeliveryParts {
  /** Sends a submission once, and tells what the answer means. A rejection counts as a temporary failure. */
  send(submission: Submission): Promise<UpstreamMeaning>;
  /** Refreshes the information; resolves when a new block has been told. Never rejects. */
  refresh(): Promise<void>;
  /** Told once for each entry that was offered, unless it was withdrawn. */
  settled(entry: Entry, outcome: DeliveryOutcome): void;
  readonly clock: Clock;
  readonly timers: Timers;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
}

/** Why the upstream was away: its connections failed, its cookie changed, or it answered with failures only. */
export type BackReason = 'connection' | 'cookie' | 'failures';

type End = 'expired' | 'replaced' | 'withdrawn';

interface Item {
  readonly entry: Entry;
  readonly key: string;
  readonly sinceMs: number;
  /** True if it was accepted before and is sent again, because the upstream may have forgotten it. */
  readonly isRedelivery: boolean;
  failures: number;
  isUnderWay: boolean;
  /** The moment before which it is not sent again. */
  dueMs: number;
  /** The moment until which the upstream asked for patience; it holds even if the upstream is back. */
  patienceMs: number;
  timer: Timer | null;
  /** Why it is not outstanding any longer, while its last attempt is under way. */
  end: End | null;
}

/** The delivery of one upstream. It has as many items as the books of the upstream have entries in delivery. */
export class Delivery implements Part {
  readonly #options: DeliveryOptions;
  readonly #parts: DeliveryParts;
  readonly #counters: DeliveryCounters;
  readonly #attempts: Attempts;
  /** The outstanding item of each account and block, in wallet mode of each block. */
  readonly #items = new Map<string, Item>();
  /** Items that are to be sent as soon as an attempt is free. */
  readonly #ready = new Set<Item>();
  /** A wallet's accepted best of each block. */
  readonly #accepted = new Map<string, Entry>();
  /** The block whose accepted best a wallet may have lost, and has not been sent again; null if there is none. */
  #owed: string | null = null;
  /** The current block first, then those within their grace; null before the first information. */
  #alive: readonly string[] | null = null;
  #refreshedMs = -Infinity;
  /** Until then the upstream wants no requests at all. */
  #patienceMs = -Infinity;
  #patience: Timer | null = null;
  #sweep: Timer | null = null;
  #isStopped = false;

  constructor(options: DeliveryOptions, parts: DeliveryParts) {
    this.#options = options;
    this.#parts = parts;
    this.#counters = new DeliveryCounters(options.upstream);
    this.#attempts = new Attempts(options.concurrency, options.mode === 'pool');
  }

  async start(): Promise<void> {
    this.#sweep = this.#parts.timers.every(SWEEP_MS, () => this.#dropForgotten());
  }

  /** Waits for attempts under way for a second at most. What is not delivered is on the disk. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const item of this.#items.values()) item.timer?.cancel();
    this.#sweep?.cancel();
    this.#patience?.cancel();
    await this.#within(STOP_WAIT_MS, this.#attempts.ends());
  }

  /** Counters since the start, and what waits. */
  snapshot(): DeliverySnapshot {
    const nowMs = this.#parts.clock.monotonicMs();
    let waiting = 0;
    let oldestMs = nowMs;
    for (const { isRedelivery, sinceMs } of this.#items.values()) {
      if (isRedelivery) continue;
      waiting++;
      oldestMs = Math.min(oldestMs, sinceMs);
    }
    return this.#counters.snapshot({
      waiting,
      oldestAgeMs: nowMs - oldestMs,
      underWay: this.#attempts.underWay,
    });
  }

  /** Takes an entry to deliver. It takes the place of a worse one of the same account and block. */
  offer(entry: Entry): void {
    const key = this.#keyOf(entry);
    const outstanding = this.#items.get(key);
    if (this.#alive?.includes(entry.blockHash) === false) {
      this.#settle(entry, { type: 'expired' });
      return;
    }
    if (outstanding?.isRedelivery === false) {
      if (outstanding.entry.id === entry.id) return;
      if (outstanding.entry.submission.rawQuality <= entry.submission.rawQuality) {
        this.#settle(entry, { type: 'replaced' });
        return;
      }
    }
    if (outstanding !== undefined) this.#end(outstanding, 'replaced');
    this.#put(entry, key, false);
  }

  /** The entry is not wanted any longer: no attempt begins. The answer of one that is under way is still told. */
  withdraw(entry: Entry): void {
    const item = this.#items.get(this.#keyOf(entry));
    if (item?.entry.id === entry.id && !item.isRedelivery) this.#end(item, 'withdrawn');
  }

  /** An entry that was delivered before a restart: a wallet may have to be sent it again. */
  remember(entry: Entry): void {
    if (this.#options.mode === 'pool') return;
    const best = this.#accepted.get(entry.blockHash)?.submission.rawQuality;
    if (best === undefined || entry.submission.rawQuality < best) this.#accepted.set(entry.blockHash, entry);
  }

  /** These blocks can be delivered for: the current one first, then those within their grace. The others have passed. */
  blocksAre(blockHashes: readonly string[]): void {
    this.#alive = blockHashes;
    for (const item of this.#items.values()) {
      if (!blockHashes.includes(item.entry.blockHash)) this.#end(item, 'expired');
    }
    for (const hash of this.#accepted.keys()) {
      if (!blockHashes.includes(hash)) this.#accepted.delete(hash);
    }
    this.#pump();
  }

  /** A refresh of the information succeeded. Called after a new block of it was told. */
  refreshed(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#refreshedMs = nowMs;
    if (this.#options.mode === 'pool') return;
    for (const item of this.#items.values()) {
      if (nowMs >= item.dueMs) this.#makeReady(item);
    }
    this.#pump();
  }

  /** The upstream was away and is back: everything outstanding goes at once, as far as attempts are free. */
  back(reason: BackReason): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const item of this.#items.values()) {
      if (nowMs >= item.patienceMs) this.#makeReady(item);
    }
    if (reason !== 'failures') this.#redeliver();
    this.#pump();
  }

  /** A node keeps submissions in memory only: after it was away, its best of the current block is sent again. */
  #redeliver(): void {
    const entry = this.#accepted.get(this.#alive?.[0] ?? '');
    if (entry === undefined) return;
    this.#owed = entry.blockHash;
    this.#payOwed();
  }

  /** A better one that is outstanding goes first; if the node refuses it, the accepted one is sent again after all. */
  #payOwed(): void {
    const entry = this.#accepted.get(this.#owed ?? '');
    if (entry === undefined || this.#items.has(this.#keyOf(entry))) return;
    this.#put(entry, this.#keyOf(entry), true);
  }

  #keyOf({ blockHash, submission }: Entry): string {
    return this.#options.mode === 'pool' ? `${accountKey(submission)} ${blockHash}` : blockHash;
  }

  #put(entry: Entry, key: string, isRedelivery: boolean): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const item: Item = {
      entry,
      key,
      sinceMs: nowMs,
      isRedelivery,
      failures: 0,
      isUnderWay: false,
      dueMs: nowMs,
      patienceMs: nowMs,
      timer: null,
      end: null,
    };
    this.#items.set(key, item);
    this.#makeReady(item);
    this.#pump();
  }

  #makeReady(item: Item): void {
    if (item.isUnderWay) return;
    item.timer?.cancel();
    item.timer = null;
    this.#ready.add(item);
  }

  /** The item is not outstanding any longer. An attempt under way goes on, and its answer still counts. */
  #end(item: Item, end: End): void {
    this.#close(item);
    item.timer?.cancel();
    item.end = end;
    if (!item.isUnderWay) this.#settleEnd(item, end);
  }

  #settleEnd(item: Item, end: End): void {
    if (item.isRedelivery) return;
    if (end === 'withdrawn') this.#counters.withdrew();
    else this.#settle(item.entry, { type: end });
  }

  /** Begins attempts while some are free. */
  #pump(): void {
    if (this.#isStopped || this.#alive === null) return;
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs < this.#patienceMs) {
      this.#patience ??= this.#parts.timers.after(this.#patienceMs - nowMs, () => {
        this.#patience = null;
        this.#pump();
      });
      return;
    }
    for (const item of this.#ready) {
      if (this.#attempts.isFull) return;
      if (!this.#attempts.mayBegin(item.key)) continue;
      this.#ready.delete(item);
      this.#begin(item);
    }
  }

  #begin(item: Item): void {
    const { blockHash, submission } = item.entry;
    item.isUnderWay = true;
    this.#counters.attempted(item.isRedelivery);
    const answer = this.#parts.send({ ...submission, blockHash }).catch((): UpstreamMeaning => FAULT);
    this.#attempts.begin(item.key, answer, (meaning) => {
      item.isUnderWay = false;
      this.#take(item, meaning);
      this.#pump();
    });
  }

  #take(item: Item, meaning: UpstreamMeaning): void {
    this.#counters.meant(meaning);
    if (meaning.type === 'accepted') this.#takeAccepted(item, meaning.rawQuality);
    else if (meaning.type === 'refused') this.#takeRefused(item, meaning);
    else if (item.end !== null) this.#settleEnd(item, item.end);
    else this.#wait(item, meaning.type === 'temporary' ? meaning : null);
  }

  #takeAccepted(item: Item, rawQuality: bigint): void {
    this.#close(item);
    if (this.#alive?.includes(item.entry.blockHash) === true) this.remember(item.entry);
    if (this.#owed === item.entry.blockHash) this.#owed = null;
    if (!item.isRedelivery) this.#settle(item.entry, { type: 'delivered', rawQuality });
  }

  #takeRefused(item: Item, refusal: Extract<UpstreamMeaning, { type: 'refused' }>): void {
    this.#close(item);
    const { about, code, text, mayBeStale } = refusal;
    if (item.isRedelivery || about === 'block') this.#owed = null;
    else this.#payOwed();
    if (!mayBeStale) {
      if (!item.isRedelivery) this.#settle(item.entry, { type: 'refused', about, code, text });
      return;
    }
    void this.#within(STALE_REFRESH_MS, this.#parts.refresh()).then(() => {
      if (item.isRedelivery) return;
      const isStale = this.#alive?.includes(item.entry.blockHash) === false;
      this.#settle(item.entry, { type: 'refused', about: isStale ? 'block' : about, code, text });
    });
  }

  /** The item is not outstanding any longer. */
  #close(item: Item): void {
    if (this.#items.get(item.key) === item) this.#items.delete(item.key);
    this.#ready.delete(item);
  }

  #wait(item: Item, failure: Extract<UpstreamMeaning, { type: 'temporary' }> | null): void {
    const { clock, timers, random } = this.#parts;
    const nowMs = clock.monotonicMs();
    const retryAfterMs = failure?.retryAfterMs ?? null;
    item.failures++;
    const waitMs = retryWaitMs(this.#options.mode, item.failures, random(), retryAfterMs);
    item.dueMs = nowMs + waitMs;
    item.patienceMs = nowMs + retryAfter(retryAfterMs);
    if (failure?.isBusy === true) this.#patienceMs = Math.max(this.#patienceMs, item.patienceMs);
    if (this.#isStopped) return;
    if (this.#options.mode === 'wallet') {
      this.#askForRefresh(item, waitMs);
      return;
    }
    item.timer = timers.after(waitMs, () => {
      this.#makeReady(item);
      this.#pump();
    });
  }

  /** A wallet's item is sent after a refresh; if none comes because no miner asks, it is asked for here. */
  #askForRefresh(item: Item, waitMs: number): void {
    item.timer = this.#parts.timers.after(waitMs, () => {
      this.#askForRefresh(item, REFRESH_AGAIN_MS);
      void this.#parts.refresh();
    });
  }

  #dropForgotten(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const item of this.#items.values()) {
      if (isForgotten(item.sinceMs, this.#refreshedMs, nowMs)) this.#end(item, 'expired');
    }
  }

  /** Outcomes are told after the call that caused them, so that the desk is never called back while it calls. */
  #settle(entry: Entry, outcome: DeliveryOutcome): void {
    this.#counters.settled(outcome, entry.submission.rawQuality);
    queueMicrotask(() => this.#parts.settled(entry, outcome));
  }

  async #within(limitMs: number, work: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.timers.after(limitMs, resolve);
    await Promise.race([promise, work]);
    timer.cancel();
  }
}

const FAULT: UpstreamMeaning = {
  type: 'temporary',
  reason: 'The request could not be made.',
  retryAfterMs: null,
  isConnection: false,
  isBusy: false,
};
