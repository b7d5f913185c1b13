// Time that a test moves by hand: one heap of timers, each owned by somebody who can be ended or stopped. While it is
// installed, `setTimeout` of the code under test is a timer of this heap, so weeks pass in a second and no test sleeps.

interface Timer {
  atMs: number;
  order: number;
  readonly owner: object | null;
  readonly run: () => void;
  isCancelled: boolean;
}

export class SimulatedTime {
  /** True time, ms since the epoch; everybody's clock is this plus an error of its own. */
  nowMs: number;
  readonly #heap: Timer[] = [];
  readonly #frozen = new Map<object, Timer[]>();
  readonly #ended = new WeakSet<object>();
  #owner: object | null = null;
  #order = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** Runs `run` after `delayMs` on behalf of whoever is running now. */
  after(delayMs: number, run: () => void): Timer {
    const atMs = this.nowMs + Math.max(0, delayMs);
    const timer = { atMs, order: this.#order++, owner: this.#owner, run, isCancelled: false };
    this.#push(timer);
    return timer;
  }

  /** What `run` starts belongs to `owner`. */
  as(owner: object | null, run: () => void): void {
    const before = this.#owner;
    this.#owner = owner;
    try {
      run();
    } finally {
      this.#owner = before;
    }
  }

  /** Nothing of `owner` runs any more. */
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
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** Replaces the global timers; returns what puts them back. Everything in between must be synchronous. */
  install(): () => void {
    const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
    const set = (run: () => void, delayMs = 0) => this.after(delayMs, run);
    const clear = (timer: Timer | null | undefined) => {
      if (timer !== null && timer !== undefined) timer.isCancelled = true;
    };
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
    return () => void Object.assign(globalThis, { setTimeout: realSet, clearTimeout: realClear });
  }

  #push(timer: Timer): void {
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

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
