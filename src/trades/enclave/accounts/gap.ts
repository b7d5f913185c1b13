// The span of an account's time whose trades are not known, until a summary has named it. Pure.

import type { Span } from '../../domain/period.ts';

/** The gap with a further span: one span over both. */
export function widened(gap: Span | null, { startMs, endMs }: Span): Span {
  if (gap === null) return { startMs, endMs };
  return { startMs: Math.min(gap.startMs, startMs), endMs: Math.max(gap.endMs, endMs) };
}

/** The part of the gap that a summary up to this time names; null if there is none. */
export function gapUntil(gap: Span | null, endMs: number): Span | null {
  if (gap === null || gap.startMs >= endMs) return null;
  return { startMs: gap.startMs, endMs: Math.min(gap.endMs, endMs) };
}

/** What is left for later summaries. */
export function gapFrom(gap: Span | null, startMs: number): Span | null {
  if (gap === null || gap.endMs <= startMs) return null;
  return { startMs: Math.max(gap.startMs, startMs), endMs: gap.endMs };
}

/** The gap as a summary names it. */
export function gapNote({ startMs, endMs }: Span): { readonly from: string; readonly to: string } {
  return { from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() };
}
