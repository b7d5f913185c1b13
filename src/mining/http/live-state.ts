// The document of the live feed: the program at this moment, with the latest figures of the statistics. Pure: it only
// puts together what the program knows. Integers of the wire are text, because a browser rounds numbers above 2^53.

import { reasonsOf } from '../../http/readiness.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';
import { shownText, type Summary } from '../domain/dashboard.ts';
import type { DeskView, DoorView, MiningView, ProofView, StoreView, UpstreamView } from '../domain/view.ts';
import type { Readiness } from './readiness.ts';

/** The document without its time. Times are UTC text. */
export function liveState(view: MiningView, readiness: Readiness, statistics: Summary): JsonObject {
  const { online, stale, offline } = view.machines;
  return {
    status: readiness.status,
    reasons: reasonsOf(readiness),
    demonstration: view.isDemonstration,
    version: view.version,
    startedAt: timeText(view.startedAtMs),
    statistics: {
      ...statistics,
      currentBlockBest: { ...statistics.currentBlockBest },
      refusals: statistics.refusals.map((refused) => ({ ...refused })),
    },
    machines: { online, stale, offline, total: online + stale + offline },
    upstreams: view.upstreams.map((upstream) => upstreamState(upstream)),
    door: doorState(view.door),
    desk: deskState(view.desk),
    proofs: proofState(view.proofs),
    database: databaseState(view.store),
  };
}

function upstreamState(upstream: UpstreamView): JsonObject {
  const { delivery, lastError, informationAgeMs, height } = upstream;
  return {
    name: upstream.name,
    mode: upstream.mode,
    state: upstream.state,
    since: timeText(upstream.sinceMs),
    isActive: upstream.isActive,
    height: height === null ? null : String(height),
    informationAgeSecs: informationAgeMs === null ? null : Math.floor(informationAgeMs / 1000),
    lastError: lastError === null ? null : { text: shownText(lastError.text), at: timeText(lastError.atMs) },
    alarms: upstream.alarms.map((alarm) => shownText(alarm)),
    delivery: {
      waiting: delivery.waiting,
      underWay: delivery.underWay,
      oldestAgeSecs: Math.floor(delivery.oldestAgeMs / 1000),
      attempts: delivery.attempts,
      failedAttempts: delivery.failedAttempts,
      ...delivery.outcomes,
      redelivered: delivery.redelivered,
      mismatched: delivery.mismatched,
    },
  };
}

function doorState(door: DoorView): JsonObject {
  return {
    connections: door.connections,
    connectionsLimit: door.connectionsLimit,
    refusedConnections: door.refusedConnections,
    polls: door.requests.get_mining_info,
    badRequests: door.badRequests,
    unauthenticated: door.unauthenticated,
    informationAnswers: { ...door.informationAnswers },
    closedUnanswered: door.closedUnanswered,
  };
}

function deskState(desk: DeskView): JsonObject {
  return {
    submissions: desk.submissions,
    verdicts: { ...desk.verdicts },
    answeredUnverified: desk.answeredUnverified,
  };
}

function proofState(proofs: ProofView): JsonObject {
  return {
    isOff: proofs.isOff,
    workers: proofs.workers,
    busyWorkers: proofs.busyWorkers,
    waiting: proofs.waiting,
    waitingLimit: proofs.waitingLimit,
    oldestAgeSecs: Math.floor(proofs.oldestAgeMs / 1000),
    outcomes: { ...proofs.outcomes },
    joined: proofs.joined,
    overBudgetAddresses: proofs.overBudgetAddresses,
  };
}

function databaseState(store: StoreView): JsonObject {
  return { problem: store.problem, waitingFacts: store.waitingFacts, sizeBytes: store.sizeBytes };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
