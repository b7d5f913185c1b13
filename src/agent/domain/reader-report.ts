// What the reader thread reports to the rest of the program: the sources, the state and its counts. Plain data.

import type { FactCounts } from './agent-state.ts';
import type { NodeCounts } from './messages.ts';
import type { SourceStatus } from './source-facts.ts';
import type { FactCount, UnreadCount } from './view.ts';

/** The latest that the reader knows. */
export interface ReaderReport {
  readonly counts: NodeCounts;
  readonly sources: readonly SourceStatus[];
  /** Messages in the outbox. */
  readonly waiting: number;
  /** Completions that wait for the log's metrics; they count as queued. */
  readonly awaitingMetrics: number;
  /** Why the state cannot be written, with the remedy; null if it can. */
  readonly stateProblem: string | null;
  /** Since the state was made. */
  readonly facts: FactCounts;
  /** Messages that left the outbox since the state was made: queued = confirmed + set aside + waiting + awaitingMetrics. */
  readonly messages: { readonly confirmed: number; readonly setAside: number };
  /** Since the start of this process. */
  readonly factCounts: readonly FactCount[];
  /** Since the start of this process. */
  readonly unreadCounts: readonly UnreadCount[];
  readonly databaseBytes: number;
  /** Why the sources are not read at the moment; null if they are. */
  readonly pause: 'no_salt' | 'outbox_full' | 'state_problem' | null;
  /** True if everything complete was read and no completion waits for metrics. */
  readonly isAtEnd: boolean;
}
