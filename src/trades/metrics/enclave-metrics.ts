// The metrics that the enclave itself gives (docs/metrics.md#enclave), from one status of it at each scrape. Nothing here has
// a symbol, a price or a size.

import { NODE_STATES, type NodeState } from '../../lifecycle/node-state.ts';
import { gauge, labelled, type Reading, readFrom } from '../../metrics/reading.ts';
import { type Exposition, MetricsRegistry, type RegistryParts } from '../../metrics/registry.ts';
import type { EnclaveStatus } from '../domain/enclave-link.ts';
import { COUNTER_READINGS } from './enclave-readings.ts';

/** Sources of the numbers. */
export interface EnclaveMetricsParts extends RegistryParts {
  status(): EnclaveStatus;
}

const STATUS_READINGS: readonly Reading<EnclaveStatus>[] = [
  labelled(
    'gauge',
    'aggregator_enclave_accounts',
    'Exchange accounts of this enclave by state.',
    'state',
    NODE_STATES,
    ({ accounts }) => countsOf(accounts),
  ),
  gauge(
    'aggregator_enclave_unstored_summaries',
    'Summaries that the service has not stored yet.',
    ({ unstoredSummaries }) => unstoredSummaries,
  ),
  ...readFrom(COUNTER_READINGS, ({ counters }: EnclaveStatus) => counters),
];

function countsOf(accounts: EnclaveStatus['accounts']): Readonly<Record<NodeState, number>> {
  const counts = { online: 0, stale: 0, offline: 0 };
  for (const { node } of accounts) counts[node] += 1;
  return counts;
}

/** Makes the metrics. */
export function createEnclaveMetrics(parts: EnclaveMetricsParts): Exposition {
  const registry = new MetricsRegistry(parts);
  registry.addReadings(STATUS_READINGS, () => parts.status());
  return registry;
}
