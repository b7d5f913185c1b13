// What Prometheus reads (specification, section 10): the registry, filled at each scrape from one snapshot of the
// ingest thread's counters. The only owner of prom-client; it never counts a message itself and has no node ids.

import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import {
  COMMIT_BOUNDS_SECONDS,
  PUBLISH_TO_COMMIT_BOUNDS_SECONDS,
  QUERY_BOUNDS_SECONDS,
} from './config/bounds.ts';
import type { HistogramSnapshot, IngestAccounts, IngestStatus } from './domain/federation/accounting.ts';
import type { NodeTrust } from './domain/federation/facts.ts';
import { type Missing, MISSING_OUTCOMES, unacknowledged } from './domain/federation/missing.ts';
import { NODE_STATES, type NodeState } from './domain/federation/vocabulary.ts';
import { systemClock, type Clock } from './lib/clock.ts';
import { DELAY_QUANTILES, EventLoopDelay, type DelayMoment } from './metrics/event-loop-delay.ts';
import { INGEST_READINGS } from './metrics/ingest-readings.ts';
import { PROCESS_READINGS, measureProcess } from './metrics/process-readings.ts';
import { counter, gauge, type Reading } from './metrics/reading.ts';
import { JOIN_OUTCOMES, type JoinOutcome } from './sinks/federation/join-answer.ts';

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

