// The only file that reads the machine's clock or asks it for random numbers. Everything else takes time as an argument
// or a Clock. Secrets do not come from here: the file that needs a secret or an id makes it with node:crypto.

import { randomInt } from 'node:crypto';

/** Milliseconds: `nowMs` since the Unix epoch, `monotonicMs` since an arbitrary start and never backwards. */
export interface Clock {
  nowMs(): number;
  monotonicMs(): number;
}

/** The monotonic clock, in ms, counted from a start that all threads of the process share. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A clock that also has the reading which all threads share; the loops of the threads receive one. */
export interface ThreadClock extends Clock {
  /** The monotonic clock, in ms, counted from a start that all threads of the process share. */
  sharedMs(): number;
}

/** The machine's own clock, with the shared reading. */
export const threadClock: ThreadClock = { ...systemClock, sharedMs };

/** A random number from 0 (included) to 1 (excluded). */
export function randomShare(): number {
  return Math.random();
}

/** A random whole number from `from` (included) to `to` (excluded), which a stranger cannot predict. */
export function randomWhole(from: number, to: number): number {
  return randomInt(from, to);
}
