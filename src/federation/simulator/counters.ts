// The aggregator's own counters of messages, read from /metrics: how many it received, and their outcomes.

import type { CumulativeHistogram } from '../../lib/histogram-quantile.ts';
import { histogramSince } from '../../lib/histogram-quantile.ts';
import type { Sample } from '../../lib/prometheus-text.ts';
import { INPUT_SUBJECTS } from './vocabulary.ts';

/** One reading of the counters, or the difference of two. Subjects other than the six inputs are left out. */
export interface Counters {
  /** By subject. */
  readonly received: Readonly<Record<string, number>>;
  /** By `subject outcome`; the outcome is one of those of the conservation law (docs/federation.md#conservation). */
  readonly outcomes: Readonly<Record<string, number>>;
  /** By `subject reason`. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly inFlight: number;
  /** Messages in the stream that the aggregator has not committed yet; 0 with plain NATS. */
  readonly pending: number;
  /** Number of changes of state of any node to offline. */
  readonly toOffline: number;
  readonly publishToCommit: CumulativeHistogram;
  /** When the process started, in Unix seconds; 0 if the metrics do not contain it. */
  readonly startedAtSeconds: number;
}

type Series = Record<string, number>;

function bySubject(samples: readonly Sample[], name: string, label: string | null): Series {
  const series: Series = {};
  for (const sample of samples) {
    const subject = sample.labels['subject'] ?? '';
    if (sample.name !== name || !INPUT_SUBJECTS.includes(subject)) continue;
    const key = label === null ? subject : `${subject} ${sample.labels[label] ?? ''}`;
    series[key] = (series[key] ?? 0) + sample.value;
  }
  return series;
}

function sum(values: readonly number[]): number {
  return values.reduce((subtotal, value) => subtotal + value, 0);
}

function total(samples: readonly Sample[], name: string): number {
  return sum(samples.filter((sample) => sample.name === name).map((sample) => sample.value));
}

function histogram(samples: readonly Sample[], name: string): CumulativeHistogram {
  const buckets = samples
    .filter((sample) => sample.name === `${name}_bucket`)
    .map(({ labels, value }) => ({ bound: labels['le'] === '+Inf' ? Infinity : Number(labels['le']), value }))
    .toSorted((left, right) => left.bound - right.bound);
  return { bounds: buckets.map(({ bound }) => bound), cumulative: buckets.map(({ value }) => value) };
}

/** The counters of one exposition. */
export function readCounters(samples: readonly Sample[]): Counters {
  return {
    received: bySubject(samples, 'aggregator_messages_received_total', null),
    outcomes: bySubject(samples, 'aggregator_messages_total', 'outcome'),
    rejected: bySubject(samples, 'aggregator_messages_rejected_total', 'reason'),
    lost: total(samples, 'aggregator_messages_lost_total'),
    inFlight: total(samples, 'aggregator_in_flight_messages'),
    pending: total(samples, 'aggregator_pending_messages'),
    toOffline: total(
      samples.filter(({ labels }) => labels['to'] === 'offline'),
      'aggregator_node_transitions_total',
    ),
    publishToCommit: histogram(samples, 'aggregator_publish_to_commit_seconds'),
    startedAtSeconds: samples.find((sample) => sample.name.endsWith('start_time_seconds'))?.value ?? 0,
  };
}

function since(before: Series, after: Series): Series {
  return Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - (before[key] ?? 0)]));
}

/** The change of the counters between two readings of one process. */
export function countersSince(before: Counters, after: Counters): Counters {
  return {
    received: since(before.received, after.received),
    outcomes: since(before.outcomes, after.outcomes),
    rejected: since(before.rejected, after.rejected),
    lost: after.lost - before.lost,
    inFlight: after.inFlight,
    pending: after.pending,
    toOffline: after.toOffline - before.toOffline,
    publishToCommit: histogramSince(before.publishToCommit, after.publishToCommit),
    startedAtSeconds: after.startedAtSeconds,
  };
}

/**
 * True if the second reading is of another process: its start time differs, or a counter decreased. The difference of
 * the readings is then meaningless.
 */
export function hasRestarted(before: Counters, after: Counters): boolean {
  if (before.startedAtSeconds !== after.startedAtSeconds) return true;
  return Object.entries(before.received).some(([subject, value]) => (after.received[subject] ?? 0) < value);
}

/** Number of messages received on all six subjects. */
export function receivedTotal(counters: Counters): number {
  return sum(Object.values(counters.received));
}

/** Number of messages with one outcome, on one subject or on all. */
export function outcomeTotal(counters: Counters, outcome: string, subject?: string): number {
  const entries = Object.entries(counters.outcomes).filter(([key]) =>
    subject === undefined ? key.endsWith(` ${outcome}`) : key === `${subject} ${outcome}`,
  );
  return sum(entries.map(([, value]) => value));
}

/** Number of messages that have an outcome. */
export function decidedTotal(counters: Counters): number {
  return sum(Object.values(counters.outcomes));
}
