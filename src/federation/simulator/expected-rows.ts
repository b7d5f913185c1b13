// The oracle's expectation for the database and the statistics, in the terms of the public tables and messages.

import type { Label, MessageCounts } from './statement.ts';

/** Members of `aggregated_tasks`, without ids and public times. Absent labels are null, booleans 0 or 1. */
export interface ExpectedTask {
  readonly status: 'received' | 'completed' | 'failed';
  readonly success: 0 | 1 | null;
  readonly execution_time_bucket: Label;
  readonly gas_used_bucket: Label;
  readonly cached: 0 | 1 | null;
  readonly chain_id: Label;
  readonly task_type: Label;
  readonly reporting_nodes: number;
}

/** Members of `aggregated_invoices`. */
export interface ExpectedInvoice {
  readonly task_id_hash: string | null;
  readonly chain_id: Label;
  readonly steps_computed_bucket: Label;
  readonly memory_used_bucket: Label;
  readonly operation: Label;
  readonly reporting_nodes: number;
}

/** Members of `active_nodes`, with `left` instead of `status`, because `status` also depends on silence. */
export interface ExpectedNode {
  readonly total_tasks_bucket: Label;
  readonly active_tasks_bucket: Label;
  readonly continent_bucket: Label;
  readonly location_bucket: Label;
  readonly heartbeat_count: number;
  /**
   * True if the node's last leave is not followed by a join or a heartbeat that is not offline. The node is then
   * offline, however recent its last message.
   */
  readonly left: boolean;
}

/** Label to count. */
export type Counts = Readonly<Record<string, number>>;

/** The members of a statistics message that can be predicted: all except geography. */
export interface ExpectedStatistics {
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
  readonly executionTimeDistribution: Counts;
  readonly gasUsageDistribution: Counts;
  readonly stepsComputedDistribution: Counts;
  readonly memoryUsedDistribution: Counts;
  readonly chainDistribution: Counts;
  readonly taskTypeDistribution: Counts;
  readonly onlineNodes: number;
  readonly staleNodes: number;
  readonly offlineNodes: number;
}

/** The expectation after the recorded messages, for a database that was empty before. */
export interface Expected {
  readonly messages: MessageCounts;
  /**
   * The published statistics, provided that everything happened less than an hour ago and no node has been silent for
   * STALE_AFTER.
   */
  readonly statistics: ExpectedStatistics;
  /** By lower-case `task_id_hash`. */
  readonly tasks: ReadonlyMap<string, ExpectedTask>;
  /** By lower-case `invoice_id_hash`. */
  readonly invoices: ReadonlyMap<string, ExpectedInvoice>;
  /** By `node_id`. */
  readonly nodes: ReadonlyMap<string, ExpectedNode>;
}
