// The federation's metrics for Prometheus (docs/federation.md#metrics), from one snapshot of the ingest thread's
// counters at each scrape. This file counts no message itself and exposes no node id.

import { COMMIT_BOUNDS_SECONDS, PUBLISH_TO_COMMIT_BOUNDS_SECONDS } from '../domain/accounting.ts';
import { ASK_OUTCOMES, type AskOutcome } from '../cluster/ask-wire.ts';
import { OWN_EVENT_KINDS, type OwnEventKind } from '../domain/events.ts';
import type { IngestAccounts, IngestStatus } from '../domain/accounting.ts';
import type { ClusterStatus } from '../domain/cluster-status.ts';
import type { SplittersStatus } from '../domain/splitter-status.ts';
import type { NodeTrust, TickStatistics } from '../domain/statistics.ts';
import { SKIP_REASONS, type SkipReason } from '../domain/tick-rules.ts';
import { type Missing, MISSING_OUTCOMES, unacknowledged } from '../domain/missing.ts';
import { FAILURE_OUTCOMES, type FailureOutcome } from '../../actors/restart.ts';
import { NODE_STATES, type NodeState } from '../../lifecycle/node-state.ts';
import { CLUSTER_READINGS } from './cluster-readings.ts';
import { INGEST_READINGS } from './ingest-readings.ts';
import { NETWORK_READINGS } from './network-readings.ts';
import { SPLITTER_READINGS } from './splitter-readings.ts';
import { type Exposition, MetricsRegistry, type RegistryParts } from '../../metrics/registry.ts';
import { addLastBackup, type BackupTime } from '../../metrics/last-backup.ts';
import { countTransitions, countWords } from '../../metrics/counted-words.ts';
import {
  buildReading,
  descriptorReading,
  type FeedMoment,
  feedReadings,
  logReading,
  receiverReadings,
  type ReceiversMoment,
} from '../../metrics/program-readings.ts';
import { gauge, labelled, type Reading, readFrom } from '../../metrics/reading.ts';
import { JOIN_OUTCOMES, type JoinOutcome } from '../sinks/join-answer.ts';

/** Upper bounds of `aggregator_tick_seconds` and `aggregator_worker_run_seconds`. */
export const QUERY_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Sources of the numbers; at a scrape all are read at one moment. */
export interface MetricsParts extends RegistryParts {
  /** The ingest thread's latest counters; null before its first report. */
  accounts(): IngestAccounts | null;
  /** The source's latest state; null before its first report. */
  status(): IngestStatus | null;
  /** Number of nodes by state, from their actors. */
  nodes(): Readonly<Record<NodeState, number>>;
  /** Number of stored nodes, by whether their newest message was signed. */
  trust(): NodeTrust;
  /** Messages missing from the numbers. */
  missing(): Missing;
  pool(): { readonly waitingQuestions: number };
  /** Readers of the live feed. */
  feed(): FeedMoment;
  /** Seconds without a free file descriptor. */
  descriptors(): { readonly seconds: number };
  /** Number of log lines that could not be written. */
  logLoss(): { readonly lines: number };
  /** True if `/readyz` is ok. */
  isReady(): boolean;
  /** Number of refusals by the broker that are in force. */
  refusals(): number;
  /** What the process knows of its cluster; null for a process on its own. */
  cluster(): ClusterStatus | null;
  /** What the splitters of the process last said; absent or null without splitters. */
  splitters?(): SplittersStatus | null;
  /** The statistics of the last tick; null before the first. */
  tick(): TickStatistics | null;
  /** The setting `INGEST_MODE`. */
  readonly modeSetting: (typeof MODE_SETTINGS)[number];
  readonly lastBackup: BackupTime;
  /** The receivers of notifications; absent or empty if there are none. */
  receivers?(): ReceiversMoment['receivers'];
  /** The version of the program. */
  readonly version: string;
}

