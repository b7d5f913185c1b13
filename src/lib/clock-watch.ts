// Checks the wall clock once a second for steps, and logs each once. It also converts moments of the monotonic clock to
// wall time, by the wall clock as it is set now.

import { systemClock } from './clock.ts';
import { ClockSteps, describeStart, describeStep, readClocks } from './clock-steps.ts';
import type { Part } from './part.ts';

/** Time between two checks of the wall clock, in ms. */
export const CLOCK_LOOK_INTERVAL_MS = 1_000;

/** Watches the wall clock from its start to its stop; `warn` receives a sentence for each step. */
export class ClockWatch implements Part {
  readonly #warn: (sentence: string) => void;
  readonly #steps = new ClockSteps(readClocks(systemClock));
  #timer: NodeJS.Timeout | null = null;

  constructor(warn: (sentence: string) => void) {
    this.#warn = warn;
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => this.#look(), CLOCK_LOOK_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** The wall time of a moment of the monotonic clock. */
  wallMs(monotonicMs: number): number {
    return this.#steps.wallMs(monotonicMs);
  }

  /**
   * Warns if the wall clock was set while the program was not running. `recordedMs` is the latest wall time on record,
   * null if there is none.
   */
  compareWith(recordedMs: number | null): void {
    const line = recordedMs === null ? null : describeStart({ recordedMs, nowMs: systemClock.nowMs() });
    if (line !== null) this.#warn(line);
  }

  #look(): void {
    const step = this.#steps.since(readClocks(systemClock));
    if (step !== null) this.#warn(describeStep(step));
  }
}
