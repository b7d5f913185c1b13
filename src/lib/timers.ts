// The machine's timers. A part that waits is given them, so that a test can hand in others and let weeks pass at once.

/** One timer that was started. */
export interface Timer {
  /** It does not run any more. Does no harm when it is over. */
  cancel(): void;
}

/** Starts timers; all times are in ms. */
export interface Timers {
  /** Runs once, after `delayMs`. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs again and again, `intervalMs` apart. */
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
