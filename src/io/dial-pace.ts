// How long the NATS client waits before it dials a server again. The client counts that wait on the wall clock, from the
// moment of its last dial: a wall clock that was set back by an hour since then would keep it from dialling for an hour.
// This works against it and dials nothing itself.

import type { Clock } from '../lib/clock.ts';
import { ClockSteps, readClocks } from '../lib/clock-steps.ts';

export class DialPace {
  readonly #clock: Clock;
  readonly #steps: ClockSteps;
  readonly #usualMs: () => number;
  /** By how much the wall clock was set back since the client dialled some of its servers. */
  #setBackMs = 0;
  /** Dials until the client has dialled each of its servers by the clock as it is set now: it takes them in turn. */
  #dialsLeft = 0;
  #servers = 1;

  /** `usualMs`: the wait between two dials of one server. */
  constructor(clock: Clock, usualMs: () => number) {
    this.#clock = clock;
    this.#steps = new ClockSteps(readClocks(clock));
    this.#usualMs = usualMs;
  }

  /** What the client adds to the time of its last dial of a server: negative if that time is of a clock that was ahead. */
  waitMs(): number {
    const step = this.#steps.since(readClocks(this.#clock));
    if (step !== null && step.byMs < 0) {
      this.#setBackMs -= step.byMs;
      this.#dialsLeft = this.#servers;
    }
    return this.#dialsLeft > 0 ? -this.#setBackMs : this.#usualMs();
  }

  /** The client dials one of so many servers. */
  dials(servers: number): void {
    this.#servers = servers;
    this.#dialsLeft = Math.max(0, this.#dialsLeft - 1);
    if (this.#dialsLeft === 0) this.#setBackMs = 0;
  }
}
