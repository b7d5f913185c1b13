// Finds steps of the wall clock: it compares how far the wall clock and the monotonic clock moved between two readings.
// It reads no clock and changes nothing; who feeds it decides what a step means.

import type { Clock } from './clock.ts';

/** Both clocks, read at the same moment. */
export interface ClockReading {
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** The wall clock was set. */
export interface ClockStep {
  /** Positive: forward. */
  readonly byMs: number;
  /** What the wall clock would show now if it had not been set. */
  readonly fromMs: number;
  /** What it shows now. */
  readonly toMs: number;
}

/**
 * The two clocks differ by this much between two readings: a step. Less is a slew, which time services make of at most
 * 10 % (chrony), so 100 ms between readings a second apart. Half a second, so that a step of one second is always found.
 */
export const CLOCK_STEP_MIN_MS = 500;
/** A thread that was held up between reading one clock and the other would see a step where there is none. */
const READING_MAX_MS = 50;
const READINGS_MAX = 5;

/** Reads both clocks; again, at most four times, if the thread was held up in between. */
export function readClocks(clock: Clock): ClockReading {
  let best = { nowMs: 0, monotonicMs: 0, tookMs: Infinity };
  for (let tries = 0; tries < READINGS_MAX && best.tookMs > READING_MAX_MS; tries++) {
    const beforeMs = clock.monotonicMs();
    const nowMs = clock.nowMs();
    const monotonicMs = clock.monotonicMs();
    const tookMs = monotonicMs - beforeMs;
    if (tookMs < best.tookMs) best = { nowMs, monotonicMs, tookMs };
  }
  return { nowMs: best.nowMs, monotonicMs: best.monotonicMs };
}

/**
 * Told of readings, says when the wall clock stepped between two of them. A machine that was suspended is a forward
 * step too: Linux's monotonic clock stands still meanwhile, and the wall clock does not.
 */
export class ClockSteps {
  #last: ClockReading;
  /** What {@link wallMs} goes by: replaced only after a step, so that the time of a moment stays the same until then. */
  #reference: ClockReading;

  constructor(first: ClockReading) {
    this.#last = first;
    this.#reference = first;
  }

  /** The step since the reading before, null if there was none. */
  since(reading: ClockReading): ClockStep | null {
    const fromMs = Math.round(this.#last.nowMs + reading.monotonicMs - this.#last.monotonicMs);
    this.#last = reading;
    if (Math.abs(reading.nowMs - this.wallMs(reading.monotonicMs)) >= CLOCK_STEP_MIN_MS) {
      this.#reference = reading;
    }
    const byMs = reading.nowMs - fromMs;
    return Math.abs(byMs) < CLOCK_STEP_MIN_MS ? null : { byMs, fromMs, toMs: reading.nowMs };
  }

  /** The wall time of a moment of the monotonic clock, by the wall clock as it is set now. */
  wallMs(monotonicMs: number): number {
    return Math.round(this.#reference.nowMs + monotonicMs - this.#reference.monotonicMs);
  }
}

/** A length of time for people, in its largest unit: 1 h, 2.5 d. */
export function spanText(ms: number): string {
  const inUnits = (lengthMs: number) => Math.round((Math.abs(ms) / lengthMs) * 10) / 10;
  // An hour less a millisecond is an hour, and not 60 min.
  const [lengthMs, unit] = SPAN_UNITS.find(([length]) => inUnits(length) >= 1) ?? [1000, 's'];
  return `${inUnits(lengthMs)} ${unit}`;
}

const SPAN_UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;

const WAITS =
  'deletion counts the time that the program runs, so rows may stay for up to RETENTION_DAYS of running longer';

/** The log line that names a step. */
export function describeStep({ byMs, fromMs, toMs }: ClockStep): string {
  const way = byMs > 0 ? 'forward' : 'back';
  const times = `from ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`;
  return `clock: the wall clock was set ${way} by ${spanText(byMs)}, ${times}; no node changes state, no message is limited and no row is deleted early by that, and what is stored from now on carries the new time; ${WAITS}; if the new time is wrong, set the clock`;
}

/** Longer than this between what was recorded last and a start may be a wall clock that is ahead. */
const ABSENCE_MAX_MS = 86_400_000;

/** What a start finds: when the program recorded statistics last, and what its wall clock shows now. */
export interface ClockAtStart {
  readonly recordedMs: number;
  readonly nowMs: number;
}

/**
 * The line that names a wall clock which was set while the program was away; null if it shows a time that it can. That it
 * is behind is certain; that it is ahead looks like a long absence.
 */
export function describeStart({ recordedMs, nowMs }: ClockAtStart): string | null {
  const times = `it shows ${new Date(nowMs).toISOString()}, and the last statistics were recorded at ${new Date(recordedMs).toISOString()}`;
  const awayMs = nowMs - recordedMs;
  if (awayMs <= -CLOCK_STEP_MIN_MS) {
    return `clock: the wall clock is ${spanText(awayMs)} behind the one of the last run (${times}); no node changes state, no message is limited and no row is deleted early by that; ${WAITS}; if it is wrong now, set it`;
  }
  if (awayMs <= ABSENCE_MAX_MS) return null;
  return `clock: the wall clock is ${spanText(awayMs)} ahead of the last run (${times}); if the program was not away for so long, the clock is wrong: set it; ${WAITS}`;
}
