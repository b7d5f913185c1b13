// The only place that asks the machine what time it is. Everything else takes time as an argument or a Clock.

/** Milliseconds: `nowMs` since the Unix epoch, `monotonicMs` since an arbitrary start and never backwards. */
export interface Clock {
  nowMs(): number;
  monotonicMs(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
