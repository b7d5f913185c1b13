// What the running agent shows: the one snapshot from which page, API, status, readiness and metrics are made. Plain
// data, without path, address or raw id.

import type { FactCounts } from './agent-state.ts';
import type { NodeCounts, OutboundType } from './messages.ts';
import type { ShortPeriod, StatisticsOutcome, StatisticsRow } from './network-statistics.ts';
import type { SourceKind, SourceStatus } from './source-facts.ts';

/** State of the connection to the broker. */
export interface LinkView {
  readonly isConnected: boolean;
  /** Host and port of the broker; null while there is none. Never a user or password. */
  readonly server: string | null;
  /** Why there is no connection; null if there is one or no attempt has ended yet. */
  readonly reason: string | null;
  /** `open`: five sends in a row failed, and nothing is sent for a minute; `trying`: one heartbeat tries. */
  readonly breaker: 'closed' | 'open' | 'trying';
  /** Connections made since the start, less the first. */
  readonly reconnections: number;
  readonly subscriptions: number;
  /** Types of messages that the broker forbids in this connection. */
  readonly forbidden: readonly OutboundType[];
  /** Where the salt in use comes from; null without any. */
  readonly saltFrom: 'setting' | 'join' | 'kept' | null;
  /** True if the join request of this or an earlier connection was answered. */
  readonly hasJoined: boolean;
  /** Why joining failed last; null if it did not. */
  readonly joinProblem: string | null;
  /** Messages a minute that may leave. */
  readonly ratePerMinute: number;
  readonly heartbeatIntervalMs: number;
  /** When the broker last confirmed a heartbeat, in ms since the epoch; null before the first. */
  readonly lastHeartbeatMs: number | null;
}

/** Messages since the start, by type and outcome. */
export interface MessageCount {
  readonly type: OutboundType;
  readonly outcome: 'confirmed' | 'unconfirmed' | 'set_aside' | 'forbidden';
  readonly count: number;
}

/** Facts since the start of this process, by kind, source and outcome. */
export interface FactCount {
  readonly kind: 'received' | 'completed' | 'invoice';
  readonly source: SourceKind;
  readonly outcome: 'known' | 'remembered' | 'queued';
  readonly count: number;
}

/** Records and entries that gave no fact, since the start. */
export interface UnreadCount {
  readonly source: SourceKind;
  readonly reason: string;
  readonly count: number;
}

/** The whole. */
export interface AgentView {
  readonly nodeId: string;
  readonly isEnabled: boolean;
  readonly sharesTasks: boolean;
  readonly isDemonstration: boolean;
  readonly startedMs: number;
  readonly link: LinkView;
  readonly sources: readonly SourceStatus[];
  readonly counts: NodeCounts;
  /** Messages in the outbox. */
  readonly waiting: number;
  readonly queueMax: number;
  /** Completions that wait for the log's metrics. */
  readonly awaitingMetrics: number;
  readonly facts: FactCounts;
  readonly factCounts: readonly FactCount[];
  readonly messageCounts: readonly MessageCount[];
  readonly unreadCounts: readonly UnreadCount[];
  readonly statistics: StatisticsRow | null;
  readonly periods: Readonly<Partial<Record<ShortPeriod, StatisticsRow>>>;
  readonly statisticsCounts: Readonly<Record<StatisticsOutcome, number>>;
  /** True if another key than the pinned one was offered: `agent trust` accepts it. */
  readonly isOtherKeyOffered: boolean;
  /** Why the state file cannot be written; null if it can. */
  readonly stateProblem: string | null;
  readonly databaseBytes: number;
  readonly logLinesDropped: number;
}
