// Begins the polls of all accounts when they are due: one timer for all, few polls at a time, and those that are due
// before those that catch up with the past. It knows nothing of what it begins.

import type { Clock } from '../../../lib/clock.ts';
import { Fifo } from '../../../lib/fifo.ts';
import type { Timer, Timers } from '../../../lib/timers.ts';
import { PlanHeap, type Planned } from './plan-heap.ts';

/** Polls of all accounts that are under way at the same time. */
export const POLLS_AT_ONCE_MAX = 32;
/** A poll that begins this long after it was due is late. */
const LATE_MS = 1_000;
/** The greatest lateness is that of the present and the last such span. */
const LATENESS_SPAN_MS = 30_000;
/** The longest wait of one timer: clocks of computers that slept are looked at again. */
const TIMER_MAX_MS = 60_000;

/** What a {@link PollClock} needs. */
export interface PollClockParts<Subject> {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Pick<Timers, 'after'>;
  /** Begins the poll of the subject; resolves when it has ended. It must not reject. */
  begin(subject: Subject): Promise<void>;
}

/** The clock. It has at most one plan for each subject. */
export class PollClock<Subject> {
  readonly #parts: PollClockParts<Subject>;
  readonly #atOnceMax: number;
  readonly #heap = new PlanHeap<Subject>();
  readonly #plans = new Map<Subject, Planned<Subject>>();
  readonly #due = new Fifo<Planned<Subject>>();
  readonly #behind = new Fifo<Planned<Subject>>();
  #underWay = 0;
  #timer: Timer | null = null;
  #timerAtMs = Infinity;
  #isStopped = false;
  /** Polls that began late. */
  late = 0;
  #spanFromMs = 0;
  #worstMs = 0;
  #worstBeforeMs = 0;

  constructor(parts: PollClockParts<Subject>, atOnceMax: number = POLLS_AT_ONCE_MAX) {
    this.#parts = parts;
    this.#atOnceMax = atOnceMax;
  }

  /** Polls under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** The greatest lateness of about the last minute, in ms. */
  get latenessMs(): number {
    this.#turnSpan();
    return Math.max(this.#worstMs, this.#worstBeforeMs);
  }

  /** Plans a beginning by the monotonic clock, in place of an earlier plan. `isBehind`: it gives way to those that are due. */
  plan(subject: Subject, atMs: number, isBehind: boolean): void {
    if (this.#isStopped) return;
    this.cancel(subject);
    const planned = { subject, atMs, isBehind, isCancelled: false };
    this.#plans.set(subject, planned);
    this.#heap.push(planned);
    this.#setTimer();
  }

  /** Drops the plan of a subject. */
  cancel(subject: Subject): void {
    const planned = this.#plans.get(subject);
    if (planned === undefined) return;
    planned.isCancelled = true;
    this.#plans.delete(subject);
  }

  /** Begins nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #setTimer(): void {
    const first = this.#heap.peek();
    if (first === undefined || (this.#timer !== null && this.#timerAtMs <= first.atMs)) return;
    this.#timer?.cancel();
    const nowMs = this.#parts.clock.monotonicMs();
    const waitMs = Math.min(TIMER_MAX_MS, Math.max(0, first.atMs - nowMs));
    this.#timerAtMs = nowMs + waitMs;
    // A fraction of a millisecond early would turn the timer once more.
    this.#timer = this.#parts.timers.after(Math.ceil(waitMs), () => this.#turn());
  }

  #turn(): void {
    this.#timer = null;
    const nowMs = this.#parts.clock.monotonicMs();
    for (
      let first = this.#heap.peek();
      first !== undefined && first.atMs <= nowMs;
      first = this.#heap.peek()
    ) {
      this.#heap.pop();
      if (!first.isCancelled) (first.isBehind ? this.#behind : this.#due).push(first);
    }
    this.#beginDue();
    this.#setTimer();
  }

  #beginDue(): void {
    while (!this.#isStopped && this.#underWay < this.#atOnceMax) {
      const planned = this.#due.shift() ?? this.#behind.shift();
      if (planned === undefined) return;
      if (planned.isCancelled) continue;
      this.#plans.delete(planned.subject);
      if (!planned.isBehind) this.#note(this.#parts.clock.monotonicMs() - planned.atMs);
      this.#underWay += 1;
      void this.#parts.begin(planned.subject).finally(() => {
        this.#underWay -= 1;
        this.#beginDue();
      });
    }
  }

  #note(lateMs: number): void {
    this.#turnSpan();
    this.#worstMs = Math.max(this.#worstMs, lateMs);
    if (lateMs > LATE_MS) this.late += 1;
  }

  #turnSpan(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const spans = Math.floor((nowMs - this.#spanFromMs) / LATENESS_SPAN_MS);
    if (spans === 0) return;
    this.#worstBeforeMs = spans === 1 ? this.#worstMs : 0;
    this.#worstMs = 0;
    this.#spanFromMs += spans * LATENESS_SPAN_MS;
  }
}
