// The only place that asks the machine what time it is, or for chance. Everything else takes time as an argument or a
// Clock. Secrets are not chance: they come from node:crypto where they are made.

/** Milliseconds: `nowMs` since the Unix epoch, `monotonicMs` since an arbitrary start and never backwards. */
export interface Clock {
  nowMs(): number;
  monotonicMs(): number;
}

/** The monotonic clock from a start that all threads of the process have in common, in ms. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A share from 0 to below 1, by chance. */
export function randomShare(): number {
  return Math.random();
}
