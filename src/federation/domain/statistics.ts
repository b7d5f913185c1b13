// The published numbers (section 5): their shape, and how rates and distributions are made from counts.

import type { Period } from './vocabulary.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';

/** Nodes that have a row, by who spoke last for them: a key, or anyone under their id. */
export interface NodeTrust {
  readonly authenticated: number;
  readonly claimed: number;
}

/** Label to count; a closed vocabulary carries every label in order, an open one its 50 largest and `other`. */
export type Distribution = Readonly<Record<string, number>>;

/** The `data` member of a statistics message. Counts are whole numbers; rates are percent, rounded down to one decimal. */
export interface NetworkStatistics {
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
  readonly continentDistribution: Distribution;
  readonly locationDistribution: Distribution;
}

/** All four periods of one tick, from one read transaction and one moment. */
export interface TickStatistics {
  readonly nowMs: number;
  readonly periods: Readonly<Record<Period, NetworkStatistics>>;
}

/** One row of the node list. Times are public UTC text; `uptime` is 0 … 1, or null before anything was observed. */
export interface NodeListing {
  readonly nodeId: string;
  readonly state: 'online' | 'stale' | 'offline';
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly heartbeats: number;
  readonly uptime: number | null;
  /** Whether its newest message was signed with an API key. */
  readonly authenticated: boolean;
  /** If asked for: the last 24 h of observed time in equal cells, oldest first; each like `uptime`. */
  readonly strip?: readonly (number | null)[];
}

/** What the node list can be sorted by; `-` in front turns it round. */
export const NODE_SORTS = ['firstSeen', 'lastSeen', 'nodeId', 'state', 'heartbeats'] as const;
export type NodeSort = (typeof NODE_SORTS)[number];

/** What is asked of the node list. */
export interface NodeQuery {
  readonly state: NodeState | null;
  /** Part of a node id, any case; null: all nodes. */
  readonly search: string | null;
  readonly sort: NodeSort;
  readonly descending: boolean;
  readonly page: number;
  /** Cells of the uptime strip; 0: none. */
  readonly stripCells: number;
}

/** How many of the newest tasks have one reporter only. `share` is 0 … 1, null while there is no task to look at. */
export interface ReportingShare {
  readonly tasks: number;
  readonly single: number;
  readonly share: number | null;
  /** Most tasks that are looked at. */
  readonly sampledMax: number;
}

/** One node with what became of it, newest change first. */
export interface NodeHistory extends NodeListing {
  readonly transitions: readonly {
    readonly at: string;
    readonly from: 'online' | 'stale' | 'offline';
    readonly to: 'online' | 'stale' | 'offline';
    readonly cause: string;
  }[];
}

/** A page of the node list, 100 nodes a page, pages counted from 1. */
export interface NodePage {
  readonly nodes: readonly NodeListing[];
  readonly page: number;
  readonly pages: number;
  readonly total: number;
}

/** Percent of `part` in `whole`, rounded down to one decimal: a rate never looks better than it is. 0 of nothing is 0. */
export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((part * 1000) / whole) / 10;
}

/** Every label in order, zeros included, and `unknown` (the count one past the last label) only when not zero. */
export function closedDistribution(labels: readonly string[], counts: readonly number[]): Distribution {
  const distribution: Record<string, number> = {};
  labels.forEach((label, index) => {
    distribution[label] = counts[index] ?? 0;
  });
  const unknown = counts[labels.length] ?? 0;
  if (unknown > 0) distribution['unknown'] = unknown;
  return distribution;
}

/** Labels of an open dimension that are published by name. */
export const OPEN_LABELS_PUBLISHED_MAX = 50;

/**
 * The largest labels, count descending and then label, the rest as `other`. Order survives in the text only for labels
 * that do not look like whole numbers: JSON objects in JavaScript put those first.
 */
export function openDistribution(counts: ReadonlyMap<string, number>): Distribution {
  const entries = [...counts].filter(([label, count]) => count > 0 && label !== 'other').sort(largestFirst);
  const published = entries.slice(0, OPEN_LABELS_PUBLISHED_MAX);
  let other = counts.get('other') ?? 0;
  for (const [, count] of entries.slice(OPEN_LABELS_PUBLISHED_MAX)) other += count;
  if (other > 0) published.push(['other', other]);
  return Object.fromEntries(published);
}

/**
 * Cells of a place distribution: those below `minimum` are folded into `other`, and while `other` itself is below it,
 * the smallest published cell too, so that nobody is found by subtraction. Fewer than that in all: nothing.
 */
export function placeDistribution(counts: ReadonlyMap<string, number>, minimum: number): Distribution {
  const entries = [...counts].filter(([, count]) => count > 0).sort(largestFirst);
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
