// A clock and timers that run faster than the machine's: waits of minutes take a moment, and keep their order.

import { systemClock } from '../../../src/lib/clock.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import { systemTimers, type Timers } from '../../../src/lib/timers.ts';

export function fastTime(times: number): { readonly clock: Clock; readonly timers: Timers } {
  const startMs = systemClock.monotonicMs();
  const startWallMs = systemClock.nowMs();
  const passedMs = () => (systemClock.monotonicMs() - startMs) * times;
  return {
    clock: { nowMs: () => Math.round(startWallMs + passedMs()), monotonicMs: passedMs },
    timers: {
      after: (delayMs, run) => systemTimers.after(delayMs / times, run),
      every: (intervalMs, run) => systemTimers.every(intervalMs / times, run),
    },
  };
}
