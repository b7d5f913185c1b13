// All upstreams, the first one and its fallbacks: which serves the miners, and what the rest of the program asks of
// them. The rule of the choice is domain/choose-upstream.ts; this file follows it.

import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timers } from '../../lib/timers.ts';
import { chooseUpstream, type UpstreamOrder } from '../domain/choose-upstream.ts';
import { USUAL_INTERVAL_MS } from '../domain/fetch-pace.ts';
import type { KnownBlock, MiningInformation, SubmissionMode } from '../domain/information.ts';
import type { Submission } from '../domain/submission.ts';
import type { UpstreamMeaning } from '../domain/upstream-answer.ts';
import type { UpstreamJudge, UpstreamState } from '../domain/upstream-state.ts';
import { Upstream, type UpstreamStatus } from './upstream.ts';
import type { UpstreamOptions } from './upstream-client.ts';

/** How the upstreams are asked and chosen. */
export interface UpstreamSetOptions {
  /** For so long an information is given without a new question, in ms. */
  readonly ttlMs: number;
  /** Time for a whole request, in ms; a question for the information has at most 5 s. */
  readonly timeoutMs: number;
  readonly choose: UpstreamOrder;
}

/** What became of an upstream, as {@link UpstreamSetParts} is told. Names are those of the settings. */
export interface UpstreamEvents {
  /** Its information changed in a member that this program knows. */
  informationChanged(
    upstream: string,
    information: MiningInformation,
    isNewBlock: boolean,
    isActive: boolean,
  ): void;
  /** Its state changed. `reason` has no text of strangers; null for a state without trouble. */
  stateChanged(upstream: string, from: UpstreamState, to: UpstreamState, reason: string | null): void;
  /**
   * It began to refuse a method for a reason that only its operator can mend. `reason` has no text of strangers; `text`
   * has the upstream's own words.
   */
  operatorNeeded(upstream: string, reason: string, text: string): void;
  /** It gives information again after a failure. `wasAway`: it may have lost what it accepted. */
  back(upstream: string, wasAway: boolean): void;
  /** It gave an information, and everything that it changed was told. */
  refreshed(upstream: string): void;
  /** Miners are served from another one. */
  activeChanged(from: string, to: string): void;
}

/** What an {@link UpstreamSet} needs. */
export interface UpstreamSetParts extends UpstreamEvents {
  readonly clock: Clock;
  readonly timers: Timers;
  /** True while any miner is active: then the information is refreshed once a second. */
  isMinerActive(): boolean;
  /** The actor of an upstream that is taken in now, under the supervisor. */
  judge(upstream: string): UpstreamJudge;
  /** This upstream is let go: its actor is no longer told anything. */
  dismissed(upstream: string): void;
  /** The last information from before a restart, and when it came (ms since the epoch); null without one. */
  restored(upstream: string): { readonly information: MiningInformation; readonly atMs: number } | null;
}

/** The upstream that serves the miners. */
export interface ActiveUpstream {
  readonly name: string;
  readonly mode: SubmissionMode;
  readonly blockTimeSeconds: number;
  /** Of its current block, however old; null before the first. */
  readonly information: MiningInformation | null;
}

/** Upstreams: the first one and its fallbacks. */
export const UPSTREAMS_MAX = 16;

/** A fallback is asked once in so many ms while miners are active and the active upstream works. */
const STANDBY_INTERVAL_MS = 5_000;
/** Without an active miner an upstream is asked once in so many ms, so that its state and height stay true. */
const IDLE_INTERVAL_MS = 10_000;

/** All upstreams. */
export class UpstreamSet implements Part {
  readonly #options: UpstreamSetOptions;
  #choose: UpstreamOrder;
  readonly #parts: UpstreamSetParts;
  #upstreams: readonly Upstream[];
  #active: Upstream;

