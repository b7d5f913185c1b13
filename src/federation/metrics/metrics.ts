// What Prometheus reads of the federation (docs/federation.md#metrics), from one snapshot of the ingest thread's
// counters at each scrape. It never counts a message itself and has no node ids.

import { COMMIT_BOUNDS_SECONDS, PUBLISH_TO_COMMIT_BOUNDS_SECONDS } from '../domain/accounting.ts';
import type { IngestAccounts, IngestStatus } from '../domain/accounting.ts';
import type { NodeTrust } from '../domain/statistics.ts';
import { type Missing, MISSING_OUTCOMES, unacknowledged } from '../domain/missing.ts';
import { FAILURE_OUTCOMES, type FailureOutcome } from '../../actors/restart.ts';
import { NODE_STATES, type NodeState } from '../../lifecycle/node-state.ts';
import type { Clock } from '../../lib/clock.ts';
import { INGEST_READINGS } from './ingest-readings.ts';
import { MetricsRegistry } from '../../metrics/registry.ts';
import { counter, gauge, type Reading } from '../../metrics/reading.ts';
import { JOIN_OUTCOMES, type JoinOutcome } from '../sinks/join-answer.ts';

/** Upper bounds of `aggregator_tick_seconds` and `aggregator_worker_run_seconds`. */
export const QUERY_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Where the numbers come from; all are asked at one moment, when Prometheus asks us. */
export interface MetricsParts {
  /** The ingest thread's latest counters; null before it reported. */
  accounts(): IngestAccounts | null;
  /** The source's latest state; null before it reported. */
  status(): IngestStatus | null;
  /** Nodes by state, as their actors see them. */
  nodes(): Readonly<Record<NodeState, number>>;
  /** Nodes that have a row, by who spoke last for them. */
  trust(): NodeTrust;
  /** Messages missing from the numbers. */
  missing(): Missing;
  pool(): { readonly queueTasks: number };
  /** Readers of the live feed. */
  feed(): { readonly clients: number; readonly dropped: number; readonly refused: number };
  /** Seconds without a free file descriptor. */
  descriptors(): { readonly seconds: number };
  /** Log lines that could not be written. */
  logLoss(): { readonly lines: number };
  /** What the broker does not let us do at the moment. */
  refusals(): number;
  /** Of the program. */
  readonly version: string;
  /** The wall time of a moment of the monotonic clock, by the wall clock as it is set now. */
  wallMs(monotonicMs: number): number;
  readonly clock?: Pick<Clock, 'monotonicMs'>;
}

/** The metrics of one process. */
export interface Metrics {
  readonly contentType: string;
  /** All metrics in the text format. */
  text(): Promise<string>;
  /** A node changed its state. */
  transition(from: NodeState, to: NodeState): void;
  /** A tick computed, recorded and published its statistics in so many seconds. */
  tick(seconds: number): void;
  /** A node asked to join. */
  join(outcome: JoinOutcome): void;
  /** A node's actor failed. */
  actorFailed(outcome: FailureOutcome): void;
  /** Statistics were published at this moment of the monotonic clock. */
  published(monotonicMs: number): void;
  /** A task of the worker pool ran for so many seconds. */
  workerRun(seconds: number): void;
  /** An audit was made, at this moment of the monotonic clock: so much differed. */
  audited(differing: number, monotonicMs: number): void;
  /** Ends the measuring of the event loop. */
  stop(): void;
}

const MAIN_READINGS: readonly Reading<MetricsParts>[] = [
  {
    name: 'aggregator_nodes',
    type: 'gauge',
    help: 'Nodes by state.',
    labels: ['state'],
    read: (parts) => {
      const counts = parts.nodes();
      return NODE_STATES.map((state) => [{ state }, counts[state]]);
    },
  },
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
    'Tasks that wait for the worker pool.',
    (parts) => parts.pool().queueTasks,
  ),
  gauge(
    'aggregator_broker_refusals',
    'What the broker does not let us do at the moment: subjects to subscribe or publish to.',
    (parts) => parts.refusals(),
  ),
  gauge('aggregator_feed_clients', 'Open readers of the live feed.', (parts) => parts.feed().clients),
  counter(
    'aggregator_feed_clients_dropped_total',
    'Readers of the live feed that were too slow and were dropped.',
    (parts) => parts.feed().dropped,
  ),
  counter(
    'aggregator_feed_clients_refused_total',
    'Readers of the live feed that were refused because there were too many.',
    (parts) => parts.feed().refused,
  ),
  counter(
    'aggregator_descriptors_exhausted_seconds_total',
    'Seconds in which no file descriptor was left.',
    (parts) => parts.descriptors().seconds,
  ),
  counter(
    'aggregator_log_lines_dropped_total',
    'Log lines that could not be written.',
    (parts) => parts.logLoss().lines,
  ),
  {
    name: 'aggregator_build_info',
    type: 'gauge',
    help: 'Always 1; the labels are the versions of the program and of Node.',
    labels: ['version', 'node'],
    read: (parts) => [[{ version: parts.version, node: process.versions.node }, 1]],
  },
];

/** Makes the metrics. The help of each says which series are there from the start. */
export function createMetrics(parts: MetricsParts): Metrics {
  const registry = new MetricsRegistry(parts);
  addIngest(registry, parts);
  registry.addReadings(MAIN_READINGS, () => parts);
  return {
    contentType: registry.contentType,
    text: () => registry.text(),
    ...countNodes(registry),
    ...measureWork(registry),
    stop: () => registry.stop(),
  };
}

/** What the ingest thread counts and measures. */
function addIngest(registry: MetricsRegistry, parts: MetricsParts): void {
  // Of the scrape under way: what is added first is filled first.
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
  const transitions = registry.counter({
    name: 'aggregator_node_transitions_total',
    help: 'Changes of state of nodes.',
    labels: ['from', 'to'],
  });
  for (const from of NODE_STATES) {
    for (const to of NODE_STATES) if (from !== to) transitions.inc({ from, to }, 0);
  }
  const joins = registry.counter({
    name: 'aggregator_join_requests_total',
    help: 'Requests to join that were read, by what was answered.',
    labels: ['outcome'],
  });
  for (const outcome of JOIN_OUTCOMES) joins.inc({ outcome }, 0);
  const failures = registry.counter({
    name: 'aggregator_actor_failures_total',
    help: 'Failures of node actors, by what became of the actor.',
    labels: ['outcome'],
  });
  for (const outcome of FAILURE_OUTCOMES) failures.inc({ outcome }, 0);
  return {
    transition: (from, to) => transitions.inc({ from, to }),
    join: (outcome) => joins.inc({ outcome }),
    actorFailed: (outcome) => failures.inc({ outcome }),
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
