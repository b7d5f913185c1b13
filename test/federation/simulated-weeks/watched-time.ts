// True time in which the process watched: it ran, reached the broker, had caught up and left nothing unread for 10 s.
//
// docs/federation.md#observed-clock allows the clock to miss the time between its last sign of the broker and a loss (5
// s at most), and to count at most one step (10 s) of a stop. These allowances are summed beside, so that a silence is
// an interval, and a state is judged only against what the whole interval allows.

import type { SimulatedBroker } from './simulated-broker.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** Watched time until a moment, and how much less or more of it the observed clock may have counted. */
export class Mark {
  readonly watchedMs: number;
  readonly underMs: number;
  readonly overMs: number;

  constructor(watchedMs: number, underMs: number, overMs: number) {
    this.watchedMs = watchedMs;
    this.underMs = underMs;
    this.overMs = overMs;
  }
}

export interface WatchedTimeOptions {
  readonly mode: 'jetstream' | 'core';
  /** The process's clock minus the broker's: with wrong clocks new messages may seem old, and old ones new. */
  skewMs(): number;
  isReachable(): boolean;
}

const STEP_MAX_MS = 10_000;
const PING_MS = 5000;
const UNREAD_AGE_MAX_MS = 10_000;
const SKEW_MIN_MS = 1000;

export class WatchedTime {
  readonly #time: SimulatedTime;
  readonly #broker: SimulatedBroker;
  readonly #options: WatchedTimeOptions;
  #watchedMs = 0;
  #underMs = 0;
  #overMs = 0;
  /** Counted until here. */
  #accountedMs: number;
  #isWatching = false;
  #isAttached = false;
  #isStopped = false;
  #nextRead = 1;
  #targetSeq = 0;
  #committedSeq = 0;
  /** At the last sign of the broker that the process heard. */
  #heardWatchedMs = 0;
  #heardTrueMs = 0;
  #isFreshlyHeard = true;
  #hadUnread = false;
  #isLagging = false;
  #allowanceMs = 0;

  constructor(time: SimulatedTime, broker: SimulatedBroker, options: WatchedTimeOptions) {
    this.#time = time;
    this.#broker = broker;
    this.#options = options;
    this.#accountedMs = time.nowMs;
  }

  mark(): Mark {
    this.account();
    return new Mark(this.#watchedMs, this.#underMs, this.#overMs);
  }

  /** Silence of a node heard at `from`, as of `to`; allowances of a loss are noted after it, so all count. */
  between(from: Mark, to: Mark): { readonly leastMs: number; readonly mostMs: number } {
    const watchedMs = to.watchedMs - from.watchedMs;
    return {
      leastMs: watchedMs - (this.#underMs - from.underMs),
      mostMs: watchedMs + (this.#overMs - from.overMs),
    };
  }

  /** Something is about to change at the broker or between it and the process, or has changed. */
  account(): void {
    const nowMs = this.#time.nowMs;
    if (this.#isWatching) {
      const unreadSinceMs = this.#unreadSinceMs();
      const untilMs = Math.min(nowMs, unreadSinceMs + UNREAD_AGE_MAX_MS);
      this.#watchedMs += Math.max(0, untilMs - this.#accountedMs);
      if (unreadSinceMs < nowMs) this.#hadUnread = true;
      // The next sign of the broker shows that the process lags.
      const isLagging = untilMs < nowMs;
      if (isLagging && !this.#isLagging) this.#allowanceMs = STEP_MAX_MS;
      this.#isLagging = isLagging;
    }
    this.#accountedMs = nowMs;
    this.#renew();
  }

  /** The process heard the broker; `catchingUp` is what it thinks, and then its clock stands still. */
  heard(catchingUp: boolean): void {
    this.account();
    const watchedMs = this.#watchedMs - this.#heardWatchedMs;
    const countedMs = catchingUp ? 0 : Math.min(STEP_MAX_MS, this.#time.nowMs - this.#heardTrueMs);
    const isSkewed = Math.abs(this.#options.skewMs()) > SKEW_MIN_MS;
    if (this.#isFreshlyHeard) {
      // The first sign after a loss only starts the clock.
      this.#underMs += watchedMs;
    } else if (countedMs < watchedMs) {
      if (this.#hadUnread || isSkewed) this.#underMs += watchedMs - countedMs;
    } else {
      const overMs = Math.min(countedMs - watchedMs, isSkewed ? Infinity : this.#allowanceMs);
      this.#overMs += overMs;
      this.#allowanceMs = Math.max(0, this.#allowanceMs - overMs);
    }
    this.#isFreshlyHeard = false;
    this.#hadUnread = false;
    this.#heardWatchedMs = this.#watchedMs;
    this.#heardTrueMs = this.#time.nowMs;
  }

  /** The process begins to read at `nextSeq`, the stream reaching to `targetSeq`. */
  attached(nextSeq: number, targetSeq: number): void {
    this.account();
    this.#isAttached = true;
    this.#targetSeq = targetSeq;
    this.#committedSeq = nextSeq - 1;
    this.#nextRead = nextSeq;
    // The next sign of the broker shows that the process has caught up.
    this.#allowanceMs = PING_MS;
    this.#renew();
  }

  readTo(nextSeq: number): void {
    this.account();
    this.#nextRead = nextSeq;
    this.#renew();
  }

  committedTo(seq: number): void {
    this.account();
    this.#committedSeq = seq;
    this.#renew();
  }

  lost(): void {
    this.heldBack();
    this.#isAttached = false;
    this.#renew();
  }

  /** The clock stood still since the last sign of the broker, and will only be started by the next. */
  heldBack(): void {
    this.account();
    this.#underMs += this.#watchedMs - this.#heardWatchedMs;
    this.#heardWatchedMs = this.#watchedMs;
    this.#isFreshlyHeard = true;
  }

  /** The process is gone, and with it what its clock counted since `stored`. */
  ended(stored: Mark): void {
    this.lost();
    this.#underMs += this.#watchedMs - stored.watchedMs;
    this.#isStopped = false;
  }

  /** The process is stopped, or goes on. */
  stopped(isStopped: boolean): void {
    this.account();
    this.#isStopped = isStopped;
    if (!isStopped) {
      this.#overMs += STEP_MAX_MS;
      this.#underMs += PING_MS;
      this.#isFreshlyHeard = true;
    }
    this.#renew();
  }

  #unreadSinceMs(): number {
    if (this.#options.mode === 'core') return Infinity;
    return this.#broker.read(this.#nextRead)?.trueMs ?? Infinity;
  }

  #renew(): void {
    this.#isWatching =
      this.#isAttached && !this.#isStopped && this.#options.isReachable() && this.#hasCaughtUp();
  }

  #hasCaughtUp(): boolean {
    if (this.#options.mode === 'core' || this.#committedSeq >= this.#targetSeq) return true;
    const next = this.#broker.read(this.#committedSeq + 1);
    return next === undefined || next.seq > this.#targetSeq;
  }
}
