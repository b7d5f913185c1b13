// The published numbers (section 5): their shape, and how rates and distributions are made from counts.

import type { Period } from './vocabulary.ts';

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
}

/** A page of the node list, 100 nodes a page, pages counted from 1. */
export interface NodePage {
  readonly nodes: readonly NodeListing[];
  readonly page: number;
  readonly pages: number;
  readonly total: number;
}
