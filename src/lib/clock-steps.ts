// Finds steps of the wall clock: it compares how far the wall clock and the monotonic clock moved between two readings.
// It reads no clock and changes nothing; the caller decides what a step means.

import type { Clock } from './clock.ts';

/** Both clocks, read at the same moment. */
export interface ClockReading {
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** One step of the wall clock: a person or a time service set it. */
export interface ClockStep {
  /** Positive: forward. */
  readonly byMs: number;
  /** What the wall clock would show now if it had not been set. */
  readonly fromMs: number;
  /** What the wall clock shows now. */
  readonly toMs: number;
}

/**
 * If the two clocks moved by amounts that differ by this much between two readings, the wall clock stepped. A smaller
 * difference is a slew: time services slew by at most 10 % (chrony), 100 ms between readings a second apart. With half
 * a second every step of one second is found.
 */
export const CLOCK_STEP_MIN_MS = 500;
/**
 * A thread that is delayed between reading the two clocks would see a step that did not happen. Readings that took
 * longer than this are repeated.
 */
const READING_MAX_MS = 50;
const READINGS_MAX = 5;

/** Reads both clocks; if the thread was delayed in between, it reads again, at most four times. */
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
 * Takes readings and finds the steps of the wall clock between them. A suspended machine looks like a step forward:
 * Linux's monotonic clock stands still during the suspension, and the wall clock does not.
 */
export class ClockSteps {
  #last: ClockReading;
  /**
   * The reading from which {@link wallMs} computes. Only a step replaces it, so that a moment keeps its wall time until
   * then.
   */
  #reference: ClockReading;

  constructor(first: ClockReading) {
    this.#last = first;
    this.#reference = first;
  }

  /** Returns the step since the previous reading; null if there was none. */
  since(reading: ClockReading): ClockStep | null {
    const fromMs = Math.round(this.#last.nowMs + reading.monotonicMs - this.#last.monotonicMs);
    this.#last = reading;
    if (Math.abs(reading.nowMs - this.wallMs(reading.monotonicMs)) >= CLOCK_STEP_MIN_MS) {
      this.#reference = reading;
    }
    const byMs = reading.nowMs - fromMs;
    return Math.abs(byMs) < CLOCK_STEP_MIN_MS ? null : { byMs, fromMs, toMs: reading.nowMs };
  }

  /** The wall time of a moment of the monotonic clock, according to the wall clock as it is set now. */
  wallMs(monotonicMs: number): number {
    return Math.round(this.#reference.nowMs + monotonicMs - this.#reference.monotonicMs);
  }
}

/** A length of time for people, in its largest unit: 1 h, 2.5 d. */
export function spanText(ms: number): string {
  const inUnits = (lengthMs: number) => Math.round((Math.abs(ms) / lengthMs) * 10) / 10;
  // An hour less a millisecond reads as 1 h, not as 60 min.
  const [lengthMs, unit] = SPAN_UNITS.find(([length]) => inUnits(length) >= 1) ?? [1000, 's'];
  return `${inUnits(lengthMs)} ${unit}`;
}

const SPAN_UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;

const WAITS =
  'rows may stay longer, for up to RETENTION_DAYS of running, because deletion counts the running time of the program';

/** The log line that names a step. */
export function describeStep({ byMs, fromMs, toMs }: ClockStep): string {
  const way = byMs > 0 ? 'forward' : 'back';
  const times = `from ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`;
  return `clock: the wall clock was set ${way} by ${spanText(byMs)}, ${times}; if the new time is wrong, set the clock; new rows carry the new time; the step changes no node's state, limits no message and deletes no row early; ${WAITS}`;
}

/** If more time than this lies between the last recorded statistics and a start, the wall clock may be ahead. */
const ABSENCE_MAX_MS = 86_400_000;

/**
 * The two times that a start compares: when the program last recorded statistics, and what the wall clock shows now.
 */
export interface ClockAtStart {
  readonly recordedMs: number;
  readonly nowMs: number;
}

/**
 * The log line about a wall clock that was set while the program was not running; null if its time is plausible. A
 * clock that is behind is certainly wrong; one that is ahead looks the same as a long absence.
 */
export function describeStart({ recordedMs, nowMs }: ClockAtStart): string | null {
  const times = `it shows ${new Date(nowMs).toISOString()}, and the last statistics were recorded at ${new Date(recordedMs).toISOString()}`;
  const awayMs = nowMs - recordedMs;
  if (awayMs <= -CLOCK_STEP_MIN_MS) {
    return `clock: the wall clock is ${spanText(awayMs)} behind the one of the last run (${times}); if it is wrong now, set it; the difference changes no node's state, limits no message and deletes no row early; ${WAITS}`;
  }
  if (awayMs <= ABSENCE_MAX_MS) return null;
  return `clock: the wall clock is ${spanText(awayMs)} ahead of the last run (${times}); if the program was not away for so long, the clock is wrong: set it; ${WAITS}`;
}
