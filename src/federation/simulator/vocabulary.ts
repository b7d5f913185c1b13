// The simulator's own copy of the vocabularies (docs/federation.md#subjects, docs/federation.md#closed-labels). It is
// written from that page and never imported from the domain, so that a mistake there is not repeated here.

/** Message type to subject. */
export const SUBJECT_OF = {
  task_received: 'truebit.tasks.received',
  task_completed: 'truebit.tasks.completed',
  invoice_created: 'truebit.invoices.created',
  heartbeat: 'truebit.heartbeat',
  node_joined: 'truebit.nodes.joined',
  node_left: 'truebit.nodes.left',
} as const;
/** The `type` of an input message. */
export type MessageType = keyof typeof SUBJECT_OF;

/** The six input subjects. */
export const INPUT_SUBJECTS: readonly string[] = Object.values(SUBJECT_OF);

/** Labels of execution times. All closed vocabularies here are in publication order, without `unknown`. */
export const TIME_BUCKETS = '<100ms 100-500ms 500ms-1s 1-5s 5-10s 10-30s 30s-1m >1m'.split(' ');
/** Labels of amounts of gas and steps. */
export const AMOUNT_BUCKETS = '<100K 100K-1M 1M-10M 10M-100M >100M'.split(' ');
/** Labels of memory sizes. */
export const MEMORY_BUCKETS = '<64MB 64-256MB 256MB-1GB >1GB'.split(' ');
/** Labels of a node's number of active tasks. */
export const ACTIVE_TASK_BUCKETS = '0 1 2-3 4-5 >5'.split(' ');
/** Labels of a node's total number of tasks. */
export const TOTAL_TASK_BUCKETS = '0 1-10 10-50 50-100 100-500 500-1K >1K'.split(' ');
/** Codes of continents. */
export const CONTINENT_BUCKETS = 'AF AN AS EU NA OC SA'.split(' ');

/** Chains of simulated tasks. The simulator uses far fewer labels of an open vocabulary than the 50 published ones. */
export const CHAINS = ['1', '5', '137', '8453', '42161', 'sepolia'];
/** Types of simulated tasks. */
export const TASK_TYPES = ['wasm', 'docker', 'python:3.12', 'native/x86-64'];
/** Operations of simulated invoices. */
export const OPERATIONS = ['compute', 'verify', 'store data', 'challenge'];

/** The locations of simulated monitors: the continent and the half-degree cell that the aggregator stores. */
export const PLACES = [
  { continent: 'EU', latitude: 48, longitude: 11.5 },
  { continent: 'EU', latitude: 51.5, longitude: -0.5 },
  { continent: 'NA', latitude: 40.5, longitude: -74 },
  { continent: 'SA', latitude: -23.5, longitude: -47 },
  { continent: 'AS', latitude: 35.5, longitude: 139.5 },
  { continent: 'OC', latitude: -34, longitude: 151 },
  { continent: 'AF', latitude: 0, longitude: 6.5 },
  { continent: 'AN', latitude: -78, longitude: 166.5 },
] as const;

/** The periods that are published. */
export const PERIODS = ['1h', '24h', '7d', 'all'] as const;
/** One of {@link PERIODS}. */
export type Period = (typeof PERIODS)[number];
