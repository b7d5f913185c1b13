// Timers that a test moves by hand: what is due happens in the order of its time.

import type { Timers } from '../../../src/lib/timers.ts';

export class ManualTimers implements Timers {
  nowMs = 0;
  #waiting: { readonly atMs: number; readonly run: () => void; readonly everyMs: number | null }[] = [];

  after(delayMs: number, run: () => void) {
    return this.#add(delayMs, run, null);
  }

  every(intervalMs: number, run: () => void) {
    return this.#add(intervalMs, run, intervalMs);
  }

  /** Moves the time on; every timer on the way is called. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const [next] = this.#waiting
        .filter(({ atMs }) => atMs <= endMs)
        .toSorted((one, other) => one.atMs - other.atMs);
      if (next === undefined) break;
      this.nowMs = next.atMs;
      this.#waiting = this.#waiting.filter((each) => each !== next);
      if (next.everyMs !== null) this.#add(next.everyMs, next.run, next.everyMs);
      next.run();
    }
    this.nowMs = endMs;
  }

  #add(delayMs: number, run: () => void, everyMs: number | null) {
    const added = { atMs: this.nowMs + delayMs, run, everyMs };
    this.#waiting.push(added);
    return { cancel: () => void (this.#waiting = this.#waiting.filter((each) => each.run !== run)) };
  }
}
