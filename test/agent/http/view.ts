// A view of the agent, as the tests of the page, the API and the metrics use it: a node that has worked for a day.

import type { StatisticsRow } from '../../../src/agent/domain/network-statistics.ts';
import type { SourceStatus } from '../../../src/agent/domain/source-facts.ts';
import type { AgentView, LinkView } from '../../../src/agent/domain/view.ts';
import {
  EXECUTION_TIMES,
  GAS_AMOUNTS,
  MEMORY_SIZES,
  STEP_COUNTS,
} from '../../../src/federation/domain/vocabulary.ts';

export const NOW_MS = Date.UTC(2026, 0, 16, 12);
export const NODE_ID = 'node-8b6f2c1e-4d0a-4b7c-9a51-0d1e2f3a4b5c';

const spread = (labels: readonly string[], first: number) =>
  Object.fromEntries(labels.map((label, index) => [label, Math.max(0, first - index * 37)]));

/** Statistics of a network of 42 nodes, published 12 s ago. */
export const STATISTICS: StatisticsRow = {
  counts: {
    activeNodes: 42,
    totalNodes: 57,
    totalTasks: 12_480,
    completedTasks: 12_101,
    failedTasks: 211,
    cachedTasks: 3_025,
    tasksLast24h: 940,
    totalInvoices: 11_870,
    invoicesLast24h: 902,
  },
  nodeCounts: { onlineNodes: 39, staleNodes: 3, offlineNodes: 15 },
  successRate: 98.2,
  cacheHitRate: 24.9,
  distributions: {
    executionTimeDistribution: spread(EXECUTION_TIMES, 250),
    gasUsageDistribution: spread(GAS_AMOUNTS, 170),
    stepsComputedDistribution: spread(STEP_COUNTS, 160),
    memoryUsedDistribution: spread(MEMORY_SIZES, 140),
    chainDistribution: { '1': 24, '43113': 9_120, '43114': 3_336 },
    taskTypeDistribution: { api: 2_900, rs: 9_580 },
    continentDistribution: { AS: 6, EU: 20, NA: 11, other: 2 },
    locationDistribution: { '48.0,11.5': 7, '52.5,13.5': 5, '37.5,-122.5': 6 },
  },
  publishedMs: NOW_MS - 12_000,
  receivedMs: NOW_MS - 11_800,
  aggregatorId: 'aggregator-6f0c',
  signature: 'valid',
};

export const EVENTS: SourceStatus = {
  source: 'events',
  isWanted: true,
  looksFor: ['*-eventDB.json'],
  isReadable: true,
  files: [
    {
      source: 'events',
      name: '0x…-eventDB.json',
      state: 'read',
      bytes: 1_250_000,
      bytesBehind: 0,
      offset: null,
    },
  ],
  bytesBehind: 0,
  problems: {},
};

export const LOGS: SourceStatus = {
  source: 'logs',
  isWanted: true,
  looksFor: ['*.log', '*.log.gz', '*.log.*'],
  isReadable: true,
  files: [
    {
      source: 'logs',
      name: 'debug.log',
      state: 'reading',
      bytes: 90_000,
      bytesBehind: 4_096,
      offset: null,
    },
    { source: 'logs', name: 'debug.log.1.gz', state: 'read', bytes: 9_000, bytesBehind: 0, offset: null },
  ],
  bytesBehind: 4_096,
  problems: { too_long: 2 },
};

export const LINK: LinkView = {
  isConnected: true,
  server: '127.0.0.1:4222',
  reason: null,
  breaker: 'closed',
  reconnections: 2,
  subscriptions: 1,
  forbidden: [],
  saltFrom: 'join',
  hasJoined: true,
  joinProblem: null,
  ratePerMinute: 60,
  heartbeatIntervalMs: 30_000,
  lastHeartbeatMs: NOW_MS - 9_000,
};

export const VIEW: AgentView = {
  nodeId: NODE_ID,
  isEnabled: true,
  sharesTasks: true,
  isDemonstration: false,
  startedMs: NOW_MS - 86_400_000,
  link: LINK,
  sources: [EVENTS, LOGS],
  counts: { active: 3, total: 512, received: 510, completed: 506, failed: 4, invoices: 488 },
  waiting: 7,
  queueMax: 10_000,
  awaitingMetrics: 1,
  facts: { known: 1_480, remembered: 12, queued: 1_504 },
  factCounts: [
    { kind: 'received', source: 'events', outcome: 'queued', count: 500 },
    { kind: 'received', source: 'logs', outcome: 'known', count: 495 },
    { kind: 'completed', source: 'logs', outcome: 'queued', count: 506 },
    { kind: 'invoice', source: 'events', outcome: 'remembered', count: 12 },
  ],
  messageCounts: [
    { type: 'task_received', outcome: 'confirmed', count: 498 },
    { type: 'task_completed', outcome: 'confirmed', count: 504 },
    { type: 'invoice_created', outcome: 'confirmed', count: 487 },
    { type: 'heartbeat', outcome: 'confirmed', count: 2_880 },
    { type: 'heartbeat', outcome: 'unconfirmed', count: 3 },
    { type: 'task_completed', outcome: 'set_aside', count: 1 },
    { type: 'invoice_created', outcome: 'forbidden', count: 2 },
  ],
  unreadCounts: [
    { source: 'events', reason: 'other', count: 7_300 },
    { source: 'logs', reason: 'metrics_unclear', count: 2 },
  ],
  statistics: STATISTICS,
  periods: {},
  statisticsCounts: {
    kept: 5_760,
    older: 1,
    unsigned: 2,
    bad_signature: 3,
    malformed: 4,
    too_large: 5,
    shed: 6,
  },
  isOtherKeyOffered: false,
  stateProblem: null,
  databaseBytes: 3_145_728,
  logLinesDropped: 0,
};
