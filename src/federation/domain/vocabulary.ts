// The vocabulary of monitors: subjects, message types, closed label vocabularies and open label patterns
// (docs/federation.md#subjects, docs/federation.md#labels-and-ids). Pure data and look-ups; this file reads no message.

/** The six input subjects, in the order in which per-subject counters are kept. */
export const SUBJECTS = [
  'truebit.tasks.received',
  'truebit.tasks.completed',
  'truebit.invoices.created',
  'truebit.heartbeat',
  'truebit.nodes.joined',
  'truebit.nodes.left',
] as const;

/** The `type` member that a message on each subject must carry; same order as {@link SUBJECTS}. */
export const MESSAGE_TYPES = [
  'task_received',
  'task_completed',
  'invoice_created',
  'heartbeat',
  'node_joined',
  'node_left',
] as const;
/** One of {@link MESSAGE_TYPES}. */
export type MessageType = (typeof MESSAGE_TYPES)[number];

/**
 * Execution times of a task, in publication order. As in every closed vocabulary here, `unknown` is left out: absent is
 * the index one past the last label.
 */
export const EXECUTION_TIMES = [
  '<100ms',
  '100-500ms',
  '500ms-1s',
  '1-5s',
  '5-10s',
  '10-30s',
  '30s-1m',
  '>1m',
] as const;
/** Amounts of gas used by a task, in publication order. */
export const GAS_AMOUNTS = ['<100K', '100K-1M', '1M-10M', '10M-100M', '>100M'] as const;
/** Numbers of computed steps on an invoice, in publication order. */
export const STEP_COUNTS = GAS_AMOUNTS;
/** Amounts of memory used for an invoice, in publication order. */
export const MEMORY_SIZES = ['<64MB', '64-256MB', '256MB-1GB', '>1GB'] as const;
/** Numbers of tasks a node is working on, in publication order. */
export const ACTIVE_TASKS = ['0', '1', '2-3', '4-5', '>5'] as const;
/** Numbers of tasks a node has done, in publication order. */
export const TOTAL_TASKS = ['0', '1-10', '10-50', '50-100', '100-500', '500-1K', '>1K'] as const;
/** Continent codes of nodes, in publication order. */
export const CONTINENTS = ['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'] as const;

/**
 * Every dimension whose labels can be unknown; also the values of the label `dimension` of
 * `aggregator_unknown_labels_total`.
 */
export const LABEL_DIMENSIONS = [
  'chainId',
  'taskType',
  'operation',
  'executionTimeBucket',
  'gasUsedBucket',
  'stepsComputedBucket',
  'memoryUsedBucket',
  'activeTasksBucket',
  'totalTasksBucket',
  'continentBucket',
  'locationBucket',
] as const;
/** One of {@link LABEL_DIMENSIONS}. */
export type LabelDimension = (typeof LABEL_DIMENSIONS)[number];

/** Reasons for rejecting a message, in the order of the checks (docs/federation.md#refused-messages). */
export const REJECT_REASONS = [
  'too_large',
  'not_json',
  'not_object',
  'bad_version',
  'type_mismatch',
  'bad_node_id',
  'bad_value',
  'personal_data',
  'bad_id_hash',
  'unauthenticated',
  'wrong_node',
] as const;
/** One of {@link REJECT_REASONS}. */
export type RejectReason = (typeof REJECT_REASONS)[number];

/** Publication periods (docs/federation.md#periods). */
export const PERIODS = ['1h', '24h', '7d', 'all'] as const;
/** One of {@link PERIODS}; `all` covers everything stored. */
export type Period = (typeof PERIODS)[number];
