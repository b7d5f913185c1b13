// Decides how long the NATS client waits before it dials a server again. The client measures that wait on the wall
// clock, from its last dial: if an operator set the wall clock back by an hour, the client would not dial for an hour.
// This class corrects the wait; it dials nothing itself.

import type { Clock } from '../lib/clock.ts';
import { ClockSteps, readClocks } from '../lib/clock-steps.ts';

/** The waits between the dials of one NATS client. */
export class DialPace {
  readonly #clock: Clock;
  readonly #steps: ClockSteps;
  readonly #usualMs: () => number;
  /** How far the wall clock was set back since the client's last dial of some of its servers. */
  #setBackMs = 0;
  /**
   * Number of dials until the client has dialled each of its servers since the clock was set; it dials them in turn.
   */
  #dialsLeft = 0;
  #servers = 1;

  /** `usualMs` returns the wait between two dials of one server. */
  constructor(clock: Clock, usualMs: () => number) {
    this.#clock = clock;
    this.#steps = new ClockSteps(readClocks(clock));
    this.#usualMs = usualMs;
  }

  /** The time that the client adds to its last dial of a server. Negative if the clock was set back since that dial. */
  waitMs(): number {
    const step = this.#steps.since(readClocks(this.#clock));
    if (step !== null && step.byMs < 0) {
      this.#setBackMs -= step.byMs;
      this.#dialsLeft = this.#servers;
    }
    return this.#dialsLeft > 0 ? -this.#setBackMs : this.#usualMs();
  }

  /** Must be called when the client dials one of its servers; `servers` is their number. */
  dials(servers: number): void {
    this.#servers = servers;
    this.#dialsLeft = Math.max(0, this.#dialsLeft - 1);
    if (this.#dialsLeft === 0) this.#setBackMs = 0;
  }
}
