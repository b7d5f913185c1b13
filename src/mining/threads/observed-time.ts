// The observed clock of this program: it runs while the program runs, and goes on after a start from where it stood. So
// the program's own absence makes no machine silent.

import type { Clock } from '../../lib/clock.ts';

/** The observed clock, in ms. */
export class ObservedTime {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #offsetMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Goes on from the reading at the last commit. */
  start(storedMs: number): void {
    this.#offsetMs = storedMs - this.#clock.monotonicMs();
  }

  get nowMs(): number {
    return this.#clock.monotonicMs() + this.#offsetMs;
  }
}