/** The metrics of one process. */
export interface Metrics extends Exposition {
  /** Records that a node changed its state. */
  transition(from: NodeState, to: NodeState): void;
  /** Records an event of the aggregator. */
  event(kind: OwnEventKind): void;
  /** Records a tick that computed, recorded and published its statistics in `seconds`. */
  tick(seconds: number): void;
  /** Records that a tick of the cluster was not published. */
  tickSkipped(reason: SkipReason): void;
  /** Records a question to the replicas of the cluster, or an answer that could not be read. */
  question(outcome: AskOutcome): void;
  /** Records a request to join. */
  join(outcome: JoinOutcome): void;
  /** Records a failure of a node's actor. */
  actorFailed(outcome: FailureOutcome): void;
  /** Records that statistics were published, at a time of the monotonic clock. */
  published(monotonicMs: number): void;
  /** Records a task of the worker pool that ran for `seconds`. */
  workerRun(seconds: number): void;
  /** Records an audit, at a time of the monotonic clock, and the number of differing values. */
  audited(differing: number, monotonicMs: number): void;
}

/** Values of the setting `INGEST_MODE`. */
const MODE_SETTINGS = ['auto', 'jetstream', 'core'] as const;

const MAIN_READINGS: readonly Reading<MetricsParts>[] = [
  labelled('gauge', 'aggregator_nodes', 'Nodes by state.', 'state', NODE_STATES, (parts) => parts.nodes()),
  {
    name: 'aggregator_nodes_by_trust',
    type: 'gauge',
    help: 'Nodes kept, by whether their newest message was signed.',
    labels: ['trust'],
    read: (parts) => {
      const { authenticated, claimed } = parts.trust();
      return [
        [{ trust: 'authenticated' }, authenticated],
        [{ trust: 'claimed' }, claimed],
      ];
    },
  },
  {
    name: 'aggregator_unacknowledged_messages',
    type: 'gauge',
    help: 'Messages missing from the numbers that no operator has acknowledged, over restarts.',
    labels: ['outcome'],
    read: (parts) => {
      const missing = parts.missing();
      return MISSING_OUTCOMES.map((outcome) => [{ outcome }, unacknowledged(missing[outcome])]);
    },
  },
  gauge(
    'aggregator_worker_queue_tasks',
    'Questions that wait for the worker pool.',
    (parts) => parts.pool().waitingQuestions,
  ),
  gauge('aggregator_ready', 'Whether /readyz is ok, 0 or 1.', (parts) => Number(parts.isReady())),
  gauge(
    'aggregator_broker_refusals',
    'Number of things that the broker refuses at the moment: subjects to subscribe or publish to, and limits.',
    (parts) => parts.refusals(),
  ),
  {
    name: 'aggregator_ingest_mode_setting',
    type: 'gauge',
    help: 'How messages shall be read: 1 for the value of INGEST_MODE, 0 for the others.',
    labels: ['mode'],
    read: ({ modeSetting }) => MODE_SETTINGS.map((mode) => [{ mode }, Number(mode === modeSetting)]),
  },
  ...readFrom(NETWORK_READINGS, (parts: MetricsParts) => ({ tick: parts.tick() })),
  ...readFrom(feedReadings('aggregator'), (parts: MetricsParts) => parts.feed()),
  ...readFrom([descriptorReading('aggregator')], (parts: MetricsParts) => parts.descriptors()),
  ...readFrom([logReading('aggregator')], (parts: MetricsParts) => parts.logLoss()),
  ...readFrom(CLUSTER_READINGS, (parts: MetricsParts) => ({ cluster: parts.cluster() })),
  ...readFrom(SPLITTER_READINGS, (parts: MetricsParts) => ({ splitters: parts.splitters?.() ?? null })),
  ...readFrom(receiverReadings('aggregator'), (parts: MetricsParts) => ({
    receivers: parts.receivers?.() ?? [],
  })),
  buildReading('aggregator'),
];

