// A tick for the tests of metrics: every number differs from the others, and the last hour has no finished task.

import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';
import { NO_STATISTICS } from '../../../src/federation/http/no-statistics.ts';

const DAY = {
  ...NO_STATISTICS,
  onlineNodes: 7,
  staleNodes: 2,
  offlineNodes: 3,
  activeNodes: 9,
  totalNodes: 12,
  totalTasks: 100,
  completedTasks: 60,
  failedTasks: 20,
  cachedTasks: 10,
  successRate: 75,
  cacheHitRate: 12.5,
  totalInvoices: 40,
  executionTimeDistribution: { ...NO_STATISTICS.executionTimeDistribution, '<100ms': 50, unknown: 30 },
  chainDistribution: { arbitrary: 100 },
  locationDistribution: { '52.5,13.5': 9 },
};
export const TICK: TickStatistics = {
  nowMs: 0,
  periods: { '1h': { ...DAY, completedTasks: 0, failedTasks: 0 }, '24h': DAY, '7d': DAY, all: DAY },
};
