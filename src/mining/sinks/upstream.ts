// One upstream as the program knows it: its client, its information and its actor, and what an operator reads of it. It
// does not know the other upstreams.

import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timers } from '../../lib/timers.ts';
import type { KnownBlock, MiningInformation } from '../domain/information.ts';
import { adviceFor } from '../domain/operator-advice.ts';
import type { InformationEffect } from '../domain/known-blocks.ts';
import type { Submission } from '../domain/submission.ts';
import type { UpstreamMeaning } from '../domain/upstream-answer.ts';
import type { UpstreamJudge, UpstreamSignal, UpstreamState } from '../domain/upstream-state.ts';
import type { UpstreamMethod, UpstreamView } from '../domain/view.ts';
import { InformationCache, type InformationCacheParts } from './information-cache.ts';
import { type InformationFailure, UpstreamClient, type UpstreamOptions } from './upstream-client.ts';

/** What {@link Upstream} needs. The functions are called with its decisions and changes. */
export interface UpstreamParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ttlMs: number;
  readonly timeoutMs: number;
  readonly restored: InformationCacheParts['restored'];
  readonly judge: UpstreamJudge;
  /** Time between two questions in the background, in ms. */
  intervalMs(): number;
  /** Its information changed in a member that this program knows. */
  changed(information: MiningInformation, isNewBlock: boolean): void;
  /** Its state changed. `reason`: why, without text of strangers; null for a state without trouble. */
  moved(from: UpstreamState, to: UpstreamState, reason: string | null): void;
  /**
   * It began to refuse a method for a reason that only its operator can mend. `reason` has no text of strangers; `text`
   * has the upstream's own words.
   */
  needsOperator(reason: string, text: string): void;
  /** It gives information again. `wasAway`: it may have lost what it accepted. */
  isBack(wasAway: boolean): void;
  /** A question for its information has ended, and everything above was told. */
  settled(hasInformation: boolean): void;
}

/** What an operator reads of an upstream, and what becomes metrics; its delivery is another part's. */
export interface UpstreamStatus extends Omit<UpstreamView, 'delivery'> {
  /** Answers to miners with an information older than its time to live. */
  readonly staleServed: number;
}

/** An answer that took longer than this is trouble, in ms. */
const SLOW_AFTER_MS = 2_000;

/** One upstream. It holds sockets and a timer from `start` to `stop`. */
export class Upstream implements Part {
  readonly options: UpstreamOptions;
  readonly #parts: UpstreamParts;
  readonly #client: UpstreamClient;
  readonly #cache: InformationCache;
  #sinceMs: number;
  #sinceMonotonicMs: number;
  #seenRestarts = 0;
  #hasBlock: boolean;
  #isConfirmed = false;
  #blockChanges = 0;
  #lastError: UpstreamStatus['lastError'] = null;
  /** By method, what the operator has to do something about. */
  readonly #alarms = new Map<UpstreamMethod, string>();