/** Makes the metrics. Counters with labels have all their series from the start. */
export function createMetrics(parts: MetricsParts): Metrics {
  const registry = new MetricsRegistry(parts);
  addIngest(registry, parts);
  registry.addReadings(MAIN_READINGS, () => parts);
  addLastBackup(registry, 'aggregator', parts.lastBackup);
  return {
    contentType: registry.contentType,
    text: () => registry.text(),
    ...countNodes(registry),
    ...measureWork(registry),
    event: countWords(
      registry,
      {
        name: 'aggregator_events_total',
        help: 'Events of the aggregator itself since its start, by kind.',
      },
      'kind',
      OWN_EVENT_KINDS,
    ),
    question: countWords(
      registry,
      {
        name: 'aggregator_cluster_questions_total',
        help: 'Questions of the publisher of a cluster to this process, by what became of them.',
      },
      'outcome',
      ASK_OUTCOMES,
    ),
    tickSkipped: countWords(
      registry,
      {
        name: 'aggregator_ticks_skipped_total',
        help: 'Ticks of a cluster that this process did not publish, by reason.',
      },
      'reason',
      SKIP_REASONS,
    ),
    stop: () => registry.stop(),
  };
}

/** Adds the metrics that the ingest thread counts and measures. */
function addIngest(registry: MetricsRegistry, parts: MetricsParts): void {
  // Of the current scrape: readings that are added first are filled first.
  let accounts: IngestAccounts | null = null;
  registry.addReadings(INGEST_READINGS, () => {
    accounts = parts.accounts();
    return { accounts, status: parts.status() };
  });
  registry.addCounted(
    {
      name: 'aggregator_publish_to_commit_seconds',
      help: 'From the broker time of a message to the commit of its batch.',
    },
    PUBLISH_TO_COMMIT_BOUNDS_SECONDS,
    () => accounts?.publishToCommit ?? null,
  );
  registry.addCounted(
    { name: 'aggregator_commit_seconds', help: 'Duration of a transaction of the writer.' },
    COMMIT_BOUNDS_SECONDS,
    () => accounts?.commit ?? null,
  );
}

function countNodes(registry: MetricsRegistry): Pick<Metrics, 'transition' | 'join' | 'actorFailed'> {
  return {
    transition: countTransitions(registry, {
      name: 'aggregator_node_transitions_total',
      help: 'Changes of state of nodes.',
    }),
    join: countWords(
      registry,
      {
        name: 'aggregator_join_requests_total',
        help: 'Requests to join that were read, by what was answered.',
      },
      'outcome',
      JOIN_OUTCOMES,
    ),
    actorFailed: countWords(
      registry,
      {
        name: 'aggregator_actor_failures_total',
        help: 'Failures of node actors, by what became of the actor.',
      },
      'outcome',
      FAILURE_OUTCOMES,
    ),
  };
}

function measureWork(
  registry: MetricsRegistry,
): Pick<Metrics, 'tick' | 'workerRun' | 'published' | 'audited'> {
  const tickSeconds = registry.histogram(
    {
      name: 'aggregator_tick_seconds',
      help: 'Duration of a tick: statistics computed, recorded and published.',
    },
    QUERY_BOUNDS_SECONDS,
  );
  const workerSeconds = registry.histogram(
    {
      name: 'aggregator_worker_run_seconds',
      help: 'Duration of an answered task of the worker pool, from asking to answer.',
    },
    QUERY_BOUNDS_SECONDS,
  );
  const lastPublish = registry.moment({
    name: 'aggregator_last_publish_timestamp_seconds',
    help: 'Unix time of the last publication of statistics; 0 before the first.',
  });
  const drift = registry.gauge({
    name: 'aggregator_rollup_drift',
    help: 'Roll-up cells and totals that differed from a recount at the last audit; 0 before the first.',
  });
  const lastAudit = registry.moment({
    name: 'aggregator_last_audit_timestamp_seconds',
    help: 'Unix time of the end of the last audit that was made; 0 before the first.',
  });
  return {
    tick: (seconds) => tickSeconds.observe(seconds),
    workerRun: (seconds) => workerSeconds.observe(seconds),
    published: (monotonicMs) => lastPublish.set(monotonicMs),
    audited(differing, monotonicMs) {
      drift.set(differing);
      lastAudit.set(monotonicMs);
    },
  };
}
