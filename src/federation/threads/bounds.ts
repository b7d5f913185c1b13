// Bounds of the main thread that no operator needs to set, each with its reason. What an operator may want to change is a setting.

/** Longest run of one task of the pool; then its thread is ended and the asker gets `worker_timeout`. */
export const WORKER_TASK_TIME_MAX_MS = 10_000;
/** Tasks that may wait for the pool; more are refused at once. */
export const WORKER_QUEUE_TASKS_MAX = 256;
/** Between two audits, and before the first: each reads all rows, so not often, and not while a start is busy. */
export const AUDIT_INTERVAL_MS = 3_600_000;
/** Longest run of an audit: some hundred million rows. The write-ahead log cannot be used again meanwhile. */
export const AUDIT_TIME_MAX_MS = 600_000;
/**
 * Time between two counts of continents and locations (docs/federation.md#published-places): rarer, so that no node can
 * be followed.
 */
export const LOCATION_INTERVAL_MS = 3_600_000;
/** Least time between two sweeps of the supervisor over the nodes' deadlines. */
export const SWEEP_INTERVAL_MS = 900;
/** A thread that has not reported for so long is not well, whatever it said last. */
export const REPORT_AGE_MAX_MS = 5_000;
/** Nodes read at once when actors are rebuilt at start. */
export const RESUME_PAGE_NODES = 5_000;
/** Rest before they are asked for again, if the pool did not answer. */
export const RESUME_RETRY_MS = 1_000;
