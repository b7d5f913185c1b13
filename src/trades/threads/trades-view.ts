// Puts together what the parts of the program tell about themselves, for the page, readiness and metrics. It asks the
// parts, and keeps nothing.

import { systemClock } from '../../lib/clock.ts';
import type { DescriptorWatch } from '../../lib/descriptors.ts';
import type { LineLoss } from '../../lib/line-output.ts';
import { NO_ACCOUNTS } from '../domain/no-accounts.ts';
import type { AccountsView, OutboxView, SocketView, StoreView, TradesView } from '../domain/view.ts';
import type { JobDesk } from '../ingest/job-desk.ts';
import type { WriterSide } from './writer-side.ts';

/** The parts that are asked. */
export interface ViewParts {
  readonly isDemonstration: boolean;
  readonly version: string;
  /** ms since the epoch, and on the monotonic clock. */
  readonly startedAtMs: number;
  readonly startedMonotonicMs: number;
  readonly backendUrl: string;
  readonly keyId: string;
  readonly desk: Pick<JobDesk, 'counts' | 'nodes'>;
  readonly socket: { readonly counts: SocketView };
  readonly delivery: { readonly counts: OutboxView };
  /** Null if no enclave belongs to this service. */
  readonly accounts: { readonly view: AccountsView } | null;
  readonly writer: Pick<WriterSide, 'status' | 'facts' | 'commitSeconds'>;
  /** Why the database cannot be read; null while it can. */
  readonly readProblem: () => string | null;
  readonly descriptors: Pick<DescriptorWatch, 'problem' | 'seconds'>;
  logLoss(): LineLoss;
}

/** Makes the view of this moment. */
export function tradesView(parts: ViewParts): TradesView {
  return {
    isDemonstration: parts.isDemonstration,
    version: parts.version,
    startedAtMs: parts.startedAtMs,
    uptimeSeconds: (systemClock.monotonicMs() - parts.startedMonotonicMs) / 1000,
    backendUrl: parts.backendUrl,
    keyId: parts.keyId,
    jobs: parts.desk.counts,
    nodes: parts.desk.nodes,
    socket: parts.socket.counts,
    outbox: parts.delivery.counts,
    accounts: parts.accounts?.view ?? NO_ACCOUNTS,
    store: storeView(parts),
    readProblem: parts.readProblem(),
    descriptors: { problem: parts.descriptors.problem, seconds: parts.descriptors.seconds },
    logLoss: parts.logLoss(),
  };
}

function storeView({ writer }: ViewParts): StoreView {
  const { status, facts } = writer;
  return {
    problem: status?.databaseProblem ?? null,
    waitingFacts: facts.waiting,
    droppedFacts: facts.dropped,
    unstorableFacts: status?.unstorableFacts ?? 0,
    sizeBytes: status?.databaseSizeBytes ?? 0,
    freeBytes: status?.diskFreeBytes ?? null,
    commitSeconds: writer.commitSeconds,
  };
}
