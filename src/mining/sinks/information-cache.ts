// The mining information of one upstream: asked for on demand, in the background and at once when somebody knows of a
// change; one question at a time. It judges no state of the upstream and chooses none.

import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { FetchPace } from '../domain/fetch-pace.ts';
import type { KnownBlock, MiningInformation } from '../domain/information.ts';
import { type InformationEffect, KnownBlocks } from '../domain/known-blocks.ts';
import type { InformationFailure, InformationReply } from './upstream-client.ts';

/** What an {@link InformationCache} needs. */
export interface InformationCacheParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** For so long an information is given without a new question, in ms. */
  readonly ttlMs: number;
  /** The information from before a restart, and the wall clock's time at which the upstream gave it; null without. */
  readonly restored: { readonly information: MiningInformation; readonly atMs: number } | null;
  /** Asks the upstream. Never rejects. */
  fetch(): Promise<InformationReply>;
  /** Time between two questions in the background, in ms. Asked for after each question, and once a second. */
  intervalMs(): number;
  /** The upstream gave an information. `tookMs`: the time of the answer. */
  taken(information: MiningInformation, effect: InformationEffect, tookMs: number): void;
  failed(failure: InformationFailure): void;
}

/** A miner waits no longer than this for a question that is under way, counted from its start, in ms. */
const LONGEST_ANSWER_MS = 1_800;
/** A submission waits no longer than this for a refresh, in ms. */
const LONGEST_REFRESH_MS = 2_000;
/** An information that was confirmed longer ago than this is not given to miners, in ms. */
const STALE_SERVED_FOR_MS = 30_000;
/** The background looks at its interval anew after at most this, in ms. */
const LOOK_INTERVAL_MS = 1_000;

/** The information of one upstream. It holds a timer from `start` to `stop`. */
export class InformationCache implements Part {
  readonly #parts: InformationCacheParts;
  readonly #pace = new FetchPace();
  readonly #blocks: KnownBlocks;
  /** The question under way: resolves with its end, or when a miner can wait no longer. */
  #flight: Promise<unknown> | null = null;
  #timer: Timer | null = null;
  #isRunning = false;
  #startedAtMs = -Infinity;
  #urgentAtMs = -Infinity;
  /** True while a refresh is wanted that must begin after the wish. */
  #isWanted = false;
  #onNextEnd: (() => void)[] = [];
  #staleServed = 0;
  #alternationsRefused = 0;

  constructor(parts: InformationCacheParts) {
    this.#parts = parts;
    const { restored, clock } = parts;
    const ageMs = restored === null ? 0 : clock.nowMs() - restored.atMs;
    // An age below zero: the clock was set back since, so the true age is not known.
    const atMs = ageMs < 0 ? -Infinity : clock.monotonicMs() - ageMs;
    this.#blocks = new KnownBlocks(restored && { information: restored.information, atMs });
  }

  /** Asks the first question, and goes on in the background. */
  async start(): Promise<void> {
    this.#isRunning = true;
    this.#schedule();
  }

  /** Asks nothing more. Whoever waits is answered from what there is. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    for (const resume of this.#onNextEnd.splice(0)) resume();
  }

  /** The information of the current block, however old; null before the first. */
  get current(): MiningInformation | null {
    return this.#blocks.current;
  }

