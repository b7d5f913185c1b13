// Which span of time the next poll of an account reads. Pure; all times are the exchange's, in ms since 1970.

import type { ReadSpan } from './exchange-calls.ts';
import { hourOf } from './hour-sums.ts';

/** How far an account was read. */
export interface ReadProgress {
  /** Up to here every market that seemed to have changed was read. */
  readonly readToMs: number;
  /** Up to here every market was read; at most `readToMs`. */
  readonly completeToMs: number;
}

/** What bounds a span. */
export interface SpanBounds {
  /** How long after its end an hour is closed. */
  readonly graceMs: number;
  /** How much of what was read is read again. */
  readonly overlapMs: number;
  /** Longest span; at least 1. */
  readonly spanMaxMs: number;
  /** Where collection began. */
  readonly startMs: number;
}

/** The next span, and whether the present is beyond its end. */
export interface NextSpan {
  readonly span: ReadSpan;
  readonly isBehind: boolean;
}

/** True if an hour ended since the last complete read, so long ago that it can be closed. */
function closesHour(completeToMs: number, nowMs: number, graceMs: number): boolean {
  return hourOf(nowMs - graceMs) > hourOf(completeToMs - graceMs);
}

/**
 * The span from what was read to the present, the oldest part first. A read that closes an hour, and the first of all,
 * looks at every market, from where every market was read last.
 */
export function nextSpan(progress: ReadProgress, nowMs: number, bounds: SpanBounds): NextSpan {
  const { readToMs, completeToMs } = progress;
  const { graceMs, overlapMs, spanMaxMs, startMs } = bounds;
  const isThorough = completeToMs === startMs || closesHour(completeToMs, nowMs, graceMs);
  const doneMs = isThorough ? completeToMs : readToMs;
  // However short the span is, half of it is new.
  const fromMs = Math.max(startMs, doneMs - Math.min(overlapMs, Math.floor(spanMaxMs / 2)));
  const toMs = Math.max(doneMs, Math.min(nowMs, fromMs + spanMaxMs));
  return { span: { fromMs, toMs, isThorough }, isBehind: toMs < nowMs };
}
