// Rate limits for senders, computed on event times. The state of a limit is one number per sender. It reads no clock.

/**
 * One rate limit. Its state per sender, the schedule, is the time at which the sender would have used up everything
 * allowed so far (the theoretical arrival time). This single number fits into the sender's row and survives a crash
 * with it.
 */
export interface Pace {
  /** Milliseconds that one message uses up; 0 if the limit is off. */
  readonly intervalMs: number;
  /** Steps of the schedule per millisecond: every time of the schedule is a whole number of steps. */
  readonly stepsPerMs: number;
  /** How far the schedule may run ahead of event time, in milliseconds. */
  readonly toleranceMs: number;
}

/** A limit of `count` messages per `perMs`, of which `burst` may come at once. A count of 0 turns the limit off. */
export function pace(count: number, perMs: number, burst: number): Pace {
  if (count === 0) return { intervalMs: 0, stepsPerMs: 1, toleranceMs: 0 };
  const intervalMs = perMs / count;
  const stepsPerMs = count / greatestCommonDivisor(perMs, count);
  return { intervalMs, stepsPerMs, toleranceMs: intervalMs * (Math.max(1, burst) - 1) };
}

/** True if a message at event time `atMs` is within the limit, given the present schedule `dueMs`. */
export function isWithin(limit: Pace, dueMs: number, atMs: number): boolean {
  if (limit.intervalMs === 0 || isFromBeforeClockStep(limit, dueMs, atMs)) return true;
  return dueMs - atMs <= limit.toleranceMs + SLACK_MS;
}

/** The schedule after a message at `atMs` was admitted. */
export function advance(limit: Pace, dueMs: number, atMs: number): number {
  if (limit.intervalMs === 0) return dueMs;
  const startMs = isFromBeforeClockStep(limit, dueMs, atMs) ? atMs : Math.max(dueMs, atMs);
  const nextMs = startMs + limit.intervalMs;
  // Rounded to whole steps: otherwise the rounding errors of a burst's messages would add up.
  return limit.stepsPerMs > STEPS_MAX ? nextMs : Math.round(nextMs * limit.stepsPerMs) / limit.stepsPerMs;
}

/** If event times go back by more than this, the broker's clock was set back; the messages are not merely late. */
export const CLOCK_STEP_MS = 3_600_000;

/**
 * True if the schedule was made while the broker's clock was wrong. Admitted messages bring a schedule at most one
 * tolerance and one interval ahead of event time. One that is much further ahead is restarted. Otherwise one message
 * with a wrong year would silence its sender, or all new nodes, until that year. The rule depends on event times only.
 */
function isFromBeforeClockStep(limit: Pace, dueMs: number, atMs: number): boolean {
  return dueMs - atMs > limit.toleranceMs + limit.intervalMs + CLOCK_STEP_MS;
}

// Times such as n × 1000 / 60 have no exact binary form. A microsecond of tolerance absorbs the error.
const SLACK_MS = 0.001;
// With more steps per millisecond than this, a time since 1970 is not exact as a number of steps.
const STEPS_MAX = 2000;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
