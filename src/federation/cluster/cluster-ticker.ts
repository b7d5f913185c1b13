// The tick of a cluster: at every multiple of the interval, while this process is the publisher, it asks the replicas of all
// partitions for their counts, and publishes their sum if the rules allow it (domain/tick-rules.ts). Otherwise it says why
// the tick was skipped. It publishes through a fence, so a second publisher does no harm.

import type { Clock } from '../../lib/clock.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { foldPlaces, mergePartials } from '../domain/merge.ts';
import type { Publication, Published, TickHeader } from '../domain/published-tick.ts';
import { knownTogether, NOTHING_PUBLISHED } from '../domain/published-tick.ts';
import { type Geography, LOCATION_INTERVAL_MS, type TickStatistics } from '../domain/statistics.ts';
import { type Answered, chooseAnswer, dueTick, fallenTotal, type Skip } from '../domain/tick-rules.ts';
import type { AskQuestion, AskReply } from './ask-wire.ts';
import { type Collected, collectAnswers } from './tick-answers.ts';

/** The fenced publisher, as the ticker needs it. */
export interface TickFence {
  published(): Promise<Published>;
  forget(): void;
  publish(tick: TickStatistics, header: TickHeader): Promise<Publication>;
}

/** When and as whom to tick. */
export interface ClusterTickerOptions {
  readonly intervalMs: number;
  readonly partitions: number;
  /** The name of the replica with a random id of its process. */
  readonly publisher: string;
  /** Places with fewer nodes are not published by name. */
  readonly privacyMinCell: number;
}

/** What a {@link ClusterTicker} needs of its owner. */
export interface ClusterTickerParts {
  /** `nowMs` agrees with the brokers' clock within seconds. */
  readonly clock: Clock;
  readonly timers: Timers;
  /** A number from 0 to below 1. */
  random(): number;
  /** True while this process holds the lease of the publisher. */
  isPublisher(): boolean;
  /** Asks a partition until `signal` is aborted: returns the function that sends a question. */
  ask(
    partition: number,
    heard: (reply: AskReply) => void,
    signal: AbortSignal,
  ): (question: AskQuestion) => void;
  readonly fence: TickFence;
  /** Input streams that were removed from the cluster. */
  gone(): ReadonlySet<string>;
  /** What this process remembers of published ticks, for when the stream of statistics was deleted. */
  remembered(): Published;
  /** A tick was published; `seconds` since it was due or began. */
  published(tick: TickStatistics, seconds: number): void;
  /** A tick was not published. */
  skipped(skip: Skip): void;
}

/** How long a tick waits for answers, and for brokers that do not answer, in ms. */
export const TICK_PATIENCE_MS = 10_000;
/** The clock, which may have been set, and the lease are looked at again after this time at the latest; ms. */
const LOOK_MS = 250;
/** A tick of which less time than this is left is not begun any more, in ms: the next one comes first. */
const LEFT_MIN_MS = 300;
/** Pause after a refusal and after brokers that did not answer, in ms; up to twice as long. */
const RETRY_MS = 250;

/** What one try of a tick ended with: over, or worth another try. */
type Ended = { readonly isOver: true } | { readonly isOver: false; readonly skip: Skip };

/** The timer of the ticks; one tick at a time. */
export class ClusterTicker {
  readonly #options: ClusterTickerOptions;
  readonly #parts: ClusterTickerParts;
  #timer: Timer | null = null;
  /** Ends the tick that is under way; null if none is. */
  #underWay: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();
  /** The moment of the last tick that this process began. */
  #begun = -Infinity;
  #isStopped = false;
  #wasPublisher = false;
  #problem: Skip | null = null;
  /** What this process published, for when the stream was deleted since. */
  #own: Published = NOTHING_PUBLISHED;

  constructor(options: ClusterTickerOptions, parts: ClusterTickerParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Why the latest tick that was due was skipped; null if it was published, or if another process is the publisher. */
  get problem(): Skip | null {
    return this.#parts.isPublisher() ? this.#problem : null;
  }

  start(): void {
    this.#look();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#underWay?.abort();
    await this.#running;
  }

  /** Looks at once whether this process has become the publisher; otherwise it finds out by itself, a little later. */
  becamePublisher(): void {
    this.#wasPublisher = false;
    this.#look();
  }

  #look(): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    const nowMs = this.#parts.clock.nowMs();
    const { intervalMs } = this.#options;
    const t = dueTick(nowMs, intervalMs);
    const leftMs = t + intervalMs - nowMs;
    this.#seePublisher();
    if (t !== this.#begun && leftMs >= Math.min(LEFT_MIN_MS, intervalMs / 2) && this.#wasPublisher)
      this.#begin(t, leftMs);
    this.#timer = this.#parts.timers.after(Math.min(leftMs, LOOK_MS), () => this.#look());
  }

  /**
   * A new publisher publishes the tick of the present multiple at once, unless that was published. This also shuts out a
   * publisher that is frozen in mid-tick.
   */
  #seePublisher(): void {
    const isPublisher = this.#parts.isPublisher();
    if (isPublisher && !this.#wasPublisher) {
      this.#parts.fence.forget();
      this.#problem = null;
      this.#begun = -Infinity;
    }
    this.#wasPublisher = isPublisher;
  }

