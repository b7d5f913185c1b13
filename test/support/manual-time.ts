// Time that a test moves by hand, with real sockets: after each timer the test waits until the requests that it caused
// have ended, so a minute passes in a moment and nothing depends on the speed of the machine.

import type { Clock } from '../../src/lib/clock.ts';
import type { Timer, Timers } from '../../src/lib/timers.ts';

/** Not at zero, and the two clocks differ, so that a mix-up fails. */
const START_MS = 5_000;
const EPOCH_MS = 1_768_473_000_000;

interface Waiting {
  readonly atMs: number;
  readonly run: () => void;
}

export class ManualTime implements Clock, Timers {
  #ms = START_MS;
  readonly #waiting = new Set<Waiting>();

  nowMs(): number {
    return EPOCH_MS + this.#ms;
  }

  monotonicMs(): number {
    return this.#ms;
  }

  after(delayMs: number, run: () => void): Timer {
    const waiting = { atMs: this.#ms + Math.max(0, delayMs), run };
    this.#waiting.add(waiting);
    return { cancel: () => void this.#waiting.delete(waiting) };
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

  /** Number of timers that wait. */
  get timers(): number {
    return this.#waiting.size;
  }

  /** Moves the clocks without running a timer, as for a process that was frozen and has just been woken. */
  jump(byMs: number): void {
    this.#ms += byMs;
  }

  /** Moves time on; `settle` resolves when what a timer caused has ended. */
  async advance(byMs: number, settle: () => Promise<unknown>): Promise<void> {
    const untilMs = this.#ms + byMs;
    for (;;) {
      await settle();
      const next = [...this.#waiting].toSorted((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#waiting.delete(next);
      this.#ms = Math.max(this.#ms, next.atMs);
      next.run();
    }
    this.#ms = untilMs;
    await settle();
  }
}
