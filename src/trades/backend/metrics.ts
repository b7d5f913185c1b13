// The metrics of the reference backend for Prometheus (docs/metrics.md#reference-backend-of-trades), from one view of
// it at each scrape. No client id is a label.

import { type FeedMoment, feedReadings } from '../../metrics/program-readings.ts';
import { gauge, type Reading } from '../../metrics/reading.ts';
import { type Exposition, MetricsRegistry, type RegistryParts } from '../../metrics/registry.ts';
import { INTAKE_BOUNDS_SECONDS } from './intake.ts';
import type { BackendView } from './view.ts';

/** Sources of the numbers; at a scrape all are read at one moment. */
export interface BackendMetricsParts extends RegistryParts {
  view(): BackendView;
  /** Readers of the page's live feed. */
  feed(): FeedMoment;
}

const READINGS: readonly Reading<BackendView>[] = [
  {
    name: 'aggregator_ingest_summaries_total',
    type: 'counter',
    help: 'Summaries received, by what became of them.',
    labels: ['outcome'],
    read: ({ outcomes }) => Object.entries(outcomes).map(([outcome, count]) => [{ outcome }, count]),
  },
  gauge(
    'aggregator_ingest_clients',
    'Clients, each provenance counted.',
    ({ status }) => status?.counts.clients ?? 0,
  ),
  gauge(
    'aggregator_ingest_stored_summaries',
    'Summaries in the database.',
    ({ status }) => status?.counts.summaries ?? 0,
  ),
  gauge(
    'aggregator_ingest_last_received_timestamp_seconds',
    'When the latest summary was stored, in Unix time; 0 without any.',
    ({ status }) => (status?.counts.receivedMs ?? 0) / 1000,
  ),
  gauge('aggregator_ingest_waiting', 'Requests that wait for the database.', ({ waiting }) => waiting),
  gauge(
    'aggregator_ingest_body_bytes',
    'Bytes of bodies that are being received or stored.',
    ({ bodyBytes }) => bodyBytes,
  ),
  gauge('aggregator_ingest_keys', 'Public keys whose summaries are taken.', ({ keys }) => keys),
  {
    name: 'aggregator_ingest_key_refreshes_total',
    type: 'counter',
    help: 'Times that the keys were read again, by outcome.',
    labels: ['outcome'],
    read: ({ keyRefreshes }) => Object.entries(keyRefreshes).map(([outcome, count]) => [{ outcome }, count]),
  },
  gauge('aggregator_ingest_database_up', 'Whether the database takes summaries.', ({ status }) =>
    status !== null && status.databaseProblem === null ? 1 : 0,
  ),
  gauge(
    'aggregator_ingest_database_size_bytes',
    'Size of the database with its log.',
    ({ status }) => status?.databaseSizeBytes ?? 0,
  ),
  gauge(
    'aggregator_ingest_disk_free_bytes',
    'Free space on the file system of the database; 0 if the system does not report it.',
    ({ status }) => status?.diskFreeBytes ?? 0,
  ),
];

/** Makes the metrics. Counters with labels have all their series from the start. */
export function createBackendMetrics(parts: BackendMetricsParts): Exposition {
  const registry = new MetricsRegistry(parts);
  // Of the current scrape: readings that are added first are filled first.
  let view: BackendView | null = null;
  registry.addReadings(READINGS, () => (view = parts.view()));
  registry.addReadings(feedReadings('aggregator_ingest'), () => parts.feed());
  registry.addCounted(
    {
      name: 'aggregator_ingest_answer_seconds',
      help: 'From the last byte of a summary to its answer.',
    },
    INTAKE_BOUNDS_SECONDS,
    () => view?.intakeSeconds ?? null,
  );
  return registry;
}
