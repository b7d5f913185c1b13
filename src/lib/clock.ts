// The only place that asks the machine what time it is. Everything else takes time as an argument or a Clock.

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
