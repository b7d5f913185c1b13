// The metrics of the agent for Prometheus (docs/metrics.md#agent), from one view of the program at each scrape.

import { type FeedMoment, feedReadings } from '../../metrics/program-readings.ts';
import { type Exposition, MetricsRegistry, type RegistryParts } from '../../metrics/registry.ts';
import { programVersion } from '../../lib/version.ts';
import type { AgentView } from '../domain/view.ts';
import { VIEW_READINGS } from './readings.ts';

/** Sources of the numbers; at a scrape all are read at one moment. */
export interface MetricsParts extends RegistryParts {
  view(): AgentView;
  /** Readers of the page's live feed. */
  feed(): FeedMoment;
  /** This machine's clock, for the age of the statistics. */
  nowMs(): number;
}

/** Makes the metrics. Counters with labels have all their series from the start. */
export function createMetrics(parts: MetricsParts): Exposition {
  const registry = new MetricsRegistry(parts);
  const version = programVersion();
  registry.addReadings(VIEW_READINGS, () => ({ ...parts.view(), nowMs: parts.nowMs(), version }));
  registry.addReadings(feedReadings('agent'), () => parts.feed());
  return registry;
}
