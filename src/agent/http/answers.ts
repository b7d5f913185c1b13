// The bodies of the API's answers, from one view of the agent. Pure. Deployed front ends read the members of
// `network-stats` and `status`, so these keep their names and types. No body has a path, an address or a raw id.

import { reasonsOf } from '../../http/readiness.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';
import type { FactType, PresenceType } from '../domain/messages.ts';
import { FACT_TYPES, PRESENCE_TYPES } from '../domain/messages.ts';
import {
  COUNT_NAMES,
  DISTRIBUTION_NAMES,
  NODE_COUNT_NAMES,
  SHORT_PERIODS,
  type StatisticsRow,
} from '../domain/network-statistics.ts';
import type { SourceStatus } from '../domain/source-facts.ts';
import type { AgentView, MessageCount } from '../domain/view.ts';
import type { Readiness } from './readiness.ts';

/** Age of a publication beyond which its statistics are called stale: three intervals of the aggregator. */
export const STALE_AFTER_MS = 90_000;

const NO_STATISTICS = {
  ...Object.fromEntries(COUNT_NAMES.map((name) => [name, 0])),
  successRate: 0,
  cacheHitRate: 0,
  ...Object.fromEntries(DISTRIBUTION_NAMES.map((name) => [name, {}])),
  ...Object.fromEntries(NODE_COUNT_NAMES.map((name) => [name, 0])),
  lastUpdated: null,
  status: 'awaiting_data',
  timestamp: null,
  aggregatorId: '',
  signature: 'none',
  isStale: false,
};

/** True if the publication is older than {@link STALE_AFTER_MS}. */
export function isStale(row: StatisticsRow, nowMs: number): boolean {
  return nowMs - row.publishedMs > STALE_AFTER_MS;
}

/** `GET /api/federation/network-stats`, and `data` of a frame. Zeros before the first publication. */
export function networkStatsBody(row: StatisticsRow | null, nowMs: number): JsonObject {
  if (row === null) return NO_STATISTICS;
  return {
    ...row.counts,
    successRate: row.successRate,
    cacheHitRate: row.cacheHitRate,
    ...row.distributions,
    ...row.nodeCounts,
    lastUpdated: timeText(row.receivedMs),
    status: 'connected',
    timestamp: timeText(row.publishedMs),
    aggregatorId: row.aggregatorId,
    signature: row.signature,
    isStale: isStale(row, nowMs),
  };
}

/** `GET /api/federation/status`. */
export function statusBody(view: AgentView): JsonObject {
  const { link, messageCounts, statisticsCounts } = view;
  const sum = (counts: readonly { readonly count: number }[]) =>
    counts.reduce((total, { count }) => total + count, 0);
  return {
    enabled: view.isEnabled,
    connected: link.isConnected,
    healthy: link.isConnected && link.breaker === 'closed',
    status: link.isConnected ? 'connected' : 'disconnected',
    stats: {
      messagesSent: sum(messageCounts.filter(({ outcome }) => outcome === 'confirmed')),
      messagesReceived: Object.values(statisticsCounts).reduce((total, count) => total + count, 0),
      errors: sum(messageCounts.filter(({ outcome }) => outcome !== 'confirmed')),
      reconnections: link.reconnections,
      subscriptions: link.subscriptions,
      circuitOpen: link.breaker !== 'closed',
    },
    nodeId: view.nodeId,
    queued: view.waiting,
    sources: view.sources.map(sourceBody),
    joined: link.hasJoined,
  };
}

/** `GET /api/node`: the own node, and everything of the page that the statistics do not have. */
export function nodeBody(view: AgentView, readiness: Readiness, version: string, nowMs: number): JsonObject {
  const { link, statistics, counts } = view;
  return {
    at: timeText(nowMs),
    status: readiness.status,
    reasons: reasonsOf(readiness),
    nodeId: view.nodeId,
    state: view.sources.some(({ isReadable }) => isReadable) ? 'online' : 'offline',
    enabled: view.isEnabled,
    sharesTasks: view.sharesTasks,
    demonstration: view.isDemonstration,
    periods: SHORT_PERIODS.filter((period) => view.periods[period] !== undefined),
    version,
    startedAt: timeText(view.startedMs),
    lastHeartbeatAt: link.lastHeartbeatMs === null ? null : timeText(link.lastHeartbeatMs),
    heartbeatIntervalMs: link.heartbeatIntervalMs,
    counts: { ...counts },
    share: {
      tasks: shareOf(counts.total, statistics?.counts.totalTasks),
      invoices: shareOf(counts.invoices, statistics?.counts.totalInvoices),
    },
    waiting: { messages: view.waiting, limit: view.queueMax, completions: view.awaitingMetrics },
    facts: { ...view.facts },
    messages: messagesBody(view.messageCounts),
    unread: view.unreadCounts.map(({ source, reason, count }) => ({ source, reason, count })),
    sources: view.sources.map(sourceBody),
    broker: {
      connected: link.isConnected,
      reason: link.reason,
      breaker: link.breaker,
      reconnections: link.reconnections,
      forbidden: [...link.forbidden],
      ratePerMinute: link.ratePerMinute,
    },
    join: { joined: link.hasJoined, problem: link.joinProblem, saltFrom: link.saltFrom },
    statistics: { received: { ...view.statisticsCounts }, otherKeyOffered: view.isOtherKeyOffered },
    databaseBytes: view.databaseBytes,
    logLinesDropped: view.logLinesDropped,
  };
}

/** The part of the whole that is the own node's; null if the whole is not known, and at most 1. */
function shareOf(own: number, whole: number | undefined): number | null {
  return whole === undefined || whole === 0 ? null : Math.min(1, own / whole);
}

function messagesBody(counts: readonly MessageCount[]): JsonObject {
  const ofType = (type: FactType | PresenceType) => {
    const outcomes = { confirmed: 0, unconfirmed: 0, set_aside: 0, forbidden: 0 };
    for (const one of counts) if (one.type === type) outcomes[one.outcome] += one.count;
    return outcomes;
  };
  return Object.fromEntries([...FACT_TYPES, ...PRESENCE_TYPES].map((type) => [type, ofType(type)]));
}

function sourceBody(status: SourceStatus): JsonObject {
  return {
    source: status.source,
    wanted: status.isWanted,
    readable: status.isReadable,
    looksFor: [...status.looksFor],
    bytesBehind: status.bytesBehind,
    problems: { ...status.problems },
    files: status.files.map(({ name, state, bytes, bytesBehind, offset }) => ({
      name,
      state,
      bytes,
      bytesBehind,
      offset,
    })),
  };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
