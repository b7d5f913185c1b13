// Makes the statistics of a tick from the counts of all partitions: sums first, then rates, largest labels and the
// folding of places. A process on its own merges its one partial. Pure.

import {
  closedDistribution,
  type Distribution,
  type Geography,
  type NetworkStatistics,
  openDistribution,
  percent,
  placeDistribution,
  type TickStatistics,
} from './statistics.ts';
import type { LabelCounts, NodeCounts, PartialStatistics, PeriodCounts, PlacesPartial } from './partial.ts';
import { EXECUTION_TIMES, GAS_AMOUNTS, MEMORY_SIZES, type Period, STEP_COUNTS } from './vocabulary.ts';

/** Tasks and invoices of the last 24 h, which the statistics of every period carry. */
interface LastDay {
  readonly tasks: number;
  readonly invoices: number;
}

/**
 * The statistics of all periods, without places ({@link foldPlaces}). Throws a `RangeError` if there is no partial, or
 * if partials were counted for different moments.
 */
export function mergePartials(partials: readonly PartialStatistics[]): TickStatistics {
  const nowMs = partials[0]?.nowMs;
  if (nowMs === undefined) throw new RangeError('there is no partial to merge');
  if (partials.some((partial) => partial.nowMs !== nowMs))
    throw new RangeError('partials of different moments are not merged');
  const nodes = {
    online: sum(partials, (partial) => partial.nodes.online),
    stale: sum(partials, (partial) => partial.nodes.stale),
    offline: sum(partials, (partial) => partial.nodes.offline),
  };
  const of = (period: Period) => partials.map(({ periods }) => periods[period]);
  const lastDay = { tasks: sum(of('24h'), totalTasks), invoices: sum(of('24h'), (day) => day.invoices) };
  const make = (period: Period) => statisticsOf(of(period), nodes, lastDay);
  return { nowMs, periods: { '1h': make('1h'), '24h': make('24h'), '7d': make('7d'), all: make('all') } };
}

/**
 * The places of all partitions, fit to be published: a cell of fewer than `minimum` nodes in the whole network is folded
 * into `other`.
 */
export function foldPlaces(partials: readonly PlacesPartial[], minimum: number): Geography {
  const continents = addedLabels(partials, (partial) => partial.continents);
  const locations = addedLabels(partials, (partial) => partial.locations);
  return {
    continentDistribution: placeDistribution(continents, minimum),
    locationDistribution: placeDistribution(locations, minimum),
  };
}

function totalTasks({ received, completed, failed }: PeriodCounts): number {
  return received + completed + failed;
}

function statisticsOf(
  parts: readonly PeriodCounts[],
  { online, stale, offline }: NodeCounts,
  lastDay: LastDay,
): NetworkStatistics {
  const completed = sum(parts, (part) => part.completed);
  const failed = sum(parts, (part) => part.failed);
  const cached = sum(parts, (part) => part.cached);
  const closed = (labels: readonly string[], countsOf: (part: PeriodCounts) => readonly number[]) =>
    closedDistribution(
      labels,
      Array.from({ length: labels.length + 1 }, (_, index) =>
        sum(parts, (part) => countsOf(part)[index] ?? 0),
      ),
    );
  const open = (countsOf: (part: PeriodCounts) => LabelCounts): Distribution =>
    openDistribution(addedLabels(parts, countsOf));
  return {
    activeNodes: online + stale,
    totalNodes: online + stale + offline,
    totalTasks: sum(parts, totalTasks),
    completedTasks: completed,
    failedTasks: failed,
    cachedTasks: cached,
    tasksLast24h: lastDay.tasks,
    successRate: percent(completed, completed + failed),
    cacheHitRate: percent(cached, completed + failed),
    totalInvoices: sum(parts, (part) => part.invoices),
    invoicesLast24h: lastDay.invoices,
    executionTimeDistribution: closed(EXECUTION_TIMES, (part) => part.executionTimes),
    gasUsageDistribution: closed(GAS_AMOUNTS, (part) => part.gasAmounts),
    stepsComputedDistribution: closed(STEP_COUNTS, (part) => part.stepCounts),
    memoryUsedDistribution: closed(MEMORY_SIZES, (part) => part.memorySizes),
    chainDistribution: open((part) => part.chains),
    taskTypeDistribution: open((part) => part.taskTypes),
    onlineNodes: online,
    staleNodes: stale,
    offlineNodes: offline,
    // Places are counted at most once an hour; the ticker fills them in.
    continentDistribution: {},
    locationDistribution: {},
  };
}

function sum<Part>(parts: readonly Part[], countOf: (part: Part) => number): number {
  return parts.reduce((total, part) => total + countOf(part), 0);
}

function addedLabels<Part>(
  parts: readonly Part[],
  labelsOf: (part: Part) => LabelCounts,
): ReadonlyMap<string, number> {
  const added = new Map<string, number>();
  for (const part of parts)
    for (const [label, count] of labelsOf(part)) added.set(label, (added.get(label) ?? 0) + count);
  return added;
}
