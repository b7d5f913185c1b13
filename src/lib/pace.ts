// A limit of a sender as a schedule, computed on the times of events: one number a sender. It reads no clock.

/**
 * One limit as a schedule: the theoretical arrival time at which the sender would have used up everything allowed so
 * far. A single number per sender is the whole state, so it fits in the sender's row and survives a crash with it.
 */
export interface Pace {
  /** Milliseconds that one message uses up; 0 if the limit is off. */
  readonly intervalMs: number;
  /** Steps of the schedule in a millisecond: every time it takes is a whole number of them. */
  readonly stepsPerMs: number;
  /** How far ahead of the clock the schedule may run, in milliseconds. */
  readonly toleranceMs: number;
}

/** `count` messages per `perMs`, of which `burst` may come at once; a count of 0 turns the limit off. */
export function pace(count: number, perMs: number, burst: number): Pace {
  if (count === 0) return { intervalMs: 0, stepsPerMs: 1, toleranceMs: 0 };
  const intervalMs = perMs / count;
  const stepsPerMs = count / greatestCommonDivisor(perMs, count);
  return { intervalMs, stepsPerMs, toleranceMs: intervalMs * (Math.max(1, burst) - 1) };
}

/** True if a message at event time `atMs` is within the limit, given the schedule `dueMs` so far. */
export function isWithin(limit: Pace, dueMs: number, atMs: number): boolean {
  if (limit.intervalMs === 0 || isFromBeforeClockStep(limit, dueMs, atMs)) return true;
  return dueMs - atMs <= limit.toleranceMs + SLACK_MS;
}

/** The schedule after a message at `atMs` was let in. */
export function advance(limit: Pace, dueMs: number, atMs: number): number {
  if (limit.intervalMs === 0) return dueMs;
  const startMs = isFromBeforeClockStep(limit, dueMs, atMs) ? atMs : Math.max(dueMs, atMs);
  const nextMs = startMs + limit.intervalMs;
  // Back onto the steps: otherwise the rounding of each message would add up over a burst.
  return limit.stepsPerMs > STEPS_MAX ? nextMs : Math.round(nextMs * limit.stepsPerMs) / limit.stepsPerMs;
}

/** Event times that go back by more than this did not merely arrive late: the broker's clock was set back. */
export const CLOCK_STEP_MS = 3_600_000;

/**
 * Admitted messages bring a schedule at most one tolerance and one interval ahead of their time. One that is much further
 * ahead was made while the broker's clock was wrong: it is begun anew, or one message with a wrong year would silence its
 * sender, or all new nodes, until that year. It depends on event times only, as everything here.
 */
function isFromBeforeClockStep(limit: Pace, dueMs: number, atMs: number): boolean {
  return dueMs - atMs > limit.toleranceMs + limit.intervalMs + CLOCK_STEP_MS;
}

// Times such as n × 1000 / 60 are not exact in binary; a microsecond decides nothing for anyone.
const SLACK_MS = 0.001;
// Above this a time since 1970 in such steps is no longer exact.
const STEPS_MAX = 2000;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
