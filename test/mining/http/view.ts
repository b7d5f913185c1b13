// A program's view and statistics, as the tests of the dashboard and the metrics use them.

import type { NodeState } from '../../../src/lifecycle/node-state.ts';
import { VERDICTS, type Verdict } from '../../../src/mining/domain/facts.ts';
import {
  type AccountStatistics,
  type MachineStatistics,
  NO_OUTCOMES,
  type StatsDocument,
} from '../../../src/mining/domain/statistics.ts';
import {
  type Arrival,
  ARRIVALS,
  type MiningView,
  REQUEST_OUTCOMES,
  type RequestOutcome,
  type UpstreamRequests,
  type UpstreamView,
} from '../../../src/mining/domain/view.ts';

export const STARTED_MS = Date.UTC(2026, 0, 15);
export const ACCOUNT = 'a1'.repeat(20);

function requests(answered: number, temporary: number): UpstreamRequests {
  const outcomes = Object.fromEntries(REQUEST_OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    RequestOutcome,
    number
  >;
  return {
    underWay: 0,
    outcomes: { ...outcomes, answered, temporary },
    seconds: { boundsSeconds: [1], counts: [answered, temporary], sumSeconds: 2.5 },
  };
}

export const UPSTREAM: UpstreamView = {
  name: 'primary-pool',
  mode: 'pool',
  state: 'ready',
  sinceMs: STARTED_MS,
  isActive: true,
  height: 18_446_744_073_709_551_615n,
  informationAgeMs: 1_400,
  blockChanges: 3,
  fetches: 100,
  failedFetches: 2,
  lastError: null,
  alarms: [],
  requests: { get_mining_info: requests(98, 2), submit_nonce: requests(7, 4) },
  alternationsRefused: 5,
  cookieRereads: 1,
  fetchIntervalMs: 2_000,
  delivery: {
    waiting: 2,
    underWay: 1,
    oldestAgeMs: 3_900,
    attempts: 12,
    failedAttempts: 4,
    outcomes: { delivered: 7, refused: 1, expired: 0, replaced: 2 },
    redelivered: 1,
    mismatched: 0,
  },
};

const verdicts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<Verdict, number>;

export const VIEW: MiningView = {
  isDemonstration: false,
  version: '0.1.0',
  startedAtMs: STARTED_MS,
  uptimeMs: 90_000,
  machines: { online: 2, stale: 1, offline: 0 } satisfies Record<NodeState, number>,
  upstreams: [UPSTREAM],
  door: {
    connections: 3,
    connectionsLimit: 12_000,
    refusedConnections: 6,
    refusals: { limit: 3, address: 2, system: 1 },
    requests: { get_mining_info: 500, submit_nonce: 20, other: 1 },
    outcomes: {
      get_mining_info: { ok: 499, '-32000': 1 },
      submit_nonce: { ok: 17, '-32001': 3 },
      other: { '-32601': 1 },
    },
    badRequests: 4,
    unauthenticated: 5,
    wrongPasswords: 2,
    ignoredNames: 8,
    largeBodies: 1,
    batchMembers: 4,
    informationAnswers: { fresh: 498, old: 1, none: 1 },
    closedUnanswered: 0,
    unanswered: { none: 0, late: 0, failed: 0, stopped: 0 },
    cutConnections: { slow: 2, unread: 0, pipelined: 0, memory: 0 },
    answerSeconds: null,
  },
  desk: {
    submissions: 20,
    verdicts: { ...verdicts, accepted: 7, false: 3 },
    answeredUnverified: 2,
    entries: 9,
    entriesLimit: 1_000,
    arrivals: {
      ...(Object.fromEntries(ARRIVALS.map((arrival) => [arrival, 0])) as Record<Arrival, number>),
      better: 7,
      held: 10,
    },
    crowdedOut: 11,
    takenOver: 13,
    postponed: 14,
    visits: 15,
  },
  proofs: {
    isOff: false,
    workers: 1,
    busyWorkers: 1,
    waiting: 5,
    waitingLimit: 4_096,
    oldestAgeMs: 2_100,
    outcomes: { holds: 12, fails: 3, dropped: 1, full: 0 },
    joined: 2,
    nonces: 40,
    overBudgetAddresses: 1,
    checkSeconds: null,
  },
  store: {
    problem: null,
    waitingFacts: 1,
    droppedFacts: 0,
    unlistedPairs: 16,
    sizeBytes: 4_096,
    diskFreeBytes: 50,
    diskSizeBytes: 100,
    commitSeconds: null,
  },
  alarms: {
    waiting: 17,
    sent: 18,
    failed: 19,
    dropped: 20,
    receivers: [{ name: 'ops', counts: { waiting: 21, sent: 22, failed: 23, dropped: 24 } }],
    problem: null,
  },
  pool: { isUp: true, waitingQuestions: 0 },
  descriptors: { problem: null, seconds: 0, limit: 1_024 },
  logLoss: { lines: 0, problem: null },
};

const shown = {
  ...NO_OUTCOMES,
  submissions24h: 3,
  submissionPercentage: 0.5,
  lastSeenSecsAgo: 2,
  isActive: true,
};

export function machineOf(
  machineId: string,
  accountId = ACCOUNT,
  members: Partial<MachineStatistics> = {},
): MachineStatistics {
  return {
    machineId,
    accountCount: 1,
    totalCapacityTib: 1.5,
    ...shown,
    accounts: [{ accountId, capacityTib: 1.5, ...shown }],
    ...members,
  };
}

export function accountOf(
  accountId: string,
  machineIds: readonly string[],
  members: Partial<AccountStatistics> = {},
): AccountStatistics {
  return {
    accountId,
    machineCount: machineIds.length,
    totalCapacityTib: 1.5 * machineIds.length,
    refusal: null,
    ...shown,
    machines: machineIds.map((machineId) => ({ machineId, capacityTib: 1.5, ...shown })),
    ...members,
  };
}

export const STATISTICS: StatsDocument = {
  ...NO_OUTCOMES,
  uniqueMiners: 1,
  uniqueMachines: 2,
  activeMachines: 1,
  currentHeight: 18_446_744_073_709_551_615n,
  uptimeSecs: 90,
  totalCapacity: '1.5 TiB',
  networkCapacity: '9.9 PiB',
  currentBlockBest: {
    height: 18_446_744_073_709_551_615n,
    bestPocTime: 9_007_199_254_740_993n,
    bestRawQuality: 9_223_372_036_854_775_809n,
    bestAccountId: ACCOUNT,
    bestMachineId: 'rig@10.0.0.7',
  },
  machines: [machineOf('rig@10.0.0.7')],
  accounts: [accountOf(ACCOUNT, ['rig@10.0.0.7'])],
  upstreams: [],
  isComplete: true,
};
