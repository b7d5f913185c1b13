// The metrics of messages, source and store, from one snapshot of the ingest thread. Before the first snapshot every
// series exists with the value 0, so that rates work from the start.

import { OUTCOMES, type IngestAccounts, type IngestStatus, type PerSubject } from '../domain/accounting.ts';
import { LABEL_DIMENSIONS, REJECT_REASONS, SUBJECTS } from '../domain/vocabulary.ts';
import { counter, gauge, type Reading, type SeriesValue } from '../../metrics/reading.ts';

/** A snapshot of the ingest thread; null before its first report. */
export interface IngestMoment {
  readonly accounts: IngestAccounts | null;
  readonly status: IngestStatus | null;
}

/** Values of the label `subject`: the six subjects, and `other` for messages on another subject. */
const SUBJECT_LABELS: readonly string[] = [...SUBJECTS, 'other'];

/** All counters and gauges that are read from the ingest thread's snapshot. */
export const INGEST_READINGS: readonly Reading<IngestMoment>[] = [
  {
    name: 'aggregator_messages_received_total',
    type: 'counter',
    help: 'Messages read from the broker.',
    labels: ['subject'],
    read: ({ accounts }) => perSubject(accounts?.received, {}),
  },
  {
    name: 'aggregator_messages_total',
    type: 'counter',
    help: 'Messages by what became of them.',
    labels: ['subject', 'outcome'],
    read: ({ accounts }) =>
      OUTCOMES.flatMap((outcome) => perSubject(accounts?.outcomes[outcome], { outcome })),
  },
  {
    name: 'aggregator_messages_rejected_total',
    type: 'counter',
    help: 'Rejected messages by the first reason that applied.',
    labels: ['subject', 'reason'],
    read: ({ accounts }) =>
      REJECT_REASONS.flatMap((reason) => perSubject(accounts?.rejected[reason], { reason })),
  },
  counter(
    'aggregator_messages_lost_total',
    'Messages that the stream dropped before the aggregator read them.',
    ({ accounts }) => accounts?.lost ?? 0,
  ),
  gauge(
    'aggregator_in_flight_messages',
    'Messages received whose batch is not committed yet.',
    ({ accounts }) => accounts?.inFlight ?? 0,
  ),
  {
    name: 'aggregator_unknown_labels_total',
    type: 'counter',
    help: 'Label strings outside their vocabulary, counted as absent.',
    labels: ['dimension'],
    read: ({ accounts }) =>
      LABEL_DIMENSIONS.map((dimension) => [{ dimension }, accounts?.unknownLabels[dimension] ?? 0]),
  },
  counter(
    'aggregator_task_disagreements_total',
    'Completion reports whose outcome differed from the one recorded.',
    ({ accounts }) => accounts?.disagreements ?? 0,
  ),
  counter(
    'aggregator_future_time_messages_total',
    "Messages whose broker time was more than 60 s ahead of the aggregator's clock.",
    ({ accounts }) => accounts?.futureTimes ?? 0,
  ),
  gauge(
    'aggregator_ingest_lag_seconds',
    'Age of the oldest message unread or not committed; when there is none, of the newest at its commit.',
    ({ status }) => (status?.lagMs ?? 0) / 1000,
  ),
  gauge(
    'aggregator_pending_messages',
    "Messages in the stream beyond the aggregator's position.",
    ({ status }) => status?.pending ?? 0,
  ),
  gauge(
    'aggregator_backlog_bytes',
    'Payload that was read and is not yet with the writer.',
    ({ status }) => status?.backlogBytes ?? 0,
  ),
  {
    name: 'aggregator_unreadable_total',
    type: 'counter',
    help: 'Rounds and commands of a cluster that this replica skipped because it cannot read them.',
    labels: ['kind'],
    read: ({ status }) =>
      (['rounds', 'commands'] as const).map((kind) => [{ kind }, status?.unreadable?.[kind] ?? 0]),
  },
  gauge('aggregator_catching_up', 'Whether the source is catching up, 0 or 1.', ({ status }) =>
    Number(status?.catchingUp ?? false),
  ),
  {
    name: 'aggregator_ingest_mode',
    type: 'gauge',
    help: 'How messages are read: 1 for the mode in use, 0 for the other.',
    labels: ['mode'],
    read: ({ status }) => ['jetstream', 'core'].map((mode) => [{ mode }, Number(status?.mode === mode)]),
  },
  gauge(
    'aggregator_clock_offset_seconds',
    "The broker's clock minus the aggregator's clock, from the newest message read live; 0 before the first.",
    ({ status }) => (status?.clockOffsetMs ?? 0) / 1000,
  ),
  gauge('aggregator_broker_connected', 'Whether the broker is connected, 0 or 1.', ({ status }) =>
    Number(status?.connected ?? false),
  ),
  counter(
    'aggregator_broker_reconnects_total',
    'Times the connection to the broker was made again.',
    ({ status }) => status?.reconnects ?? 0,
  ),
  gauge(
    'aggregator_db_size_bytes',
    'Size of the database on disk.',
    ({ status }) => status?.databaseSizeBytes ?? 0,
  ),
  gauge(
    'aggregator_disk_free_bytes',
    'Free space on the file system of the database.',
    ({ status }) => status?.diskFreeBytes ?? 0,
  ),
  gauge(
    'aggregator_disk_size_bytes',
    'Size of the file system of the database.',
    ({ status }) => status?.diskSizeBytes ?? 0,
  ),
];

function perSubject(
  counts: PerSubject | undefined,
  labels: Readonly<Record<string, string>>,
): readonly SeriesValue[] {
  return SUBJECT_LABELS.map((subject, index) => [{ subject, ...labels }, counts?.[index] ?? 0]);
}
