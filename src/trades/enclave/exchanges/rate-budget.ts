// The budget of requests that an exchange grants to this address. All accounts and instances of the exchange take from
// it, in the order in which they ask; what many accounts wait for goes first. It sends nothing and knows no exchange; time comes from the injected clock.

import type { Clock } from '../../../lib/clock.ts';
import { Fifo } from '../../../lib/fifo.ts';
import type { Timer, Timers } from '../../../lib/timers.ts';
import { ExchangeError, type ExchangeErrorKind } from '../../domain/exchange-calls.ts';
import { PollCalendar } from './poll-calendar.ts';

/** Requests that wait for their turn at one exchange; a further one is refused. */
export const WAITING_MAX = 4_096;
/** Work that a quiet exchange may be given at once, in ms of its budget. */
const BURST_MS = 500;
/** The first pause, in ms. Each one that follows soon after the last is twice as long. */
const PAUSE_LEAST_MS = 10_000;
/** The longest pause that no answer asked for, in ms. */
const PAUSE_MOST_MS = 600_000;

interface Waiting {
  readonly workMs: number;
  readonly resolve: () => void;
  readonly reject: (error: ExchangeError) => void;
}

/** What a {@link RateBudget} needs. */
export interface RateBudgetParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Pick<Timers, 'after'>;
}

/** The budget of one exchange. Work is measured in ms: an exchange does one ms of work each ms. */
export class RateBudget {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #timers: Pick<Timers, 'after'>;
  readonly #calendar = new PollCalendar();
  /** What many accounts wait for: the clock, markets, prices. */
  readonly #shared = new Fifo<Waiting>();
  readonly #queue = new Fifo<Waiting>();
  #waiting = 0;
  #timer: Timer | null = null;
  /** When the work that was granted so far will be done. */
  #doneMs = -Infinity;
  #pausedUntilMs = -Infinity;
  #pauseMs = 0;
  #pauses = 0;
  #isStopped = false;

  constructor({ clock, timers }: RateBudgetParts) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Pauses so far. */
  get pauses(): number {
    return this.#pauses;
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How long no request may leave, in ms; 0 outside a pause. */
  get pausedForMs(): number {
    return Math.max(0, this.#pausedUntilMs - this.#clock.monotonicMs());
  }

  /**
   * Resolves when a request of `workMs` may leave. Rejects with `rate_limited` during a pause, when one begins, and when
   * {@link WAITING_MAX} requests wait; with `unreachable` after `stop`. `isShared`: many accounts wait for its answer, so
   * it goes before the others.
   */
  take(workMs: number, isShared = false): Promise<void> {
    if (this.#isStopped) return Promise.reject(new ExchangeError('unreachable'));
    if (this.pausedForMs > 0 || this.#waiting >= WAITING_MAX)
      return Promise.reject(new ExchangeError('rate_limited'));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    (isShared ? this.#shared : this.#queue).push({ workMs: Math.max(0, workMs), resolve, reject });
    this.#waiting += 1;
    if (this.#timer === null) this.#grant();
    return promise;
  }

  /**
   * Returns when a poll of about `workMs` should begin, by the monotonic clock: not before `notBeforeMs`, and such that
   * all polls together stay below what the budget allows.
   */
  reserve(workMs: number, notBeforeMs: number): number {
    const nowMs = this.#clock.monotonicMs();
    const leastMs = Math.max(notBeforeMs, nowMs, this.#pausedUntilMs);
    return this.#calendar.reserve(workMs, leastMs, nowMs);
  }

  /**
   * No request leaves for `wantedMs`, for 10 s doubled by each pause that follows soon after another up to 10 min, or for
   * what is left of a pause, whichever is longest. Requests that wait are refused.
   */
  pause(wantedMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    // Requests that were under way when the pause began are refused too, and tell nothing new.
    if (nowMs >= this.#pausedUntilMs) {
      this.#pauses += 1;
      this.#pauseMs = Math.min(PAUSE_MOST_MS, Math.max(PAUSE_LEAST_MS, this.#pauseMs * 2));
    }
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + Math.max(wantedMs, this.#pauseMs));
    this.#refuseWaiting('rate_limited');
  }

  /** A request succeeded. The next pause is short again if the last one is long over. */
  succeeded(): void {
    if (this.#clock.monotonicMs() >= this.#pausedUntilMs + this.#pauseMs) this.#pauseMs = 0;
  }

  /** Refuses the requests that wait, and all that come. */
  stop(): void {
    this.#isStopped = true;
    this.#refuseWaiting('unreachable');
  }

  #refuseWaiting(kind: ExchangeErrorKind): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      next.reject(new ExchangeError(kind));
    }
  }

  #grant(): void {
    this.#timer = null;
    const nowMs = this.#clock.monotonicMs();
    while (this.#waiting > 0) {
      const startMs = Math.max(this.#doneMs, nowMs - BURST_MS);
      if (startMs > nowMs) {
        this.#timer = this.#timers.after(startMs - nowMs, () => this.#grant());
        return;
      }
      const next = this.#next();
      if (next === undefined) return;
      this.#doneMs = startMs + next.workMs;
      next.resolve();
    }
  }

  #next(): Waiting | undefined {
    const next = this.#shared.shift() ?? this.#queue.shift();
    if (next !== undefined) this.#waiting -= 1;
    return next;
  }
}
