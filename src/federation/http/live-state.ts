// The live numbers: nodes by state, messages and the health of ingest at this moment. It leaves out the statistics,
// which belong to a tick. Pure: it only puts together what the program knows.

import { OUTCOMES, type IngestAccounts, type IngestStatus, type Outcome } from '../domain/accounting.ts';
import type { ClusterStatus } from '../domain/cluster-status.ts';
import type { MissingListing } from '../domain/missing.ts';
import { REJECT_REASONS, type RejectReason } from '../domain/vocabulary.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import { reasonsOf } from '../../http/readiness.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';
import { clusterState } from './cluster-state.ts';
import type { Readiness } from './readiness.ts';

/** The program's state at one moment. */
export interface LiveInputs {
  readonly aggregatorId: string;
  readonly version: string;
  readonly startedAtMs: number;
  readonly publishIntervalMs: number;
  /** The setting STALE_AFTER. */
  readonly staleAfterMs: number;
  readonly readiness: Readiness;
  /** Null until the ingest thread has reported. */
  readonly accounts: IngestAccounts | null;
  readonly status: IngestStatus | null;
  readonly nodes: Readonly<Record<NodeState, number>>;
  /** When a message of a node was last stored, by this machine's clock; null if none since the start. */
  readonly lastHeardAtMs: number | null;
  readonly lastTickAtMs: number | null;
  readonly missing: readonly MissingListing[];
  /** Counts that the last audit found to differ from the stored rows; 0 before the first audit. */
  readonly drift: number;
  /** The WebSocket address of the embedded broker for monitors; null if there is none. */
  readonly monitorUrl: string | null;
  /** The cluster of this process; null for a process on its own. */
  readonly cluster: ClusterStatus | null;
}

/** The body of `/api/federation/health` without its time. Times are public UTC text. */
export function liveState(inputs: LiveInputs): JsonObject {
  const { readiness, status, nodes } = inputs;
  return {
    status: readiness.status,
    mode: readiness.mode,
    catchingUp: readiness.catchingUp,
    brokerConnected: status?.connected ?? false,
    reasons: reasonsOf({ status: readiness.status, components: { ...readiness.components } }),
    aggregatorId: inputs.aggregatorId,
    version: inputs.version,
    startedAt: timeText(inputs.startedAtMs),
    publishIntervalMs: inputs.publishIntervalMs,
    staleAfterMs: inputs.staleAfterMs,
    lastTickAt: timeText(inputs.lastTickAtMs),
    lastHeardAt: timeText(inputs.lastHeardAtMs),
    nodes: {
      online: nodes.online,
      stale: nodes.stale,
      offline: nodes.offline,
      active: nodes.online + nodes.stale,
      total: nodes.online + nodes.stale + nodes.offline,
    },
    ingest: {
      lagMs: status?.lagMs ?? 0,
      pending: status?.pending ?? 0,
      backlogBytes: status?.backlogBytes ?? 0,
      clockOffsetMs: status?.clockOffsetMs ?? null,
      reconnects: status?.reconnects ?? 0,
      databaseSizeBytes: status?.databaseSizeBytes ?? 0,
    },
    messages: messagesOf(inputs.accounts),
    missing: inputs.missing.map((listing) => ({ ...listing })),
    drift: inputs.drift,
    monitorUrl: inputs.monitorUrl,
    cluster: clusterState(inputs.cluster),
  };
}

/**
 * Counters since the process started. `conserved` tells whether the conservation law of docs/federation.md#conservation
 * holds for this snapshot.
 */
function messagesOf(accounts: IngestAccounts | null): JsonObject {
  const sum = (counts: readonly number[] | undefined) =>
    (counts ?? []).reduce((total, count) => total + count, 0);
  const received = sum(accounts?.received);
  const inFlight = accounts?.inFlight ?? 0;
  const outcomes = Object.fromEntries(
    OUTCOMES.map((outcome): [Outcome, number] => [outcome, sum(accounts?.outcomes[outcome])]),
  );
  const rejected = Object.fromEntries(
    REJECT_REASONS.map((reason): [RejectReason, number] => [reason, sum(accounts?.rejected[reason])]),
  );
  return {
    received,
    inFlight,
    lost: accounts?.lost ?? 0,
    outcomes,
    rejected,
    conserved: received === inFlight + sum(Object.values(outcomes)),
  };
}

function timeText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
