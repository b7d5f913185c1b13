// Time that jumps from one event to the next, and numbers from a seed, for simulations that need no broker.

import type { Clock } from '../../src/lib/clock.ts';
import type { Timer, Timers } from '../../src/lib/timers.ts';

const EPOCH_MS = 1_768_473_000_000;

/** Numbers from a seed (mulberry32). */
export function numbersOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Time that jumps from one event to the next. */
export class EventTime implements Clock, Timers {
  #ms = 1_000;
  readonly #events: { readonly atMs: number; readonly run: () => void; isOver: boolean }[] = [];

  nowMs(): number {
    return EPOCH_MS + this.#ms;
  }

  monotonicMs(): number {
    return this.#ms;
  }

  after(delayMs: number, run: () => void): Timer {
    const event = { atMs: this.#ms + delayMs, run, isOver: false };
    const index = this.#events.findIndex(({ atMs }) => atMs > event.atMs);
    this.#events.splice(index < 0 ? this.#events.length : index, 0, event);
    return { cancel: () => (event.isOver = true) };
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

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  async advance(byMs: number): Promise<void> {
    const untilMs = this.#ms + byMs;
    for (;;) {
      // All promises that are due resolve before this one.
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#events[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#events.shift();
      this.#ms = next.atMs;
      if (!next.isOver) next.run();
    }
    this.#ms = untilMs;
  }
}
