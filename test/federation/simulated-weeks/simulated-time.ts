// Time that a test moves by hand: one heap of timers, each with an owner that can be ended or stopped. The code under
// test is given these timers for the machine's, so weeks pass in a second and no test sleeps.

import type { Timer, Timers } from '../../../src/lib/timers.ts';

/** In days without events, the least time between two looks. */
const UNEVENTFUL_MS = 120_000;

class HeapTimer implements Timer {
  atMs: number;
  order: number;
  readonly owner: object | null;
  readonly run: () => void;
  isCancelled = false;

  constructor(atMs: number, order: number, owner: object | null, run: () => void) {
    this.atMs = atMs;
    this.order = order;
    this.owner = owner;
    this.run = run;
  }

  cancel(): void {
    this.isCancelled = true;
  }
}

export class SimulatedTime implements Timers {
  /** True time, ms since the epoch; each clock is this plus an error of its own. */
  nowMs: number;
  readonly #heap: HeapTimer[] = [];
  readonly #frozen = new Map<object, HeapTimer[]>();
  readonly #ended = new WeakSet<object>();
  #owner: object | null = null;
  #order = 0;
  #isUneventful = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** Runs `run` after `delayMs` on behalf of the current owner. */
  after(delayMs: number, run: () => void): Timer {
    const atMs = this.nowMs + Math.max(0, delayMs);
    const timer = new HeapTimer(atMs, this.#order++, this.#owner, run);
    this.#push(timer);
    return timer;
  }

  /** Runs `run` again and again on behalf of the current owner. */
  every(intervalMs: number, run: () => void): Timer {
    const later = () =>
      this.after(this.#isUneventful ? Math.max(intervalMs, UNEVENTFUL_MS) : intervalMs, again);
    const again = () => {
      timer = later();
      run();
    };
    let timer = later();
    return { cancel: () => timer.cancel() };
  }

  /**
   * As {@link runUntil}, for days in which nothing new can be seen by looking every second: who looks so often does it
   * every few minutes, but for the end of that time.
   */
  skimUntil(untilMs: number): void {
    this.#isUneventful = true;
    this.runUntil(untilMs - 2 * UNEVENTFUL_MS);
    this.#isUneventful = false;
    this.runUntil(untilMs);
  }

  /** Reports an error to the code that moves time, although the running code may catch an exception. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Throws the first error given to {@link fail}. */
  check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Timers that `run` starts belong to `owner`. */
  as(owner: object | null, run: () => void): void {
    const before = this.#owner;
    this.#owner = owner;
    try {
      run();
    } finally {
      this.#owner = before;
    }
  }

  /** Removes all timers of `owner`. */
  end(owner: object): void {
    this.#ended.add(owner);
    this.#frozen.delete(owner);
  }

  /** Timers of `owner` wait until {@link thaw}, as under SIGSTOP. */
  freeze(owner: object): void {
    if (!this.#frozen.has(owner)) this.#frozen.set(owner, []);
  }

  thaw(owner: object): void {
    const waiting = this.#frozen.get(owner) ?? [];
    this.#frozen.delete(owner);
    for (const timer of waiting) {
      timer.atMs = this.nowMs;
      timer.order = this.#order++;
      this.#push(timer);
    }
  }

  runUntil(untilMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      if (next.isCancelled || (next.owner !== null && this.#ended.has(next.owner))) continue;
      const waiting = next.owner === null ? undefined : this.#frozen.get(next.owner);
      if (waiting === undefined) this.as(next.owner, next.run);
      else waiting.push(next);
      this.check();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #push(timer: HeapTimer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, timer)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const child = b !== undefined && isBefore(b, a) ? left + 1 : left;
      const below = heap[child];
      if (below === undefined || isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: HeapTimer, b: HeapTimer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
