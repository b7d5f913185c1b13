// An HTTP server over parts that a test gives: a part that is not given answers with empty values.

import { onTestFinished } from 'vitest';
import { HISTORY_SERIES, type HistorySeries } from '../../../src/federation/domain/history.ts';
import type { NodePage } from '../../../src/federation/domain/statistics.ts';
import { PERIODS } from '../../../src/federation/domain/vocabulary.ts';
import type { PeriodStatistics } from '../../../src/federation/http/period-statistics.ts';
import { liveState } from '../../../src/federation/http/live-state.ts';
import { NO_STATISTICS } from '../../../src/federation/http/no-statistics.ts';
import type { Readiness } from '../../../src/federation/http/readiness.ts';
import {
  createFederationServer,
  type FederationHttpOptions,
  type FederationHttpParts,
  type FederationHttpServer,
} from '../../../src/federation/http/server.ts';

export const READY: Readiness = {
  status: 'ready',
  mode: 'core',
  catchingUp: false,
  components: {
    database: { ok: true },
    broker: { ok: true },
    ingest: { ok: true },
    workers: { ok: true },
    tick: { ok: true },
    messages: { ok: true },
    process: { ok: true },
  },
};
export const LIMITS = {
  ratePerMinute: 60,
  rateBurst: 120,
  globalPerSecond: 0,
  newNodesPerMinute: 6,
  maxNodes: 9,
};
export const TRUST = { authenticated: 1, claimed: 2 };
export const NO_NODES: NodePage = { nodes: [], page: 1, pages: 0, total: 0 };
export const NO_SERIES = Object.fromEntries(HISTORY_SERIES.map((name) => [name, []])) as unknown as Record<
  HistorySeries,
  number[]
>;
export const AT = '2026-01-15T10:30:00.000Z';

export const LIVE = {
  aggregatorId: 'agg-1',
  version: '0.1.0',
  startedAtMs: Date.UTC(2026, 0, 15),
  publishIntervalMs: 30_000,
  staleAfterMs: 150_000,
  readiness: READY,
  accounts: null,
  status: null,
  nodes: { online: 2, stale: 1, offline: 0 },
  lastHeardAtMs: null,
  lastTickAtMs: null,
  missing: [],
  drift: 0,
  monitorUrl: null,
  cluster: null,
};

export function statisticsOf(
  members: Partial<PeriodStatistics['data']>,
  period = PERIODS[1],
): PeriodStatistics {
  return {
    data: { ...NO_STATISTICS, ...members },
    period,
    timestamp: AT,
    aggregatorId: 'agg-1',
    lastUpdated: AT,
  };
}

export function createServer(
  parts: Partial<FederationHttpParts> = {},
  options: Partial<FederationHttpOptions> = {},
): FederationHttpServer {
  const server = createFederationServer(
    { host: '127.0.0.1', port: 0, apiAuth: 'open', embedOrigins: [], ...options },
    {
      live: () => true,
      readiness: () => READY,
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
      aggregatorId: () => 'agg-1',
      statistics: () => null,
      nodes: async () => NO_NODES,
      nodeOrder: async () => new Float64Array(),
      nodeListings: async () => [],
      node: async () => null,
      events: async () => ({ events: [], page: 1, pages: 0, total: 0 }),
      history: async () => {
        throw new Error('no history in this test');
      },
      reporting: async () => ({ tasks: 0, single: 0, share: null, sampledMax: 50_000 }),
      current: () => liveState(LIVE),
      nodeCounts: () => LIVE.nodes,
      trust: () => TRUST,
      findKey: () => undefined,
      keyUsed: () => undefined,
      clusterBackup: null,
      notifications: () => ({ receivers: [] }),
      testNotifications: async () => [],
      keySetSummary: 'The keys that sign published statistics, a JWK set',
      publicKeys: () => [],
      limits: () => LIMITS,
      nowMs: () => Date.UTC(2026, 0, 15),
      monotonicMs: () => performance.now(),
      failed: (error) => {
        throw error;
      },
      ...parts,
    },
  );
  onTestFinished(() => server.stop());
  return server;
}

export async function startServer(parts: Partial<FederationHttpParts> = {}): Promise<string> {
  return (await createServer(parts).start()).url;
}
