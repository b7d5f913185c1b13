// The published numbers (docs/federation.md#statistics): their types, and the computation of rates and distributions
// from counts.

import type { Period } from './vocabulary.ts';
import { DAY_MS } from '../../lib/durations.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';

/**
 * Known nodes, by the last message of each: signed with an API key (`authenticated`), or sent by anyone under the
 * node's id (`claimed`).
 */
export interface NodeTrust {
  readonly authenticated: number;
  readonly claimed: number;
}

/**
 * Label to count. A closed vocabulary lists every label in order; an open one lists its 50 largest labels and `other`.
 */
export type Distribution = Readonly<Record<string, number>>;

/**
 * Time between two counts of continents and locations (docs/federation.md#published-places): long, so that nobody can
 * follow a node.
 */
export const LOCATION_INTERVAL_MS = 3_600_000;

/** Active nodes by continent and by half-degree cell. */
export interface Geography {
  readonly continentDistribution: Distribution;
  readonly locationDistribution: Distribution;
}

/** The `data` member of a statistics message. Counts are whole numbers; rates are percent, rounded down to one decimal. */
export interface NetworkStatistics extends Geography {
  readonly activeNodes: number;
  readonly totalNodes: number;
  readonly totalTasks: number;
  readonly completedTasks: number;
  readonly failedTasks: number;
  readonly cachedTasks: number;
  readonly tasksLast24h: number;
  readonly successRate: number;
  readonly cacheHitRate: number;
  readonly totalInvoices: number;
  readonly invoicesLast24h: number;
  readonly executionTimeDistribution: Distribution;
  readonly gasUsageDistribution: Distribution;
  readonly stepsComputedDistribution: Distribution;
  readonly memoryUsedDistribution: Distribution;
  readonly chainDistribution: Distribution;
  readonly taskTypeDistribution: Distribution;
  readonly onlineNodes: number;
  readonly staleNodes: number;
  readonly offlineNodes: number;
}

/** The statistics of one tick for all four periods, read in one transaction at one moment. */
export interface TickStatistics {
  readonly nowMs: number;
  readonly periods: Readonly<Record<Period, NetworkStatistics>>;
}

/** One row of the node list. Times are UTC text. `uptime` is 0 … 1, or null before any time was observed. */
export interface NodeListing {
  readonly nodeId: string;
  readonly state: 'online' | 'stale' | 'offline';
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly heartbeats: number;
  readonly uptime: number | null;
  /** True if the node's newest message was signed with an API key. */
  readonly authenticated: boolean;
  /**
   * Present if the query asks for it: the last 24 h of observed time in equal cells, oldest first, each like `uptime`.
   */
  readonly strip?: readonly (number | null)[];
}

/** The keys by which the node list can be sorted; in a request a leading `-` reverses the order. */
export const NODE_SORTS = ['firstSeen', 'lastSeen', 'nodeId', 'state', 'heartbeats', 'uptime'] as const;
/** One of {@link NODE_SORTS}. */
export type NodeSort = (typeof NODE_SORTS)[number];

/** Which nodes of the list, and in which order. `state` null: all states. */
export interface NodeOrderQuery {
  readonly state: NodeState | null;
  /** Part of a node id, in any case; null for all nodes. */
  readonly search: string | null;
  readonly sort: NodeSort;
  readonly descending: boolean;
}

/** A query of the node list. Pages count from 1. */
export interface NodeQuery extends NodeOrderQuery {
  readonly page: number;
  /** Number of cells of the uptime strip; 0 for no strip. */
  readonly stripCells: number;
}

/** The windows over which the uptime of one node can be asked, in ms of observed time. */
export const UPTIME_WINDOWS = { '24h': DAY_MS, '7d': 7 * DAY_MS, '30d': 30 * DAY_MS } as const;
/** The name of one of {@link UPTIME_WINDOWS}. */
export type UptimeWindow = keyof typeof UPTIME_WINDOWS;
/** Maximum number of cells in the uptime strip of one node: a cell a day for a year. */
export const NODE_STRIP_CELLS_MAX = 366;

/** A query of one node: over which window its uptime counts, and into how many cells; 0 is no strip. */
export interface OneNodeQuery {
  readonly nodeId: string;
  readonly windowMs: number;
  readonly stripCells: number;
}

/** How many of the newest tasks have only one reporter. `share` is 0 … 1, or null if there is no task. */
export interface ReportingShare {
  readonly tasks: number;
  readonly single: number;
  readonly share: number | null;
  /** Maximum number of tasks that the sample contains. */
  readonly sampledMax: number;
}

/** One node with its state changes, newest first. */
export interface NodeHistory extends NodeListing {
  readonly transitions: readonly {
    readonly at: string;
    readonly from: 'online' | 'stale' | 'offline';
    readonly to: 'online' | 'stale' | 'offline';
    readonly cause: string;
  }[];
}

/** A page of the node list: 100 nodes, pages counted from 1. */
export interface NodePage {
  readonly nodes: readonly NodeListing[];
  readonly page: number;
  readonly pages: number;
  readonly total: number;
}

/**
 * Percent of `part` in `whole`, rounded down to one decimal so that no rate looks better than it is. 0 if `whole` is 0.
 */
export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((part * 1000) / whole) / 10;
}

/**
 * A closed distribution: every label in order, zeros included. `unknown` (the count one past the last label) appears
 * only if it is not zero.
 */
export function closedDistribution(labels: readonly string[], counts: readonly number[]): Distribution {
  const distribution: Record<string, number> = {};
  labels.forEach((label, index) => {
    distribution[label] = counts[index] ?? 0;
  });
  const unknown = counts[labels.length] ?? 0;
  if (unknown > 0) distribution['unknown'] = unknown;
  return distribution;
}

/** Maximum number of labels of an open dimension that are published by name. */
export const OPEN_LABELS_PUBLISHED_MAX = 50;

/**
 * An open distribution: the largest labels by descending count and then by label, the rest as `other`. JSON objects in
 * JavaScript list labels that look like whole numbers first, so for those the order is lost.
 */
export function openDistribution(counts: ReadonlyMap<string, number>): Distribution {
  const entries = [...counts]
    .filter(([label, count]) => count > 0 && label !== 'other')
    .toSorted(largestFirst);
  const published = entries.slice(0, OPEN_LABELS_PUBLISHED_MAX);
  let other = counts.get('other') ?? 0;
  for (const [, count] of entries.slice(OPEN_LABELS_PUBLISHED_MAX)) other += count;
  if (other > 0) published.push(['other', other]);
  return Object.fromEntries(published);
}

/**
 * A distribution of locations. Cells below `minimum` are folded into `other`. While `other` itself is below `minimum`,
 * the smallest published cell is folded too, so that no small cell can be computed by subtraction. If the total is
 * below `minimum`, the result is empty.
 */
export function placeDistribution(counts: ReadonlyMap<string, number>, minimum: number): Distribution {
  const entries = [...counts].filter(([, count]) => count > 0).toSorted(largestFirst);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  if (total < minimum) return {};
  let other = 0;
  while (entries.length > 0) {
    const [, smallest] = entries[entries.length - 1] ?? ['', 0];
    const isFolded =
      smallest < minimum || entries.length > OPEN_LABELS_PUBLISHED_MAX || (other > 0 && other < minimum);
    if (!isFolded) break;
    other += smallest;
    entries.pop();
  }
  if (other > 0) entries.push(['other', other]);
  return Object.fromEntries(entries);
}

function largestFirst(a: readonly [string, number], b: readonly [string, number]): number {
  return b[1] - a[1] || (a[0] < b[0] ? -1 : 1);
}
