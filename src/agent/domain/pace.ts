// How many messages may leave now (docs/agent.md#sending): a bound for any minute, a smaller one for any second, and places
// that are kept for presence. It sends nothing; times are those of a clock that never goes back, in ms.

import { Fifo } from '../../lib/fifo.ts';
import { MINUTE_MS } from '../../lib/durations.ts';
import type { SentWindow } from './messages.ts';

/** Messages a minute that may leave as long as no aggregator has said another number. */
export const USUAL_PER_MINUTE = 60;
/** Places of every minute that only presence may take. */
export const PRESENCE_PLACES = 4;
/** At least so many may leave in a second, however few may leave in a minute. */
const PER_SECOND_LEAST = 5;
const SECONDS_PER_MINUTE = 60;
const SECOND_MS = 1_000;
/** On their way two messages may come closer to each other: the spans are longer by this share. */
const ON_THE_WAY = 0.02;

/** What is to be sent: presence, or messages of the outbox. */
export type Sent = 'presence' | 'facts';

/** Messages a minute: the smaller of `AGENT_RATE`, if it is set, and what the aggregator said, else 60. */
export function ratePerMinute(setting: number | null, told: number | null): number {
  return Math.min(setting ?? Infinity, told ?? USUAL_PER_MINUTE);
}

/** Counts what was sent within a span. */
class SlidingCount {
  readonly #spanMs: number;
  readonly #entries = new Fifo<{ readonly atMs: number; readonly count: number }>();
  #sum = 0;

  constructor(spanMs: number) {
    this.#spanMs = spanMs * (1 + ON_THE_WAY);
  }

  add(count: number, atMs: number): void {
    this.#entries.push({ atMs, count });
    this.#sum += count;
  }

  sum(nowMs: number): number {
    for (
      let oldest = this.#entries.peek();
      oldest !== undefined && nowMs - oldest.atMs >= this.#spanMs;
      oldest = this.#entries.peek()
    ) {
      this.#entries.shift();
      this.#sum -= oldest.count;
    }
    return this.#sum;
  }

  /** Ms until the sum is below `limit`, which is at least 1; 0 if it is. */
  waitMs(limit: number, nowMs: number): number {
    let sum = this.sum(nowMs);
    if (sum < limit) return 0;
    for (const { atMs, count } of this.#entries) {
      sum -= count;
      if (sum < limit) return atMs + this.#spanMs - nowMs;
    }
    return 0;
  }
}

/** The pace of one node. */
export class Pace {
  readonly #all = new SlidingCount(MINUTE_MS);
  readonly #facts = new SlidingCount(MINUTE_MS);
  readonly #second = new SlidingCount(SECOND_MS);
  #perMinute: number;

  /** `perMinute` is at least 1. */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  get perMinute(): number {
    return this.#perMinute;
  }

  set perMinute(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /**
   * Counts what an earlier process sent. `wallNowMs` and `nowMs` are the same moment on the clock of the window and on the
   * pace's own. If the wall clock was set back, what lies in its future counts as sent now.
   */
  restore(window: SentWindow, wallNowMs: number, nowMs: number): void {
    for (const { atMs, count } of window) {
      this.sent(count, 'facts', nowMs - Math.max(0, wallNowMs - atMs));
    }
  }

  /** Number of messages that may leave now. */
  free(what: Sent, nowMs: number): number {
    const all = this.#perMinute - this.#all.sum(nowMs);
    const second = this.#perSecond - this.#second.sum(nowMs);
    const facts = what === 'facts' ? this.#factsPerMinute - this.#facts.sum(nowMs) : Infinity;
    return Math.max(0, Math.min(all, second, facts));
  }

  /** Ms until at least one message may leave; 0 if one may leave now. */
  waitMs(what: Sent, nowMs: number): number {
    return Math.max(
      this.#all.waitMs(this.#perMinute, nowMs),
      this.#second.waitMs(this.#perSecond, nowMs),
      what === 'facts' ? this.#facts.waitMs(this.#factsPerMinute, nowMs) : 0,
    );
  }

  /** `count` messages leave at this time, which is not before that of an earlier call. */
  sent(count: number, what: Sent, atMs: number): void {
    this.#all.add(count, atMs);
    this.#second.add(count, atMs);
    if (what === 'facts') this.#facts.add(count, atMs);
  }

  get #perSecond(): number {
    return Math.max(PER_SECOND_LEAST, Math.floor(this.#perMinute / SECONDS_PER_MINUTE));
  }

  /** Even at a very small pace some facts leave. */
  get #factsPerMinute(): number {
    return Math.max(1, this.#perMinute - PRESENCE_PLACES);
  }
}
