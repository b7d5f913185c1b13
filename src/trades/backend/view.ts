// What the page, the metrics and the probes know of the running backend, and the judgement whether it is ready. Plain
// data, made at each asking.

import { no, OK, type ReadinessOf, readinessOf, reasonsOf } from '../../http/readiness.ts';
import type { HistogramSnapshot } from '../../lib/histogram.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';
import type { CountedOutcome } from './intake.ts';
import type { RefreshOutcome } from './key-ring.ts';
import type { IngestStatus } from './messages.ts';

/** The backend at this moment. */
export interface BackendView {
  readonly version: string;
  readonly startedAtMs: number;
  /** Null until the database is open. */
  readonly status: IngestStatus | null;
  readonly outcomes: Readonly<Record<CountedOutcome, number>>;
  readonly intakeSeconds: HistogramSnapshot;
  /** Requests that wait for the database. */
  readonly waiting: number;
  /** Bytes of bodies that are being received or stored. */
  readonly bodyBytes: number;
  readonly keys: number;
  readonly keyRefreshes: Readonly<Record<RefreshOutcome, number>>;
}

/** The body of `/readyz`. */
export type BackendReadiness = ReadinessOf<'database' | 'keys'>;

/** Ready if the database takes summaries. Keys that are not known yet are asked for with the first summary. */
export function judgeBackend({ status, keys }: Pick<BackendView, 'status' | 'keys'>): BackendReadiness {
  const problem = status === null ? 'the database is not open' : status.databaseProblem;
  const reason = 'no key is known yet: the first summary makes the backend ask for the keys of the service';
  return readinessOf({
    database: problem === null ? OK : no(problem),
    keys: keys > 0 ? OK : { ok: true, reason },
  });
}

/** The document of the live feed, without its time. Times are UTC text. */
export function backendLiveState(view: BackendView): JsonObject {
  const readiness = judgeBackend(view);
  const { counts } = view.status ?? {};
  const receivedMs = counts?.receivedMs ?? null;
  return {
    status: readiness.status,
    reasons: reasonsOf(readiness),
    version: view.version,
    startedAt: timeText(view.startedAtMs),
    clients: counts?.clients ?? 0,
    summaries: counts?.summaries ?? 0,
    lastReceivedAt: receivedMs === null ? null : timeText(receivedMs),
    outcomes: { ...view.outcomes },
    keys: view.keys,
  };
}

/** A time as UTC text. */
export function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}
