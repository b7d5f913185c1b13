// The clock of a simulated exchange: the machine's, a constant off, with jumps at numbers of requests.

import type { Clock } from '../../lib/clock.ts';
import type { ClockStepInput } from './scenario.ts';

/** The exchange's clock. */
export class ExchangeClock {
  readonly #clock: Pick<Clock, 'nowMs'>;
  #offsetMs: number;
  #steps: readonly ClockStepInput[];

  constructor(clock: Pick<Clock, 'nowMs'>, offsetMs: number, steps: readonly ClockStepInput[]) {
    this.#clock = clock;
    this.#offsetMs = offsetMs;
    this.#steps = steps;
  }

  /** The exchange's time, in ms since 1970. */
  nowMs(): number {
    return this.#clock.nowMs() + this.#offsetMs;
  }

  /** Lets the jumps happen that are due before this request. */
  beforeRequest(ordinal: number): void {
    if (!this.#steps.some(({ atRequest }) => atRequest <= ordinal)) return;
    for (const { atRequest, byMs } of this.#steps) if (atRequest <= ordinal) this.#offsetMs += byMs;
    this.#steps = this.#steps.filter(({ atRequest }) => atRequest > ordinal);
  }

  /** Makes it jump. */
  stepBy(ms: number): void {
    this.#offsetMs += ms;
  }
}
