// The metrics of trades for Prometheus (docs/metrics.md#trades), from one view of the program at each scrape.

import type { HistogramSnapshot } from '../../lib/histogram.ts';
import { addLastBackup, type BackupTime } from '../../metrics/last-backup.ts';
import { type FeedMoment, feedReadings } from '../../metrics/program-readings.ts';
import { type Exposition, MetricsRegistry, type RegistryParts } from '../../metrics/registry.ts';
import type { TradesView } from '../domain/view.ts';
import { ENCLAVE_READINGS } from './enclave-readings.ts';
import { VIEW_READINGS } from './view-readings.ts';

/** Sources of the numbers; at a scrape all are read at one moment. */
export interface MetricsParts extends RegistryParts {
  view(): TradesView;
  /** Readers of the page's live feed. */
  feed(): FeedMoment;
  readonly lastBackup: BackupTime;
}

/** Makes the metrics. Counters with labels have all their series from the start. */
export function createMetrics(parts: MetricsParts): Exposition {
  const registry = new MetricsRegistry(parts);
  // Of the current scrape: readings that are added first are filled first.
  let view: TradesView | null = null;
  registry.addReadings([...VIEW_READINGS, ...ENCLAVE_READINGS], () => (view = parts.view()));
  registry.addReadings(feedReadings('aggregator_trades'), () => parts.feed());
  addLastBackup(registry, 'aggregator_trades', parts.lastBackup);
  addHistograms(registry, () => view);
  return registry;
}

function addHistograms(registry: MetricsRegistry, view: () => TradesView | null): void {
  const histograms: readonly [string, string, () => HistogramSnapshot | undefined][] = [
    [
      'aggregator_trades_seal_seconds',
      'Duration of making a summary: fold, rounding, canonical text.',
      () => view()?.jobs.sealSeconds,
    ],
    [
      'aggregator_trades_delivery_seconds',
      'Duration of an attempt to deliver a summary.',
      () => view()?.outbox.deliverySeconds,
    ],
    [
      'aggregator_trades_commit_seconds',
      'Duration of a transaction of the writer.',
      () => view()?.store.commitSeconds,
    ],
  ];
  // Every view has its histograms with their bounds, so these are never used.
  for (const [name, help, read] of histograms) registry.addCounted({ name, help }, [], () => read() ?? null);
}