  /** Throws a `TypeError` if the URL is not valid. */
  constructor(options: UpstreamOptions, parts: UpstreamParts) {
    this.options = options;
    this.#parts = parts;
    const { clock, timers, ttlMs, timeoutMs, restored } = parts;
    this.#client = new UpstreamClient(options, { clock, timers, timeoutMs });
    this.#sinceMs = clock.nowMs();
    this.#sinceMonotonicMs = clock.monotonicMs();
    this.#hasBlock = restored !== null;
    this.#cache = new InformationCache({
      clock,
      timers,
      ttlMs,
      restored,
      fetch: () => this.#client.information(),
      intervalMs: () => parts.intervalMs(),
      taken: (information, effect, tookMs) => this.#taken(information, effect, tookMs),
      failed: (failure) => this.#failed(failure),
    });
  }

  async start(): Promise<void> {
    await this.#client.start();
    await this.#cache.start();
  }

  async stop(): Promise<void> {
    await this.#cache.stop();
    await this.#client.stop();
  }

  get state(): UpstreamState {
    return this.#parts.judge.state;
  }

  /** When it came into its state, on the monotonic clock. */
  get sinceMonotonicMs(): number {
    return this.#sinceMonotonicMs;
  }

  /** The information of its current block, however old; null before the first. */
  get current(): MiningInformation | null {
    return this.#cache.current;
  }

  /** True if it gave an information since the start. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /** Time since it gave an information of its current block, in ms; null before the first. */
  get informationAgeMs(): number | null {
    return this.#cache.ageMs;
  }

  /** See {@link InformationCache.fresh}. */
  fresh(): MiningInformation | null {
    return this.#cache.fresh();
  }

  /** See {@link InformationCache.answer}. */
  answer(): Promise<MiningInformation | null> {
    return this.#cache.answer();
  }

  /** See {@link InformationCache.notify}. */
  notify(): void {
    this.#cache.notify();
  }

  /** See {@link InformationCache.refresh}. */
  refresh(): Promise<void> {
    return this.#cache.refresh();
  }

  /** The block with this hash at this upstream; null if it is unknown or passed. */
  find(blockHash: string): KnownBlock | null {
    const found = this.#cache.find(blockHash);
    return found === null ? null : { upstream: this.options.name, mode: this.options.mode, ...found };
  }

  /** The blocks that can be delivered for: the current one first, then the previous one within its grace. */
  get blocks(): readonly KnownBlock[] {
    const { name: upstream, mode } = this.options;
    return this.#cache.blocks.map((block) => ({ upstream, mode, ...block }));
  }

  /** Delivers a submission, and says what the answer means. Never rejects. */
  async submit(submission: Submission): Promise<UpstreamMeaning> {
    const meaning = await this.#client.submit(submission);
    if (meaning.type === 'operator' || meaning.type === 'temporary') {
      this.#fails('submit_nonce', meaning);
      this.#tell({ type: 'trouble', nowMs: this.#parts.clock.monotonicMs() }, reasonOf(meaning));
    } else this.#alarms.delete('submit_nonce');
    return meaning;
  }

  /** What an operator reads, and what becomes metrics. */
  status(isActive: boolean): UpstreamStatus {
    const { name, mode } = this.options;
    const { requests } = this.#client;
    const { outcomes } = requests.get_mining_info;
    return {
      name,
      mode,
      state: this.state,
      sinceMs: this.#sinceMs,
      isActive,
      height: this.current?.height ?? null,
      informationAgeMs: this.informationAgeMs,
      blockChanges: this.#blockChanges,
      fetches: Object.values(outcomes).reduce((sum, count) => sum + count, 0),
      failedFetches: Object.values(outcomes).reduce((sum, count) => sum + count, -outcomes.answered),
      lastError: this.#lastError,
      alarms: [...this.#alarms.values()],
      requests,
      staleServed: this.#cache.staleServed,
      alternationsRefused: this.#cache.alternationsRefused,
      cookieRereads: this.#client.cookieRereads,
      fetchIntervalMs: this.#cache.paceMs,
    };
  }

  #taken(information: MiningInformation, effect: InformationEffect, tookMs: number): void {
    const { restartSigns, cookieRenewals } = this.#client;
    // A pool keeps what it accepted, and may drop connections as it likes.
    const signs = this.options.mode === 'wallet' ? restartSigns : cookieRenewals;
    const isRenewed = signs !== this.#seenRestarts;
    this.#seenRestarts = signs;
    this.#alarms.delete('get_mining_info');
    const isSlow = tookMs > SLOW_AFTER_MS;
    if (isSlow) this.#note(`get_mining_info: an answer took ${(tookMs / 1000).toFixed(1)} s`);
    if (effect === 'block' && this.#hasBlock) this.#blockChanges += 1;
    this.#hasBlock = true;
    this.#isConfirmed = true;
    if (effect === 'block' || effect === 'members') this.#parts.changed(information, effect === 'block');
    const nowMs = this.#parts.clock.monotonicMs();
    this.#tell({ type: 'information', nowMs, isSlow, isRenewed }, isSlow ? 'its answers are slow' : null);
    this.#parts.settled(true);
  }

  #failed(failure: InformationFailure): void {
    this.#fails('get_mining_info', failure);
    const nowMs = this.#parts.clock.monotonicMs();
    const isAway = failure.type === 'temporary' && failure.isConnection;
    this.#tell({ type: 'failed', nowMs, isAway, isUnfit: failure.type === 'unfit' }, reasonOf(failure));
    this.#parts.settled(false);
  }

  #tell(signal: UpstreamSignal, reason: string | null): void {
    for (const command of this.#parts.judge.tell(signal)) {
      if (command.type === 'offer') this.#parts.isBack(command.wasAway);
      else {
        this.#sinceMs = this.#parts.clock.nowMs();
        this.#sinceMonotonicMs = this.#parts.clock.monotonicMs();
        this.#parts.moved(command.from, command.to, reason);
      }
    }
  }

  #fails(method: UpstreamMethod, failure: InformationFailure): void {
    const advice =
      failure.type === 'operator' ? adviceFor(failure.code, this.#client.credentialsFault) : null;
    const remedy = advice === null ? '' : `; ${advice}`;
    const text = `${method}: ${describe(failure)}${remedy}`;
    this.#note(text);
    // An alarm stays until the method works: another failure does not mean that the operator has done something.
    if (failure.type !== 'operator') return;
    const isNew = !this.#alarms.has(method);
    this.#alarms.set(method, text);
    if (isNew) this.#parts.needsOperator(`${method}: ${reasonOf(failure)}${remedy}`, text);
  }

  #note(text: string): void {
    this.#lastError = { text, atMs: this.#parts.clock.nowMs() };
  }
}

/** For pages: with the upstream's own words, if it gave some. */
function describe(failure: InformationFailure): string {
  const reason = reasonOf(failure);
  return failure.type === 'operator' && failure.text !== reason ? `${reason}: ${failure.text}` : reason;
}

/** For the log: without a stranger's text. */
function reasonOf(failure: InformationFailure): string {
  if (failure.type !== 'operator') return failure.reason;
  return failure.code > 0 ? `HTTP status ${failure.code}` : `error ${failure.code}`;
}
