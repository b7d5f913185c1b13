// The metrics of mining for Prometheus (docs/metrics.md#mining), from one view of the program at each scrape.

import { FAILURE_OUTCOMES, type FailureOutcome } from '../../actors/restart.ts';
import type { HistogramSnapshot } from '../../lib/histogram.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import { countTransitions, countWords } from '../../metrics/counted-words.ts';
import { addLastBackup, type BackupTime } from '../../metrics/last-backup.ts';
import { type FeedMoment, feedReadings } from '../../metrics/program-readings.ts';
import { gauge, type Reading } from '../../metrics/reading.ts';
import { type Exposition, MetricsRegistry, type RegistryParts } from '../../metrics/registry.ts';
import type { StatsDocument } from '../domain/statistics.ts';
import {
  ANSWER_BOUNDS_SECONDS,
  CHECK_BOUNDS_SECONDS,
  COMMIT_BOUNDS_SECONDS,
  type MiningView,
} from '../domain/view.ts';
import { UPSTREAM_READINGS } from './upstream-readings.ts';
import { VIEW_READINGS } from './view-readings.ts';

/** Sources of the numbers; at a scrape all are read at one moment. */
export interface MetricsParts extends RegistryParts {
  view(): MiningView;
  /** The statistics of the last second. */
  statistics(): StatsDocument;
  /** Readers of the dashboard's live feed; zeros if the dashboard is off. */
  feed(): FeedMoment;
  readonly lastBackup: BackupTime;
}

/** The metrics of one process. */
export interface Metrics extends Exposition {
  /** Records that a machine changed its state. */
  transition(from: NodeState, to: NodeState): void;
  /** Records a failure of an actor. */
  actorFailed(outcome: FailureOutcome): void;
}

const BYTES_PER_TIB = 2 ** 40;

const STATISTICS_READINGS: readonly Reading<StatsDocument>[] = [
  gauge(
    'aggregator_mining_active_machines',
    'Machines seen within 300 s.',
    ({ activeMachines }) => activeMachines,
  ),
  gauge(
    'aggregator_mining_capacity_bytes',
    'Capacity of all machines of the last 24 h, estimated from their submissions.',
    ({ machines }) =>
      machines.reduce((sum, { totalCapacityTib }) => sum + totalCapacityTib, 0) * BYTES_PER_TIB,
  ),
];

/** Makes the metrics. Counters with labels have all their series from the start. */
export function createMetrics(parts: MetricsParts): Metrics {
  const registry = new MetricsRegistry(parts);
  // Of the current scrape: readings that are added first are filled first.
  let view: MiningView | null = null;
  registry.addReadings([...VIEW_READINGS, ...UPSTREAM_READINGS], () => (view = parts.view()));
  registry.addReadings(STATISTICS_READINGS, () => parts.statistics());
  registry.addReadings(feedReadings('aggregator_mining'), () => parts.feed());
  addLastBackup(registry, 'aggregator_mining', parts.lastBackup);
  addHistograms(registry, () => view);
  return {
    contentType: registry.contentType,
    text: () => registry.text(),
    ...countMachines(registry),
    stop: () => registry.stop(),
  };
}

function addHistograms(registry: MetricsRegistry, view: () => MiningView | null): void {
  const histograms: readonly [
    string,
    string,
    readonly number[],
    () => HistogramSnapshot | undefined | null,
  ][] = [
    [
      'aggregator_mining_answer_seconds',
      'From the last byte of a request of a miner to its answer.',
      ANSWER_BOUNDS_SECONDS,
      () => view()?.door.answerSeconds,
    ],
    [
      'aggregator_mining_proof_check_seconds',
      'From the question for a check of a proof to its outcome.',
      CHECK_BOUNDS_SECONDS,
      () => view()?.proofs.checkSeconds,
    ],
    [
      'aggregator_mining_commit_seconds',
      'Duration of a transaction of the writer.',
      COMMIT_BOUNDS_SECONDS,
      () => view()?.store.commitSeconds,
    ],
  ];
  for (const [name, help, bounds, read] of histograms)
    registry.addCounted({ name, help }, bounds, () => read() ?? null);
}

function countMachines(registry: MetricsRegistry): Pick<Metrics, 'transition' | 'actorFailed'> {
  return {
    transition: countTransitions(registry, {
      name: 'aggregator_mining_machine_transitions_total',
      help: 'Changes of state of machines.',
    }),
    actorFailed: countWords(
      registry,
      {
        name: 'aggregator_mining_actor_failures_total',
        help: 'Failures of actors, by what became of the actor.',
      },
      'outcome',
      FAILURE_OUTCOMES,
    ),
  };
}
