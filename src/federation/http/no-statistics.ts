// The statistics before the first tick: every number 0, every closed vocabulary with all its labels, so that a front
// end finds all members that it reads. Never published over NATS.

import type { NetworkStatistics } from '../domain/statistics.ts';
import { EXECUTION_TIMES, GAS_AMOUNTS, MEMORY_SIZES, STEP_COUNTS } from '../domain/vocabulary.ts';

function zeros(labels: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(labels.map((label) => [label, 0]));
}

/** All numbers 0, in the order of publication. */
export const NO_STATISTICS: NetworkStatistics = {
  activeNodes: 0,
  totalNodes: 0,
  totalTasks: 0,
  completedTasks: 0,
  failedTasks: 0,
  cachedTasks: 0,
  tasksLast24h: 0,
  successRate: 0,
  cacheHitRate: 0,
  totalInvoices: 0,
  invoicesLast24h: 0,
  executionTimeDistribution: zeros(EXECUTION_TIMES),
  gasUsageDistribution: zeros(GAS_AMOUNTS),
  stepsComputedDistribution: zeros(STEP_COUNTS),
  memoryUsedDistribution: zeros(MEMORY_SIZES),
  chainDistribution: {},
  taskTypeDistribution: {},
  onlineNodes: 0,
  staleNodes: 0,
  offlineNodes: 0,
  continentDistribution: {},
  locationDistribution: {},
};
