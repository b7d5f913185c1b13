// The history of statistics as people ask for it: a span cut into steps, one recorded row per step, and the places
// where rows are missing. Pure; the rows come from a worker.

import type { Period } from './vocabulary.ts';

/** The numbers that are kept for every tick, in the order in which they are answered. */
export const HISTORY_SERIES = [
  'activeNodes',
  'totalNodes',
  'totalTasks',
  'completedTasks',
  'failedTasks',
  'cachedTasks',
  'totalInvoices',
  'successRate',
  'cacheHitRate',
] as const;
export type HistorySeries = (typeof HISTORY_SERIES)[number];

/** Most rows that one answer holds. */
export const HISTORY_POINTS_MAX = 2_000;

/** What is asked: rows of `period` recorded in fromMs ≤ t < toMs, at most `points` of them. */
export interface HistoryQuery {
  readonly period: Period;
  readonly fromMs: number;
  readonly toMs: number;
  readonly points: number;
}

/** Columns of equal length, oldest row first. Times are public UTC text. */
export interface History {
  readonly period: Period;
  readonly from: string;
  readonly to: string;
  /** Width of a step: of the rows in it the first is shown. */
  readonly stepMs: number;
  readonly at: readonly string[];
  readonly series: Readonly<Record<HistorySeries, readonly number[]>>;
  /** Spans between two neighbours in `at` for which rows are missing: we were away. */
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Missing is what is longer than so many usual distances: one late tick is no gap. */
const GAP_DISTANCES = 2.5;

/** Width of the steps that cut the span into at most `points`, when each begins at a multiple of its width. */
export function stepOf({ fromMs, toMs, points }: HistoryQuery): number {
  return Math.max(1, Math.ceil((toMs - fromMs) / Math.max(1, points - 1)));
}

/** Usual distance of two rows that are `ageMs` old: every tick for 24 h, then 5 minutes for 7 days, then an hour (section 4). */
export function usualDistanceMs(ageMs: number, tickMs: number): number {
  const thinnedMs = ageMs < DAY_MS ? 0 : ageMs < 7 * DAY_MS ? 5 * 60_000 : HOUR_MS;
  return Math.max(tickMs, thinnedMs);
}

/**
 * The spans between neighbours of `atMs` (rising) that are longer than the step, their age, and what is usual among
 * these rows explain: the interval of ticks may have been another one then.
 */
export function gapsBetween(
  atMs: readonly number[],
  { nowMs, tickMs, stepMs }: { readonly nowMs: number; readonly tickMs: number; readonly stepMs: number },
): { readonly fromMs: number; readonly toMs: number }[] {
  const spans = atMs.slice(1).map((toMs, index) => ({ fromMs: atMs[index] ?? toMs, toMs }));
  const lengths = spans.map(({ fromMs, toMs }) => toMs - fromMs).sort((a, b) => a - b);
  const middleMs = lengths[Math.floor((lengths.length - 1) / 2)] ?? 0;
  return spans.filter(({ fromMs, toMs }) => {
    const usualMs = Math.max(stepMs, middleMs, usualDistanceMs(nowMs - fromMs, tickMs));
    return toMs - fromMs > GAP_DISTANCES * usualMs;
  });
}
