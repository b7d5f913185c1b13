// One process of the simulated cluster as the rest of it sees it: its clocks and timers, its requests to the brokers, and
// what reaches it. It can be frozen, as by SIGSTOP, and killed. It runs no program itself.

import type { Clock, ThreadClock } from '../../../src/lib/clock.ts';
import type { Timer, Timers } from '../../../src/lib/timers.ts';
import type { EventTime } from '../../support/event-time.ts';

/** What all processes and brokers share. */
export interface Surroundings {
  readonly time: EventTime;
  /** A number from 0 to below 1. */
  random(): number;
  /** Share of requests that fail, from 0 to 1. */
  faults: number;
}

/** After this time a request without an answer fails, in ms. */
const ANSWER_MS = 2_000;
/** Requests of one connection arrive in order, in ms. */
const SENT_MS = 4;

export class SimulatedProcess implements Clock, ThreadClock, Timers {
  readonly name: string;
  isAlive = true;
  isFrozen = false;
  readonly #world: Surroundings;
  readonly #aheadMs: number;
  #held: (() => void)[] = [];

  /** `aheadMs`: by how much the wall clock of its machine is wrong. */
  constructor(name: string, world: Surroundings, aheadMs = 0) {
    this.name = name;
    this.#world = world;
    this.#aheadMs = aheadMs;
  }

  nowMs(): number {
    return this.#world.time.nowMs() + this.#aheadMs;
  }

  monotonicMs(): number {
    return this.#world.time.monotonicMs();
  }

  sharedMs(): number {
    return this.#world.time.monotonicMs();
  }

  after(delayMs: number, run: () => void): Timer {
    let isOver = false;
    const timer = this.#world.time.after(Math.max(0, delayMs), () =>
      this.hear(() => {
        if (!isOver) run();
      }),
    );
    return {
      cancel: () => {
        isOver = true;
        timer.cancel();
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

  /** Runs what reaches the process: never if it is dead, and later if it is frozen. */
  hear(run: () => void): void {
    if (!this.isAlive) return;
    if (this.isFrozen) this.#held.push(run);
    else run();
  }

  freeze(): void {
    this.isFrozen = true;
  }

  thaw(): void {
    this.isFrozen = false;
    const held = this.#held;
    this.#held = [];
    for (const run of held) this.#world.time.after(0, () => this.hear(run));
  }

  kill(): void {
    this.isAlive = false;
    this.#held = [];
  }

  /** Waits like `pause` of the program. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => void this.after(ms, resolve));
  }

  /**
   * Asks a broker: `act` runs there, unless the question is lost. The answer may be lost as well. What was sent arrives
   * even if the process dies or freezes meanwhile.
   */
  request<T>(act: () => T, isReached = true): Promise<T> {
    const { time, random, faults } = this.#world;
    const chance = random();
    const isSent = isReached && chance >= faults / 2;
    const isAnswered = isReached && chance >= faults;
    return new Promise((resolve, reject) => {
      time.after(SENT_MS, () => {
        const answer = isSent ? answerOf(act) : null;
        time.after(isAnswered ? 1 + Math.floor(random() * 20) : ANSWER_MS, () =>
          this.hear(() => {
            if (!isAnswered || answer === null) reject(new Error('timeout'));
            else if (answer.isOk) resolve(answer.value);
            else reject(answer.error);
          }),
        );
      });
    });
  }
}

type Answer<T> = { readonly isOk: true; readonly value: T } | { readonly isOk: false; readonly error: Error };

function answerOf<T>(act: () => T): Answer<T> {
  try {
    return { isOk: true, value: act() };
  } catch (error) {
    return { isOk: false, error: error instanceof Error ? error : new Error(String(error)) };
  }
}
