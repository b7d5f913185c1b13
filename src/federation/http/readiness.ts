// Decides whether the aggregator is ready, and why not (docs/federation.md#readiness). It judges plain data; it queries
// no other part and knows no HTTP.

import type { IngestStatus } from '../domain/accounting.ts';
import { ACKNOWLEDGE_COMMAND, describeMissing, type MissingListing } from '../domain/missing.ts';
import type { ClusterStatus } from '../domain/cluster-status.ts';
import { judgeCluster } from './cluster-state.ts';
import { type ComponentReadiness, judgeProcess, no, OK, readinessOf } from '../../http/readiness.ts';
import type { LineLoss } from '../../lib/line-output.ts';

/** The facts for the decision. Times are on the monotonic clock, so that setting the wall clock makes no tick late. */
export interface ReadinessInputs {
  /** The source's latest state; null until the ingest thread has reported, and while the thread restarts. */
  readonly status: IngestStatus | null;
  readonly workersUp: boolean;
  /** Why the database refuses questions or the audit; null if it refuses none. */
  readonly readProblem: string | null;
  /** Messages that are missing from the numbers and that no operator has acknowledged. */
  readonly missing: readonly MissingListing[];
  readonly lastTickAtMs: number | null;
  readonly startedAtMs: number;
  /** Time at which catching up last ended; null if it has not ended. */
  readonly caughtUpAtMs: number | null;
  readonly publishIntervalMs: number;
  /** Why the latest statistics did not reach the broker; null if they did, or if none were due. */
  readonly publishProblem: string | null;
  /** Why no node can join; null if nodes can. */
  readonly joinProblem: string | null;
  readonly nowMs: number;
  readonly logLoss: LineLoss;
  /** Why the process cannot open a file or a connection; null while it can. */
  readonly descriptorProblem: string | null;
  /** The cluster of this process; null for a process on its own. */
  readonly cluster: ClusterStatus | null;
  /** Which receiver of notifications is away and why; null if none is, and absent if there are no receivers. */
  readonly notificationProblem?: string | null | undefined;
}

/** The components by name; `cluster` exists only in a cluster, `notifications` only with receivers. */
interface Components {
  readonly database: ComponentReadiness;
  readonly broker: ComponentReadiness;
  readonly ingest: ComponentReadiness;
  readonly workers: ComponentReadiness;
  readonly tick: ComponentReadiness;
  readonly messages: ComponentReadiness;
  readonly process: ComponentReadiness;
  readonly cluster?: ComponentReadiness;
  readonly notifications?: ComponentReadiness;
}

/** The body of `/readyz`. */
export type Readiness = ReturnType<typeof judgeReadiness>;

/** Number of publish intervals without a tick after which the aggregator is not ready. */
const TICK_INTERVALS_MAX = 3;

/** Ready if every component is ok; catching up alone does not prevent it. */
export function judgeReadiness(inputs: ReadinessInputs) {
  const { status } = inputs;
  const components: Components = {
    database: judgeDatabase(inputs),
    broker: judgeBroker(inputs),
    ingest: judgeIngest(status),
    workers: inputs.workersUp ? OK : no('the worker pool is not running'),
    tick: judgeTick(inputs),
    messages: judgeMessages(inputs.missing),
    process: judgeProcess(inputs.descriptorProblem, inputs.logLoss),
    ...(inputs.cluster === null ? {} : { cluster: judgeCluster(inputs.cluster) }),
    ...judgeNotifications(inputs.notificationProblem),
  };
  return {
    status: readinessOf<string>({ ...components }).status,
    mode: status?.mode ?? null,
    catchingUp: status?.catchingUp ?? false,
    components,
  };
}

/** A receiver that is away is only a warning: the numbers do not depend on it. */
function judgeNotifications(problem: string | null | undefined): Pick<Components, 'notifications'> {
  if (problem === undefined) return {};
  return { notifications: problem === null ? OK : { ok: true, reason: problem } };
}

const NO_REPORT = 'the ingest thread has not reported yet';

function judgeDatabase({ status, readProblem }: ReadinessInputs): ComponentReadiness {
  const problem = status?.databaseProblem ?? readProblem;
  if (problem !== null) return no(problem);
  return status === null ? no(NO_REPORT) : OK;
}

/** That no node can join is only a warning, because an operator may want it so. */
function judgeBroker({ status, joinProblem }: ReadinessInputs): ComponentReadiness {
  if (status === null) return no(NO_REPORT);
  if (!status.connected) return no('not connected to the broker');
  return joinProblem === null ? OK : { ok: true, reason: joinProblem };
}

function judgeIngest(status: IngestStatus | null): ComponentReadiness {
  if (status === null) return no(NO_REPORT);
  if (!status.consuming) return no(status.problem ?? 'not reading messages');
  return status.problem === null ? OK : { ok: true, reason: status.problem };
}

function judgeTick(inputs: ReadinessInputs): ComponentReadiness {
  // The first tick comes only after catching up.
  if (inputs.status?.catchingUp === true)
    return { ok: true, reason: 'catching up: no statistics are due yet' };
  if (inputs.publishProblem !== null) return no(inputs.publishProblem);
  const { lastTickAtMs, startedAtMs, caughtUpAtMs, nowMs, publishIntervalMs } = inputs;
  const sinceMs = Math.max(startedAtMs, lastTickAtMs ?? startedAtMs, caughtUpAtMs ?? startedAtMs);
  const ageMs = nowMs - sinceMs;
  if (ageMs < TICK_INTERVALS_MAX * publishIntervalMs) return OK;
  const seconds = Math.floor(ageMs / 1000);
  return no(
    lastTickAtMs === null
      ? `no statistics yet, ${seconds} s after the start or the end of catching up`
      : `no new statistics for ${seconds} s`,
  );
}

/**
 * Missing messages are only a warning: they are lost for good, and neither other routing nor a restart brings them
 * back.
 */
function judgeMessages(missing: readonly MissingListing[]): ComponentReadiness {
  if (missing.length === 0) return OK;
  const sentences = missing.map((listing) => describeMissing(listing)).join(' ');
  return { ok: true, reason: `${sentences} Acknowledge with: ${ACKNOWLEDGE_COMMAND}` };
}
