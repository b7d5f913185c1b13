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
  /** Spans between two neighbours in `at` for which rows are missing: the aggregator was away, or its clock was set forward. */
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
}

/** Missing is what is longer than so many intervals between ticks: one late tick is no gap. */
const GAP_INTERVALS = 2.5;

/** Of rows recorded before `untilMs`, only the first of each stretch is left. */
export interface Thinned {
  readonly untilMs: number;
  readonly stretchMs: number;
}

/** Width of the steps that cut the span into at most `points`, when each begins at a multiple of its width. */
export function stepOf({ fromMs, toMs, points }: HistoryQuery): number {
  return Math.max(1, Math.ceil((toMs - fromMs) / Math.max(1, points - 1)));
}

/** What is known of two rows that were recorded one after the other, with none left between them. */
export interface Neighbours {
  readonly fromMs: number;
  readonly toMs: number;
  /** Between ticks, when the earlier one was recorded. */
  readonly intervalMs: number;
}

/**
 * Whether rows are missing between two neighbours: after the earlier one, and after the rows behind it that thinning has
 * deleted, nothing was recorded for longer than its interval explains. `thinned` has the widest stretch first.
 */
export function isGap({ fromMs, toMs, intervalMs }: Neighbours, thinned: readonly Thinned[]): boolean {
  return toMs - silentFromMs(fromMs, thinned) > GAP_INTERVALS * intervalMs;
}

/** From when on nothing is known to have been recorded after a row, until the next one. */
function silentFromMs(atMs: number, thinned: readonly Thinned[]): number {
  // The stretch that thinning is at may be half done.
  const stretchMs = thinned.find((tier) => atMs < tier.untilMs + tier.stretchMs)?.stretchMs;
  return stretchMs === undefined ? atMs : (Math.floor(atMs / stretchMs) + 1) * stretchMs;
}

/**
 * The interval of a row that does not say it (versions before 6 of the database, and earlier aggregators): today's, or
 * the shorter distance of the two on either side of the neighbours, each null if there is none.
 */
export function likelyIntervalMs(tickMs: number, beforeMs: number | null, afterMs: number | null): number {
  const distanceMs = Math.min(beforeMs ?? Infinity, afterMs ?? Infinity);
  return distanceMs === Infinity ? tickMs : Math.max(tickMs, distanceMs);
}
