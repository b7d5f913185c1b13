// The statistics that the aggregator publishes, as the agent keeps and shows them (docs/agent.md#statistics). Plain data.

/** Label to count, in the order of the publication. */
export type Distribution = Readonly<Record<string, number>>;

/** The counts of a message, by the names of the wire. */
export const COUNT_NAMES = [
  'activeNodes',
  'totalNodes',
  'totalTasks',
  'completedTasks',
  'failedTasks',
  'cachedTasks',
  'tasksLast24h',
  'totalInvoices',
  'invoicesLast24h',
] as const;
/** One of {@link COUNT_NAMES}. */
export type CountName = (typeof COUNT_NAMES)[number];

/** The states of nodes, which the earlier aggregator does not send. */
export const NODE_COUNT_NAMES = ['onlineNodes', 'staleNodes', 'offlineNodes'] as const;
/** One of {@link NODE_COUNT_NAMES}. */
export type NodeCountName = (typeof NODE_COUNT_NAMES)[number];

/** The distributions of a message, by the names of the wire. */
export const DISTRIBUTION_NAMES = [
  'executionTimeDistribution',
  'gasUsageDistribution',
  'stepsComputedDistribution',
  'memoryUsedDistribution',
  'chainDistribution',
  'taskTypeDistribution',
  'continentDistribution',
  'locationDistribution',
] as const;
/** One of {@link DISTRIBUTION_NAMES}. */
export type DistributionName = (typeof DISTRIBUTION_NAMES)[number];

/** Whether the statistics were signed with the known key. `none`: no key is known, so nothing was checked. */
export type SignatureState = 'valid' | 'none';

/** One message of statistics, checked and complete. */
export interface StatisticsRow {
  readonly counts: Readonly<Record<CountName, number>>;
  /** Null where the message has none. */
  readonly nodeCounts: Readonly<Record<NodeCountName, number | null>>;
  /** Percent with one decimal. */
  readonly successRate: number;
  readonly cacheHitRate: number;
  readonly distributions: Readonly<Record<DistributionName, Distribution>>;
  /** `timestamp` of the message in ms since the epoch. */
  readonly publishedMs: number;
  /** When it arrived here, in ms since the epoch. */
  readonly receivedMs: number;
  /** Empty if the message names none. */
  readonly aggregatorId: string;
  readonly signature: SignatureState;
}

/** Periods of statistics that are kept in memory only. */
export const SHORT_PERIODS = ['1h', '24h', '7d'] as const;
/** One of {@link SHORT_PERIODS}. */
export type ShortPeriod = (typeof SHORT_PERIODS)[number];

/** What became of a statistics message. */
export const STATISTICS_OUTCOMES = [
  'kept',
  'older',
  'unsigned',
  'bad_signature',
  'malformed',
  'too_large',
  // More came in a second than are read.
  'shed',
] as const;
/** One of {@link STATISTICS_OUTCOMES}. */
export type StatisticsOutcome = (typeof STATISTICS_OUTCOMES)[number];
