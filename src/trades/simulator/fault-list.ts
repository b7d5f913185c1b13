// Decides which request meets which fault. It plays no fault: `exchange-server.ts` does.

import { CodedError } from '../../lib/errors.ts';
import type { Fault } from './scenario.ts';

/** Faults that wait for their requests. */
const WAITING_MAX = 10_000;

/** The faults of one server, in the order in which they were given. */
export class FaultList {
  #waiting: { readonly fault: Fault; left: number }[] = [];

  /** Errors: `too_many` if {@link WAITING_MAX} faults wait. */
  add(fault: Fault): void {
    if (this.#waiting.length >= WAITING_MAX)
      throw new CodedError('too_many', `No more than ${WAITING_MAX} faults can wait.`);
    this.#waiting.push({ fault, left: fault.times });
  }

  /** Forgets those that still wait. */
  clear(): void {
    this.#waiting = [];
  }

  /** The first fault that fits the request, which it meets; null without one. */
  take(request: {
    readonly ordinal: number;
    readonly nowMs: number;
    readonly path: string;
    readonly apiKey: string | null;
  }): Fault | null {
    const met = this.#waiting.find(
      ({ fault }) =>
        request.ordinal >= fault.atRequest &&
        request.nowMs >= fault.atMs &&
        request.path.startsWith(fault.path) &&
        (fault.apiKey === null || fault.apiKey === request.apiKey),
    );
    if (met === undefined) return null;
    met.left -= 1;
    if (met.left === 0) this.#waiting = this.#waiting.filter((each) => each !== met);
    return met.fault;
  }
}
