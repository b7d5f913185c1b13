// The decisions of a seed: settings, load, possible faults and changes of the stream. Pure: the same seed gives the
// same scenario, but not the same interleaving, which depends on the machine.

import { createRandom, type Random } from '../../../src/lib/random.ts';

/** The changes to the stream between two stretches of faults. */
export const STREAM_CHANGES = ['none', 'purge', 'recreate', 'restore'] as const;
export type StreamChange = (typeof STREAM_CHANGES)[number];

export interface Scenario {
  readonly seed: number;
  readonly seconds: number;
  /** Settings of every aggregator of the run, chaos or not. */
  readonly settings: Readonly<Record<string, string>>;
  readonly isLimited: boolean;
  /** See `IngestSeams`; null: nothing is pruned. */
  readonly pruneEvery: { readonly messages: number; readonly keepMs: number } | null;
  readonly streamChange: StreamChange;
  readonly load: LoadShape;
}

export interface LoadShape {
  /** The interval between waves of nodes that are never heard afterwards; a wave lasts a little longer. */
  readonly waveMs: number;
  readonly nodesPerWave: number;
  /** Messages of one node in a minute, repeats not counted. */
  readonly ratePerMinute: number;
  readonly duplicates: number;
  readonly rubbish: number;
}

/** The seed chooses the scenario, except for the choices in `only`. */
export function createScenario(seed: number, seconds: number, only: Partial<Scenario> = {}): Scenario {
  const random = createRandom(seed, 'scenario');
  const chosen = random.chance(0.5);
  const isLimited = only.isLimited ?? chosen;
  const isPruned = random.chance(0.5);
  const every = { messages: 400 + random.below(900), keepMs: 3000 + random.below(5000) };
  const change = random.pick(['none', 'none', 'none', 'purge', 'purge', 'recreate', 'restore'] as const);
  const load = {
    waveMs: 3000 + random.below(4000),
    nodesPerWave: 30 + random.below(60),
    ratePerMinute: 200 + random.below(200),
    duplicates: random.pick([0, 0.1, 0.3]),
    rubbish: random.pick([0, 0.02, 0.1]),
  };
  return {
    seed,
    seconds,
    isLimited,
    pruneEvery: isPruned ? every : null,
    streamChange: change,
    load,
    settings: { ...COMMON, ...(isLimited ? limits(random) : UNLIMITED) },
    ...only,
  };
}

const COMMON = {
  EMBEDDED_NATS: 'off',
  WORKERS: '1',
  PUBLISH_INTERVAL: '300',
  RETENTION_DAYS: '0',
  PRIVACY_MIN_CELL: '3',
  INGEST_MODE: 'jetstream',
};

/** No node becomes stale in a run: states follow only from joins and leaves, and can be compared as well. */
const UNLIMITED = {
  RATE_LIMIT_PER_MINUTE: '0',
  NEW_NODES_PER_MINUTE: '0',
  MAX_NODES: '0',
  STALE_AFTER: '3600000',
  OFFLINE_AFTER: '7200000',
};

/** Tight enough that each limit refuses something, and that nodes are evicted; states then depend on silence. */
function limits(random: Random): Record<string, string> {
  return {
    RATE_LIMIT_PER_MINUTE: String(random.pick([60, 150, 300])),
    RATE_LIMIT_BURST: String(1 + random.below(20)),
    RATE_LIMIT_GLOBAL_PER_SECOND: String(random.pick([0, 0, 100, 250])),
    NEW_NODES_PER_MINUTE: String(random.pick([0, 60, 600])),
    MAX_NODES: String(random.pick([0, 40, 90])),
    STALE_AFTER: '1500',
    OFFLINE_AFTER: '3000',
  };
}