/** Makes the metrics; every series is there from the start, with 0 as long as nothing was counted or measured. */
export function createMetrics(parts: MetricsParts): Metrics {
  const clock = parts.clock ?? systemClock;
  const registry = new Registry();
  const registers = [registry];
  const fillIngest = register(registry, INGEST_READINGS);
  const fillMain = register(registry, MAIN_READINGS);
  const fillProcess = register(registry, PROCESS_READINGS);

  const publishToCommit = new CountedHistogram(
    registry,
    'aggregator_publish_to_commit_seconds',
    'From the broker time of a message to the commit of its batch.',
    PUBLISH_TO_COMMIT_BOUNDS_SECONDS,
  );
  const commit = new CountedHistogram(
    registry,
    'aggregator_commit_seconds',
    'Duration of a transaction of the writer.',
    COMMIT_BOUNDS_SECONDS,
  );
  const transitions = new Counter({
    name: 'aggregator_node_transitions_total',
    help: 'Changes of state of nodes.',
    labelNames: ['from', 'to'],
    registers,
  });
  for (const from of NODE_STATES) {
    for (const to of NODE_STATES) if (from !== to) transitions.inc({ from, to }, 0);
  }
  const joins = new Counter({
    name: 'aggregator_join_requests_total',
    help: 'Requests to join that were read, by what was answered.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of JOIN_OUTCOMES) joins.inc({ outcome }, 0);
  const tickSeconds = new Histogram({
    name: 'aggregator_tick_seconds',
    help: 'Duration of a tick: statistics computed, recorded and published.',
    buckets: [...QUERY_BOUNDS_SECONDS],
    registers,
  });
  const workerSeconds = new Histogram({
    name: 'aggregator_worker_run_seconds',
    help: 'Duration of an answered task of the worker pool, from asking to answer.',
    buckets: [...QUERY_BOUNDS_SECONDS],
    registers,
  });
  const lastPublish = new Gauge({
    name: 'aggregator_last_publish_timestamp_seconds',
    help: 'Unix time of the last publication of statistics; 0 before the first.',
    registers,
  });
  const drift = new Gauge({
    name: 'aggregator_rollup_drift',
    help: 'Roll-up cells and totals that differed from a recount at the last audit; 0 before the first.',
    registers,
  });
  const lastAudit = new Gauge({
    name: 'aggregator_last_audit_timestamp_seconds',
    help: 'Unix time of the end of the last audit that was made; 0 before the first.',
    registers,
  });
  let publishedMs: number | null = null;
  let auditedMs: number | null = null;
  const eventLoop = new EventLoopDelay(clock.monotonicMs());
  const delay = new DelaySummary(
    registry,
    'nodejs_eventloop_delay_seconds',
    'How late the event loop of the main thread comes to its timers, over the last one to two minutes.',
  );

  return {
    contentType: registry.contentType,
    async text() {
      const processMoment = await measureProcess();
      // Nothing waits between here and the registry's own reading: all numbers are of one moment, also when two
      // scrapes overlap.
      const accounts = parts.accounts();
      fillIngest({ accounts, status: parts.status() });
      publishToCommit.snapshot = accounts?.publishToCommit ?? null;
      commit.snapshot = accounts?.commit ?? null;
      fillMain(parts);
      fillProcess({ ...processMoment, startedAtSeconds: parts.wallMs(0) / 1000 });
      // A wall clock that was set since then would make these moments look late, or yet to come.
      if (publishedMs !== null) lastPublish.set(parts.wallMs(publishedMs) / 1000);
      if (auditedMs !== null) lastAudit.set(parts.wallMs(auditedMs) / 1000);
      delay.moment = eventLoop.read(clock.monotonicMs());
      return registry.metrics();
    },
    transition: (from, to) => transitions.inc({ from, to }),
    tick: (seconds) => tickSeconds.observe(seconds),
    join: (outcome) => joins.inc({ outcome }),
    published(monotonicMs) {
      publishedMs = monotonicMs;
    },
    workerRun: (seconds) => workerSeconds.observe(seconds),
    audited(differing, monotonicMs) {
      drift.set(differing);
      auditedMs = monotonicMs;
    },
    stop: () => eventLoop.stop(),
  };
}

/** Puts readings into the registry; the function returned fills them from a source. */
function register<S>(registry: Registry, readings: readonly Reading<S>[]): (source: S) => void {
  const fills = readings.map(({ name, type, help, labels, read }) => {
    const config = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'gauge') {
      const metric = new Gauge(config);
      return (source: S) => {
        for (const [sampleLabels, value] of read(source)) metric.set(sampleLabels, value);
      };
    }
    const metric = new Counter(config);
    return (source: S) => {
      metric.reset();
      for (const [sampleLabels, value] of read(source)) metric.inc(sampleLabels, value);
    };
  });
  return (source) => {
    for (const fill of fills) fill(source);
  };
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A histogram whose observations were counted in another thread. */
class CountedHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #boundsSeconds: readonly number[];
  snapshot: HistogramSnapshot | null = null;

  constructor(registry: Registry, name: string, help: string, boundsSeconds: readonly number[]) {
    super({ name, help, registers: [registry] });
    this.#name = name;
    this.#help = help;
    this.#boundsSeconds = boundsSeconds;
  }

  /** What the registry renders instead of our own, empty, observations. */
  getForPromString() {
    const bounds = this.snapshot?.boundsSeconds ?? this.#boundsSeconds;
    const values: Sample[] = [];
    let count = 0;
    for (const [index, le] of [...bounds, '+Inf'].entries()) {
      count += this.snapshot?.counts[index] ?? 0;
      values.push({ metricName: `${this.#name}_bucket`, labels: { le }, value: count });
    }
    values.push({ metricName: `${this.#name}_sum`, labels: {}, value: this.snapshot?.sumSeconds ?? 0 });
    values.push({ metricName: `${this.#name}_count`, labels: {}, value: count });
    return { name: this.#name, help: this.#help, type: 'histogram', values };
  }
}

/** The event-loop delay, measured by the runtime. */
class DelaySummary extends Summary {
  readonly #name: string;
  readonly #help: string;
  moment: DelayMoment | null = null;

  constructor(registry: Registry, name: string, help: string) {
    super({ name, help, registers: [registry] });
    this.#name = name;
    this.#help = help;
  }

  /** What the registry renders instead of our own, empty, observations. */
  getForPromString() {
    const values: Sample[] = DELAY_QUANTILES.map((quantile, index) => ({
      metricName: this.#name,
      labels: { quantile },
      value: this.moment?.quantilesSeconds[index] ?? 0,
    }));
    values.push({ metricName: `${this.#name}_sum`, labels: {}, value: this.moment?.sumSeconds ?? 0 });
    values.push({ metricName: `${this.#name}_count`, labels: {}, value: this.moment?.count ?? 0 });
    return { name: this.#name, help: this.#help, type: 'summary', values };
  }
}
