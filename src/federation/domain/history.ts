// The history of statistics as users query it: a span cut into steps, one recorded row per step, and the gaps where
// rows are missing. Pure; a worker reads the rows.

import type { Period } from './vocabulary.ts';

/** The numbers that every tick records, in the order of an answer. */
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
  'onlineNodes',
  'staleNodes',
  'offlineNodes',
] as const;
/** The name of one recorded number. */
export type HistorySeries = (typeof HISTORY_SERIES)[number];
/** The series that rows of earlier versions do not have; there the number is null. */
export const LATER_SERIES: ReadonlySet<HistorySeries> = new Set([
  'onlineNodes',
  'staleNodes',
  'offlineNodes',
]);

/** Maximum number of rows in one answer. */
export const HISTORY_POINTS_MAX = 2_000;

/** The distributions that every tick records. */
export const RECORDED_DISTRIBUTIONS = [
  'executionTimeDistribution',
  'gasUsageDistribution',
  'stepsComputedDistribution',
  'memoryUsedDistribution',
  'chainDistribution',
  'taskTypeDistribution',
] as const;
/** The name of one of them. */
export type RecordedDistribution = (typeof RECORDED_DISTRIBUTIONS)[number];

/** One label of a recorded distribution. */
export interface HistoryBar {
  readonly distribution: RecordedDistribution;
  readonly label: string;
}

/** Reads `DISTRIBUTION:LABEL`; null if the text does not begin with the name of a recorded distribution. */
export function barOf(text: string): HistoryBar | null {
  const end = text.indexOf(':');
  const distribution = RECORDED_DISTRIBUTIONS.find((name) => name === text.slice(0, end));
  return distribution === undefined ? null : { distribution, label: text.slice(end + 1) };
}

/** A query for rows of `period` recorded in fromMs ≤ t < toMs, at most `points` of them. */
export interface HistoryQuery {
  readonly period: Period;
  readonly fromMs: number;
  readonly toMs: number;
  readonly points: number;
  /** The label whose counts the answer has too; none if absent. */
  readonly bar?: HistoryBar;
}

/** The answer: columns of equal length, oldest row first. Times are UTC text. */
export interface History {
  readonly period: Period;
  readonly from: string;
  readonly to: string;
  /** Width of a step, in ms; the answer holds the first row of each step. */
  readonly stepMs: number;
  readonly at: readonly string[];
  readonly series: Readonly<Record<HistorySeries, readonly (number | null)[]>>;
  /** The counts of the label that was asked for; null where a row does not have it. */
  readonly bar?: readonly (number | null)[];
  /**
   * Spans between two adjacent entries of `at` in which rows are missing: the aggregator was not running, or its clock
   * was set forward.
   */
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
}

/** A gap is longer than this number of tick intervals, so that one late tick is no gap. */
const GAP_INTERVALS = 2.5;

/** One tier of thinning: of the rows recorded before `untilMs`, only the first of each stretch is left. */
export interface Thinned {
  readonly untilMs: number;
  readonly stretchMs: number;
}

/** Width, in ms, of the steps that cut the span into at most `points`. Each step begins at a multiple of its width. */
export function stepOf({ fromMs, toMs, points }: HistoryQuery): number {
  return Math.max(1, Math.ceil((toMs - fromMs) / Math.max(1, points - 1)));
}

/** Two rows that were recorded one after the other, with no row left between them. */
export interface Neighbours {
  readonly fromMs: number;
  readonly toMs: number;
  /** The interval between ticks, in ms, when the earlier row was recorded. */
  readonly intervalMs: number;
}

/**
 * True if rows are missing between two neighbours. Thinning may have deleted rows behind the earlier one. After those,
 * the time without a row must be longer than the earlier row's interval explains. `thinned` has the widest stretch
 * first.
 */
export function isGap({ fromMs, toMs, intervalMs }: Neighbours, thinned: readonly Thinned[]): boolean {
  return toMs - silentFromMs(fromMs, thinned) > GAP_INTERVALS * intervalMs;
}

/** The earliest time after a row from which no recorded row can have existed until the next one. */
function silentFromMs(atMs: number, thinned: readonly Thinned[]): number {
  // Thinning may have processed its present stretch only in part.
  const stretchMs = thinned.find((tier) => atMs < tier.untilMs + tier.stretchMs)?.stretchMs;
  return stretchMs === undefined ? atMs : (Math.floor(atMs / stretchMs) + 1) * stretchMs;
}

/**
 * The tick interval, in ms, of a row that does not record one (databases before version 6, and earlier aggregators). It
 * is the greater of today's interval and the shorter of the two distances to the rows on either side; a distance is
 * null if there is no such row.
 */
export function likelyIntervalMs(tickMs: number, beforeMs: number | null, afterMs: number | null): number {
  const distanceMs = Math.min(beforeMs ?? Infinity, afterMs ?? Infinity);
  return distanceMs === Infinity ? tickMs : Math.max(tickMs, distanceMs);
}
