// The machine's timers. A part that waits receives them, so that a test can pass in others and simulate weeks in a
// moment.

/** One timer that was started. */
export interface Timer {
  /** Ends the timer. Has no effect on a timer that has ended. */
  cancel(): void;
}

/** Starts timers; all times are in ms. */
export interface Timers {
  /** Calls `run` once, after `delayMs`. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` repeatedly, `intervalMs` apart. */
  every(intervalMs: number, run: () => void): Timer;
}

/** The machine's own timers. They keep their thread alive. */
export const systemTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  every(intervalMs, run) {
    const timer = setInterval(run, intervalMs);
    return { cancel: () => clearInterval(timer) };
  },
};
