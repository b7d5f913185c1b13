// Bounds of the main thread that no operator needs to change, each with its reason. Values that an operator may want to
// change are settings.

/** Maximum duration of one task of the pool; then its thread is ended and the caller gets `worker_timeout`. */
export const WORKER_TASK_TIME_MAX_MS = 10_000;
/** Maximum number of tasks that wait for the pool; further ones are refused at once. */
export const WORKER_QUEUE_TASKS_MAX = 256;
/**
 * Time between two audits, and before the first. Each reads all rows, so it must be rare, and must not run while a
 * start is busy.
 */
export const AUDIT_INTERVAL_MS = 3_600_000;
/**
 * Maximum duration of an audit, enough for some hundred million rows. SQLite cannot reuse the write-ahead log
 * meanwhile.
 */
export const AUDIT_TIME_MAX_MS = 600_000;
/**
 * Time between two counts of continents and locations (docs/federation.md#published-places): long, so that nobody can
 * follow a node.
 */
export const LOCATION_INTERVAL_MS = 3_600_000;
/** Minimum time between two sweeps of the supervisor over the nodes' deadlines. */
export const SWEEP_INTERVAL_MS = 900;
/** A thread whose latest report is older than this counts as failing, whatever that report said. */
export const REPORT_AGE_MAX_MS = 5_000;
/** Number of nodes read at once when a start rebuilds the actors. */
export const RESUME_PAGE_NODES = 5_000;
/** Pause before the start asks for nodes again, if the pool did not answer. */
export const RESUME_RETRY_MS = 1_000;
