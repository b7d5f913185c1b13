// The calls of `process` that wait for an outcome. It decides no outcome: it asks for it when the wait ends.

import type { Timer, Timers } from '../../lib/timers.ts';
import type { ProcessOutcome } from '../domain/job.ts';

/** How long a call waits at most. */
export const CALL_WAIT_MS = 30_000;
/** Calls of all jobs together that wait at once; a further one is answered at once. */
export const WAITING_CALLS_MAX = 2_048;

interface Call {
  readonly timer: Timer;
  answer(): void;
}

/** The calls that wait for one job. */
export type JobCalls = Set<Call>;

/** All calls that wait. */
export class WaitingCalls {
  readonly #timers: Timers;
  readonly #max: number;
  #size = 0;

  constructor(timers: Timers, max: number = WAITING_CALLS_MAX) {
    this.#timers = timers;
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** Resolves when the job's calls are answered, or after {@link CALL_WAIT_MS}, with the outcome at that moment. */
  wait(calls: JobCalls, outcome: () => ProcessOutcome): Promise<ProcessOutcome> {
    if (this.#size >= this.#max) return Promise.resolve(outcome());
    this.#size++;
    return new Promise((resolve) => {
      const answer = () => {
        call.timer.cancel();
        calls.delete(call);
        this.#size--;
        resolve(outcome());
      };
      const call: Call = { timer: this.#timers.after(CALL_WAIT_MS, answer), answer };
      calls.add(call);
    });
  }

  /** Ends the wait of a job's calls. */
  answer(calls: JobCalls): void {
    for (const call of calls) call.answer();
  }
}
