import { expect, test } from 'vitest';
import type { StatisticsRow } from '../../../src/agent/domain/network-statistics.ts';
import { openState } from '../../../src/agent/store/open-state.ts';

const ROW: StatisticsRow = {
  counts: {
    activeNodes: 1,
    totalNodes: 2,
    totalTasks: 3,
    completedTasks: 4,
    failedTasks: 5,
    cachedTasks: 6,
    tasksLast24h: 7,
    totalInvoices: 8,
    invoicesLast24h: 9,
  },
  nodeCounts: { onlineNodes: 10, staleNodes: 11, offlineNodes: null },
  successRate: 83.3,
  cacheHitRate: 12.5,
  distributions: {
    executionTimeDistribution: { '<100ms': 1, '>1m': 2 },
    gasUsageDistribution: { '<100K': 3 },
    stepsComputedDistribution: {},
    memoryUsedDistribution: { '<64MB': 4 },
    chainDistribution: { '43113': 5, other: 1 },
    taskTypeDistribution: { api: 6 },
    continentDistribution: { EU: 7 },
    locationDistribution: { '48.0,11.5': 8 },
  },
  publishedMs: 1_768_473_000_123,
  receivedMs: 1_768_473_000_456,
  aggregatorId: 'aggregator-1',
  signature: 'valid',
};

test('network_stats_cache - its columns are a public interface', () => {
  const { database, writer } = openState({ path: null, nowMs: 1 });
  expect(writer.statistics()).toBeNull();
  writer.change(() => writer.keepStatistics(ROW), false);
  expect(database.prepare('SELECT * FROM network_stats_cache').get()).toEqual({
    id: 1,
    active_nodes: 1,
    total_nodes: 2,
    total_tasks: 3,
    completed_tasks: 4,
    failed_tasks: 5,
    cached_tasks: 6,
    tasks_last_24h: 7,
    total_invoices: 8,
    invoices_last_24h: 9,
    execution_time_distribution: '{"<100ms":1,">1m":2}',
    gas_usage_distribution: '{"<100K":3}',
    chain_distribution: '{"43113":5,"other":1}',
    task_type_distribution: '{"api":6}',
    steps_computed_distribution: '{}',
    memory_used_distribution: '{"<64MB":4}',
    last_updated: '2026-01-15T10:30:00.456Z',
    success_rate: 83.3,
    cache_hit_rate: 12.5,
    continent_distribution: '{"EU":7}',
    location_distribution: '{"48.0,11.5":8}',
    online_nodes: 10,
    stale_nodes: 11,
    offline_nodes: null,
    published_at: '2026-01-15T10:30:00.123Z',
    aggregator_id: 'aggregator-1',
    signature: 'valid',
  });
  expect(writer.statistics()).toEqual(ROW);
});

test('network_stats_cache - one row is kept, and one that another program spoiled is none', () => {
  const { database, writer } = openState({ path: null, nowMs: 1 });
  writer.change(() => writer.keepStatistics(ROW), false);
  writer.change(() => writer.keepStatistics({ ...ROW, aggregatorId: '', signature: 'none' }), false);
  expect(writer.statistics()).toEqual({ ...ROW, aggregatorId: '', signature: 'none' });
  database.exec(`UPDATE network_stats_cache SET gas_usage_distribution = 'rubbish', online_nodes = 'x'`);
  expect(writer.statistics()?.distributions.gasUsageDistribution).toEqual({});
  expect(writer.statistics()?.nodeCounts.onlineNodes).toBeNull();
  database.exec(`UPDATE network_stats_cache SET published_at = NULL`);
  expect(writer.statistics()).toBeNull();
});
