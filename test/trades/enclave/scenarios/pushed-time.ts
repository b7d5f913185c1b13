// A clock and timers that pass by themselves, and that a test can push: an hour passes at once, and what is due within it
// begins in its order.

import type { Clock } from '../../../../src/lib/clock.ts';
import { type Timer, systemTimers, type Timers } from '../../../../src/lib/timers.ts';

interface Waiting {
  readonly atMs: number;
  readonly run: () => void;
  timer: Timer | null;
}

export class PushedTime implements Clock, Timers {
  readonly #beginMs: number;
  readonly #startMs = performance.now();
  readonly #waiting = new Set<Waiting>();
  #pushedMs = 0;

  /** `beginMs`: the time of its making, in ms since 1970. */
  constructor(beginMs: number) {
    this.#beginMs = beginMs;
  }

  nowMs(): number {
    return this.#beginMs + Math.floor(this.monotonicMs());
  }

  monotonicMs(): number {
    return performance.now() - this.#startMs + this.#pushedMs;
  }

  push(byMs: number): void {
    this.#pushedMs += byMs;
    for (const waiting of [...this.#waiting].toSorted((one, other) => one.atMs - other.atMs)) {
      waiting.timer?.cancel();
      this.#arm(waiting);
    }
  }

  after(delayMs: number, run: () => void): Timer {
    const waiting: Waiting = { atMs: this.monotonicMs() + delayMs, run, timer: null };
    this.#waiting.add(waiting);
    this.#arm(waiting);
    return {
      cancel: () => {
        waiting.timer?.cancel();
        this.#waiting.delete(waiting);
      },
    };
  }

  every(intervalMs: number, run: () => void): Timer {
    let timer: Timer;
    const again = () => {
      timer = this.after(intervalMs, again);
      run();
    };
    timer = this.after(intervalMs, again);
    return { cancel: () => timer.cancel() };
  }

  #arm(waiting: Waiting): void {
    waiting.timer = systemTimers.after(Math.max(0, waiting.atMs - this.monotonicMs()), () => {
      this.#waiting.delete(waiting);
      waiting.run();
    });
  }
}