  /** A tick that still waits when the next one is due is dropped. */
  #begin(t: number, leftMs: number): void {
    this.#begun = t;
    this.#underWay?.abort();
    const stop = new AbortController();
    this.#underWay = stop;
    const before = this.#running;
    this.#running = (async () => {
      await before;
      const patience = this.#parts.timers.after(Math.min(TICK_PATIENCE_MS, leftMs), () => stop.abort());
      try {
        await this.#tick(t, stop.signal);
      } finally {
        patience.cancel();
        stop.abort();
      }
    })();
  }

  /** Tries until the tick is published, is no longer this process's, or the signal ends it. Never rejects. */
  async #tick(t: number, signal: AbortSignal): Promise<void> {
    const beganMs = this.#parts.clock.monotonicMs();
    for (;;) {
      const ended = await this.#try(t, beganMs, signal);
      if (ended.isOver || this.#isStopped || !this.#parts.isPublisher()) return;
      const isHopeless = ended.skip.reason === 'clock' || ended.skip.reason === 'fell';
      if (!isHopeless) await this.#rest(RETRY_MS * (1 + this.#parts.random()), signal);
      if (isHopeless || signal.aborted) {
        if (!this.#isStopped) this.#skip(ended.skip);
        return;
      }
    }
  }

  async #try(due: number, beganMs: number, signal: AbortSignal): Promise<Ended> {
    const before = await this.#before();
    if ('reason' in before) return { isOver: false, skip: before };
    const t = this.#momentAfter(before, due);
    if (t === null) return this.#over();
    if (t < (before.t ?? t)) return { isOver: false, skip: clockSkip(before.t ?? t, t) };
    const found = await this.#collect(t, before, signal);
    if ('reason' in found) return { isOver: false, skip: found };
    if (!this.#parts.isPublisher()) return this.#over();
    const { chosen, places } = found;
    const merged = mergePartials(chosen.map(({ partial }) => partial));
    const tick = withPlaces(
      merged,
      places === null ? placesOf(before) : foldPlaces(places, this.#options.privacyMinCell),
    );
    const fallen = fallenTotal(before.all, tick.periods.all);
    if (fallen !== null) return { isOver: false, skip: fallen };
    const progress = Object.fromEntries(
      chosen.map(({ partial }, partition) => [String(partition), partial.progress]),
    );
    const placesAtMs = places === null ? (before.placesAtMs ?? 0) : t;
    const { publisher } = this.#options;
    const publication = await this.#parts.fence.publish(tick, { t, progress, placesAtMs, publisher });
    if (publication.type !== 'published') return { isOver: false, skip: skipOf(publication) };
    this.#own = { t, isWhole: true, progress, all: tick.periods.all, placesAtMs };
    this.#parts.published(tick, (this.#parts.clock.monotonicMs() - beganMs) / 1000);
    return this.#over();
  }

  /**
   * The moment of which to publish statistics; null if those that are due were published. The clock of the publisher before
   * may have been a little ahead: its last tick counts as the present one, and is completed if it was left incomplete.
   */
  #momentAfter({ t, isWhole }: Published, due: number): number | null {
    if (t === null || t < due || t - due > this.#options.intervalMs) return due;
    return isWhole ? null : t;
  }

  #over(): Ended {
    this.#problem = null;
    return { isOver: true };
  }

  /** What was published before, by the stream and by memory. */
  async #before(): Promise<Published | Skip> {
    try {
      const published = await this.#parts.fence.published();
      return [this.#parts.remembered(), this.#own].reduce(knownTogether, published);
    } catch (error) {
      return skipOf({ type: 'unknown', problem: error instanceof Error ? error.message : 'unknown error' });
    }
  }

  /** The counts of every partition, and the places if they are due. */
  async #collect(t: number, before: Published, signal: AbortSignal): Promise<Collected | Skip> {
    const wantsPlaces = before.placesAtMs === null || Math.abs(t - before.placesAtMs) >= LOCATION_INTERVAL_MS;
    const questions = Array.from({ length: this.#options.partitions }, (_, partition) => {
      const floor = before.progress[String(partition)] ?? 0;
      const wanted = { partition, floor, atMs: t, gone: this.#parts.gone() };
      const choose = (answers: readonly Answered[]) => chooseAnswer(answers, wanted);
      return { nowMs: t, floor, wantsPlaces, choose };
    });
    return collectAnswers(questions, this.#parts, signal);
  }

  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = this.#parts.timers.after(ms, resolve);
      signal.addEventListener('abort', () => {
        timer.cancel();
        resolve();
      });
    });
  }

  #skip(skip: Skip): void {
    this.#problem = skip;
    this.#parts.skipped(skip);
  }
}

function skipOf(publication: Exclude<Publication, { type: 'published' }>): Skip {
  if (publication.type === 'unknown') return { reason: 'brokers', sentence: publication.problem };
  return { reason: 'refused', sentence: 'another process published statistics meanwhile' };
}

function clockSkip(publishedMs: number, t: number): Skip {
  const seconds = Math.round((publishedMs - t) / 1000);
  return {
    reason: 'clock',
    sentence: `statistics of a moment ${seconds} s after this machine's clock are published already: set the clocks of all machines`,
  };
}

function placesOf({ all }: Published): Geography {
  return {
    continentDistribution: all?.continentDistribution ?? {},
    locationDistribution: all?.locationDistribution ?? {},
  };
}

function withPlaces({ nowMs, periods }: TickStatistics, places: Geography): TickStatistics {
  const { continentDistribution, locationDistribution } = places;
  const filled = { continentDistribution, locationDistribution };
  return {
    nowMs,
    periods: {
      '1h': { ...periods['1h'], ...filled },
      '24h': { ...periods['24h'], ...filled },
      '7d': { ...periods['7d'], ...filled },
      all: { ...periods.all, ...filled },
    },
  };
}
