// Spans of time as exchanges answer them: where a read begins, and how it is cut. Pure.

import type { ReadSpan } from '../../domain/exchange-calls.ts';

/** A day in ms. */
export const DAY_MS = 86_400_000;
/** A thorough read goes so far back, in ms: fills that showed later than any overlap are found within the hour. */
export const THOROUGH_MS = DAY_MS;
/**
 * Distance that is kept from the oldest time that an exchange serves, in ms: the limit moves on while pages are being
 * read.
 */
export const LIMIT_MARGIN_MS = 3_600_000;

/** A half-open span of time, in ms since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Where a read begins: with its span, which overlaps the one before, or a day before it if it is thorough; never before the
 * collection began, nor before what the exchange serves at `nowMs`.
 */
export function readFromMs(
  span: ReadSpan,
  limits: { readonly startMs: number; readonly reachMs: number | null; readonly nowMs: number },
): number {
  const oldestMs = limits.reachMs === null ? 0 : limits.nowMs - limits.reachMs + LIMIT_MARGIN_MS;
  return Math.max(span.fromMs - (span.isThorough ? THOROUGH_MS : 0), limits.startMs, oldestMs, 0);
}

/** The span in pieces of at most `longestMs`, oldest first; none if it is empty. */
export function cutSpan(span: Span, longestMs: number): readonly Span[] {
  const pieces: Span[] = [];
  for (let { fromMs } = span; fromMs < span.toMs; fromMs += longestMs) {
    pieces.push({ fromMs, toMs: Math.min(fromMs + longestMs, span.toMs) });
  }
  return pieces;
}
