// The document of the live feed: the program at this moment. Pure: it only puts together what the program knows. It holds
// no client, no price and no size.

import { COMMAND_NAME } from '../../lib/command-name.ts';
import { reasonsOf } from '../../http/readiness.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';
import type { JobsView, OutboxView, SocketView, StoreView, TradesView } from '../domain/view.ts';
import type { Readiness } from './readiness.ts';

/** The document without its time. Times are UTC text. */
export function liveState(view: TradesView, readiness: Readiness): JsonObject {
  const { online, stale, offline, isLinked } = view.accounts;
  return {
    status: readiness.status,
    reasons: reasonsOf(readiness),
    demonstration: view.isDemonstration,
    version: view.version,
    startedAt: timeText(view.startedAtMs),
    backend: placeOf(view.backendUrl),
    keyId: view.keyId,
    replayCommand: `${COMMAND_NAME} outbox replay`,
    jobs: jobsState(view.jobs),
    nodes: { ...view.nodes },
    accounts: { online, stale, offline, isLinked },
    socket: socketState(view.socket),
    outbox: outboxState(view.outbox),
    database: databaseState(view.store, view.readProblem),
  };
}

function jobsState(jobs: JobsView): JsonObject {
  return {
    ...jobs.byStatus,
    limit: jobs.jobsMax,
    opened: jobs.opened,
    refused: jobs.refused,
    expired: jobs.expired,
    taken: jobs.taken,
    repeated: jobs.repeated,
    notTaken: { ...jobs.notTaken },
    heldBytes: jobs.heldBytes,
    heldBytesLimit: jobs.heldBytesMax,
    folded: jobs.folded,
    sealing: jobs.sealing,
  };
}

function socketState(socket: SocketView): JsonObject {
  return {
    isListening: socket.isListening,
    connections: socket.connections,
    connectionsLimit: socket.connectionsMax,
    refusedConnections: socket.refusedConnections,
    frames: socket.frames,
    errors: { ...socket.errors },
    closed: { ...socket.closed },
  };
}

function outboxState(outbox: OutboxView): JsonObject {
  const { lastDeliveredAtMs } = outbox;
  return {
    waiting: outbox.waiting,
    heldBytes: outbox.heldBytes,
    bytesLimit: outbox.bytesMax,
    underWay: outbox.underWay,
    deadLetters: outbox.deadLetters,
    oldestAgeSecs: Math.floor(outbox.oldestAgeMs / 1000),
    delivered: outbox.delivered,
    dead: outbox.dead,
    replayed: outbox.replayed,
    attempts: { ...outbox.attempts },
    lastDeliveredAt: lastDeliveredAtMs === null ? null : timeText(lastDeliveredAtMs),
    problem: outbox.problem,
  };
}

function databaseState(store: StoreView, readProblem: string | null): JsonObject {
  return {
    problem: store.problem ?? readProblem,
    waitingFacts: store.waitingFacts,
    lostFacts: store.droppedFacts + store.unstorableFacts,
    sizeBytes: store.sizeBytes,
    freeBytes: store.freeBytes,
  };
}

/** The address without credentials and query, should it have any. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname === '/' ? '' : pathname}`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