  /** Time since the upstream gave an information of the current block, in ms; null before the first. */
  get ageMs(): number | null {
    if (this.#blocks.current === null) return null;
    return this.#parts.clock.monotonicMs() - this.#blocks.confirmedAtMs;
  }

  /** Least time between two questions at present, in ms; above a second if the upstream asks for fewer. */
  get paceMs(): number {
    return this.#pace.intervalMs;
  }

  /** Number of answers to miners with an information older than its time to live. */
  get staleServed(): number {
    return this.#staleServed;
  }

  /** Number of informations whose block alternated with the current one. */
  get alternationsRefused(): number {
    return this.#alternationsRefused;
  }

  /** The information within its time to live; null if a question is needed. */
  fresh(): MiningInformation | null {
    return (this.ageMs ?? Infinity) <= this.#parts.ttlMs ? this.#blocks.current : null;
  }

  /** The information for a miner, within 2 s; null if there is none that is at most 30 s old. Never rejects. */
  async answer(): Promise<MiningInformation | null> {
    const fresh = this.fresh();
    if (fresh !== null) return fresh;
    if (this.#flight === null && this.#parts.clock.monotonicMs() >= this.#usualDueMs(this.#pace.intervalMs))
      this.#fetch();
    await this.#flight;
    const ageMs = this.ageMs ?? Infinity;
    if (ageMs > STALE_SERVED_FOR_MS) return null;
    if (ageMs > this.#parts.ttlMs) this.#staleServed += 1;
    return this.#blocks.current;
  }

  /** Refreshes at once, at most once a second, with a question that begins after this call. Waits for nothing. */
  notify(): void {
    this.#isWanted = true;
    this.#schedule();
  }

  /**
   * Refreshes at once, at most once a second, or joins the question under way. Resolves when it ended, after 2 s at the
   * latest; at once while a failure is cached. Never rejects.
   */
  async refresh(): Promise<void> {
    if (!this.#isRunning) return;
    const { clock, timers } = this.#parts;
    if (this.#flight === null && clock.monotonicMs() < this.#pace.notBeforeMs) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = timers.after(LONGEST_REFRESH_MS, resolve);
    this.#onNextEnd.push(resolve);
    if (this.#flight === null) this.notify();
    await promise;
    timer.cancel();
  }

  /** The current block, then the previous one within its grace. */
  get blocks(): readonly Pick<KnownBlock, 'information' | 'age'>[] {
    return this.#blocks.all;
  }

  /** The block with this hash: the current one, or the previous one within its grace. */
  find(blockHash: string): Pick<KnownBlock, 'information' | 'age'> | null {
    return this.#blocks.find(blockHash);
  }

  #usualDueMs(intervalMs: number): number {
    return Math.max(this.#startedAtMs + intervalMs, this.#pace.notBeforeMs);
  }

  /** Asks if it is time, else sets the timer to the next time to look. */
  #schedule(): void {
    if (!this.#isRunning || this.#flight !== null) return;
    this.#timer?.cancel();
    const nowMs = this.#parts.clock.monotonicMs();
    const urgentMs = this.#isWanted
      ? Math.max(this.#urgentAtMs + this.#pace.intervalMs, this.#pace.notBeforeMs)
      : Infinity;
    const usualMs = this.#usualDueMs(Math.max(this.#pace.intervalMs, this.#parts.intervalMs()));
    const dueMs = Math.min(urgentMs, usualMs);
    if (nowMs >= dueMs) {
      if (urgentMs <= nowMs) this.#urgentAtMs = nowMs;
      this.#fetch();
      return;
    }
    const waitMs = Math.ceil(Math.min(dueMs - nowMs, LOOK_INTERVAL_MS));
    this.#timer = this.#parts.timers.after(waitMs, () => this.#schedule());
  }

  #fetch(): void {
    const { clock, timers } = this.#parts;
    this.#timer?.cancel();
    this.#isWanted = false;
    this.#startedAtMs = clock.monotonicMs();
    const late = Promise.withResolvers<void>();
    const timer = timers.after(LONGEST_ANSWER_MS, late.resolve);
    const ask = async () => {
      const reply = await this.#parts.fetch();
      timer.cancel();
      this.#flight = null;
      this.#ended(reply, this.#startedAtMs);
      for (const resume of this.#onNextEnd.splice(0)) resume();
      this.#schedule();
    };
    this.#flight = Promise.race([ask(), late.promise]);
  }

  #ended(reply: InformationReply, startedAtMs: number): void {
    if (!this.#isRunning) return;
    const nowMs = this.#parts.clock.monotonicMs();
    if (reply.type === 'information') {
      this.#pace.answered();
      const effect = this.#blocks.take(reply.information, startedAtMs, nowMs);
      if (effect === 'refused') this.#alternationsRefused += 1;
      this.#parts.taken(reply.information, effect, nowMs - startedAtMs);
      return;
    }
    const isBusy = reply.type === 'temporary' && reply.isBusy;
    this.#pace.failed(nowMs, isBusy, isBusy ? reply.retryAfterMs : null);
    this.#parts.failed(reply);
  }
}