  /**
   * `upstreams`: from 1 to {@link UPSTREAMS_MAX}, with different names, in their order. Throws a `TypeError` if a URL is
   * not valid, a `RangeError` for a wrong number.
   */
  constructor(upstreams: readonly UpstreamOptions[], options: UpstreamSetOptions, parts: UpstreamSetParts) {
    this.#options = options;
    this.#choose = options.choose;
    this.#parts = parts;
    checkNumber(upstreams);
    this.#upstreams = upstreams.map((upstream) => this.#make(upstream));
    this.#active = this.#upstreams[0] as Upstream;
  }

  /** Resolves at once: the first information may take any time. */
  async start(): Promise<void> {
    await Promise.all(this.#upstreams.map((upstream) => upstream.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#upstreams.map((upstream) => upstream.stop()));
  }

  /**
   * Takes other upstreams than before while the program runs. One whose options are the same goes on; the others are
   * started, or stopped. Rejects with the errors of the constructor, and then changes nothing.
   */
  async replace(upstreams: readonly UpstreamOptions[], choose: UpstreamOrder = this.#choose): Promise<void> {
    checkNumber(upstreams);
    for (const { url } of upstreams) void new URL(url);
    const before = this.#upstreams;
    this.#choose = choose;
    const kept = (options: UpstreamOptions) =>
      before.find((upstream) => JSON.stringify(upstream.options) === JSON.stringify(options));
    const gone = before.filter(
      ({ options }) => !upstreams.some((wanted) => kept(wanted)?.options === options),
    );
    for (const { options } of gone) this.#parts.dismissed(options.name);
    const started: Upstream[] = [];
    this.#upstreams = upstreams.map((options) => {
      const present = kept(options);
      if (present !== undefined) return present;
      const made = this.#make(options);
      started.push(made);
      return made;
    });
    this.#chooseAnew();
    await Promise.all([...gone.map((one) => one.stop()), ...started.map((one) => one.start())]);
  }

  /** The upstream that serves the miners. */
  get active(): ActiveUpstream {
    const { options, current } = this.#active;
    const { name, mode, blockTimeSeconds } = options;
    return { name, mode, blockTimeSeconds, information: current };
  }

  /** The active upstream's information within its time to live; null if {@link answer} has to be asked. */
  fresh(): MiningInformation | null {
    return this.#active.fresh();
  }

  /** The information for a miner, within 2 s; null if there is none that is at most 30 s old. Never rejects. */
  answer(): Promise<MiningInformation | null> {
    return this.#active.answer();
  }

  /** A node says that its block changed: asks the active upstream at once, at most once a second. */
  notify(): void {
    this.#active.notify();
  }

  /**
   * Refreshes the information of one upstream, or of the active one: at most once a second, and joining a question that
   * is under way. Resolves when it ended, after 2 s at the latest. Never rejects.
   */
  async refresh(upstream?: string): Promise<void> {
    await (upstream === undefined ? this.#active : this.#named(upstream))?.refresh();
  }

  /** The block with this hash: at the active upstream, else at the first one in order that knows it. */
  find(blockHash: string): KnownBlock | null {
    const found = this.#active.find(blockHash);
    if (found !== null) return found;
    for (const upstream of this.#upstreams) {
      const elsewhere = upstream.find(blockHash);
      if (elsewhere !== null) return elsewhere;
    }
    return null;
  }

  /** The blocks of all upstreams that can be delivered for: of each the current one first. */
  get blocks(): readonly KnownBlock[] {
    return this.#upstreams.flatMap(({ blocks }) => blocks);
  }

  /** The active upstream's current block; null before its first information. */
  get activeBlock(): KnownBlock | null {
    return this.#active.blocks[0] ?? null;
  }

  /** True if the active upstream gave an information since the start. */
  get isActiveConfirmed(): boolean {
    return this.#active.isConfirmed;
  }

  /** The information of an upstream's current block, however old; null before the first, and for an unknown name. */
  informationOf(upstream: string): MiningInformation | null {
    return this.#named(upstream)?.current ?? null;
  }

  /** Time since any upstream gave an information, in ms; null before the first. */
  get informationAgeMs(): number | null {
    const ages = this.#upstreams.flatMap(({ informationAgeMs }) => informationAgeMs ?? []);
    return ages.length === 0 ? null : Math.min(...ages);
  }

  /** Delivers a submission to the upstream of this name, and says what the answer means. Never rejects. */
  async submit(upstream: string, submission: Submission): Promise<UpstreamMeaning> {
    const target = this.#named(upstream);
    if (target !== undefined) return target.submit(submission);
    const reason = 'the settings have no upstream of this name any more';
    return { type: 'temporary', reason, retryAfterMs: null, isConnection: false, isBusy: false };
  }

  /** What an operator reads of each, in the order of the settings. */
  get statuses(): readonly UpstreamStatus[] {
    return this.#upstreams.map((upstream) => upstream.status(upstream === this.#active));
  }

  #named(name: string): Upstream | undefined {
    return this.#upstreams.find(({ options }) => options.name === name);
  }

  #make(options: UpstreamOptions): Upstream {
    const { clock, timers, ...parts } = this.#parts;
    const { name } = options;
    const upstream: Upstream = new Upstream(options, {
      clock,
      timers,
      ttlMs: this.#options.ttlMs,
      timeoutMs: this.#options.timeoutMs,
      restored: parts.restored(name),
      judge: parts.judge(name),
      intervalMs: () => this.#intervalMs(upstream),
      changed: (information, isNewBlock) =>
        this.#parts.informationChanged(name, information, isNewBlock, upstream === this.#active),
      moved: (from, to, reason) => this.#parts.stateChanged(name, from, to, reason),
      needsOperator: (reason, text) => this.#parts.operatorNeeded(name, reason, text),
      isBack: (wasAway) => this.#parts.back(name, wasAway),
      settled: (hasInformation) => this.#settled(upstream, hasInformation),
    });
    return upstream;
  }

  #intervalMs(upstream: Upstream): number {
    if (upstream.state === 'probing') return USUAL_INTERVAL_MS;
    if (!this.#parts.isMinerActive()) return IDLE_INTERVAL_MS;
    if (upstream.state !== 'ready') return USUAL_INTERVAL_MS;
    const isNeeded = upstream === this.#active || this.#choose === 'newest' || this.#active.state !== 'ready';
    return isNeeded ? USUAL_INTERVAL_MS : STANDBY_INTERVAL_MS;
  }

  /** A question has ended: the choice is made anew. The first failure of the active one makes the others fresh. */
  #settled(upstream: Upstream, hasInformation: boolean): void {
    if (upstream === this.#active && !hasInformation) {
      for (const other of this.#upstreams) if (other !== upstream) other.notify();
    }
    this.#chooseAnew();
    if (hasInformation) this.#parts.refreshed(upstream.options.name);
  }

  #chooseAnew(): void {
    const candidates = this.#upstreams.map(({ options, state, sinceMonotonicMs, current }) => ({
      name: options.name,
      state,
      sinceMs: sinceMonotonicMs,
      height: current?.height ?? null,
    }));
    const nowMs = this.#parts.clock.monotonicMs();
    const name = chooseUpstream(candidates, this.#active.options.name, this.#choose, nowMs);
    const chosen = this.#named(name);
    if (chosen === undefined || chosen === this.#active) return;
    const from = this.#active.options.name;
    this.#active = chosen;
    // Another one may have come under the same name.
    if (name !== from) this.#parts.activeChanged(from, name);
  }
}

function checkNumber(upstreams: readonly UpstreamOptions[]): void {
  if (upstreams.length === 0 || upstreams.length > UPSTREAMS_MAX)
    throw new RangeError(`There must be 1 to ${UPSTREAMS_MAX} upstreams.`);
}
