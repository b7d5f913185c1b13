// Bounds of the threads' wiring that no operator needs to set, each with its reason. What an operator may want to change is a setting.

/** A broker time further ahead of ours than this is counted; liveness never takes a time later than now. */
export const FUTURE_TOLERANCE_MS = 60_000;
/** Payload that plain NATS may hold in memory before it sheds, presence first (section 7). */
export const PLAIN_BACKLOG_BYTES_MAX = 134_217_728;
/** Most messages in one transaction: above this a commit gains nothing (measured) and memory only grows. */
export const BATCH_MESSAGES_MAX = 32_000;
/** Payload that one batch carries from the source thread to the writer's: 16,000 messages as monitors send them. */
export const BATCH_BYTES_MAX = 8_388_608;
/** Batches that the writer may hold: one in work, the others waiting. Then the source reads no further. */
export const BATCHES_UNDER_WAY_MAX = 4;
/** Longest wait before a batch is committed: above this it only gets later. */
export const BATCH_TIME_MS = 250;
/** The same while the writer has nothing to do, so that thin traffic is committed soon. */
export const BATCH_IDLE_TIME_MS = 100;
/** Messages asked for in one pull of the stream. */
export const PULL_MESSAGES = 2_500;
/** Pulls under way at the same time: one is delivered while the next is on its way. */
export const PULLS_OUTSTANDING = 2;
/** Time between two pings on the connection: the observed clock advances at their answers (section 6). */
export const PING_INTERVAL_MS = 5_000;
/** Most that one message or answer may advance the observed clock, so that time without the broker never counts. */
export const OBSERVED_STEP_MAX_MS = 10_000;
/** Messages pending and the newest one read older than this: the source is catching up (section 6). */
export const CATCHING_UP_AGE_MS = 10_000;
/** Least time between two questions whether a stream that gives nothing holds something: one request each. */
export const STALL_LOOK_MS = 10_000;
/** A stream that holds messages and gives none for so long is told. */
export const STALL_AFTER_MS = 30_000;
/** Longest run of one task of the pool; then its thread is ended and the asker gets `worker_timeout`. */
export const WORKER_TASK_TIME_MAX_MS = 10_000;
/** Tasks that may wait for the pool; more are refused at once. */
export const WORKER_QUEUE_TASKS_MAX = 256;
/** Between two audits, and before the first: each reads all rows, so not often, and not while a start is busy. */
export const AUDIT_INTERVAL_MS = 3_600_000;
/** Longest run of an audit: some hundred million rows. The write-ahead log cannot be used again meanwhile. */
export const AUDIT_TIME_MAX_MS = 600_000;
/** Time between two counts of continents and locations (section 5): rarer, so that no node can be followed. */
export const LOCATION_INTERVAL_MS = 3_600_000;
/** Least time between two sweeps of the supervisor over the nodes' deadlines. */
export const SWEEP_INTERVAL_MS = 900;
/** A thread that has not reported for so long is not well, whatever it said last. */
export const REPORT_AGE_MAX_MS = 5_000;
/** Time before a commit that SQLite refused is tried again. */
export const COMMIT_RETRY_MS = 1_000;
/** While messages go missing again and again: rest between two lines of the log that tell of it. */
export const MISSING_NEWS_REST_MS = 60_000;
/** How often the ingest thread tells main its counters and its clock when it has nothing to commit. */
export const SNAPSHOT_INTERVAL_MS = 1_000;
/** Nodes read at once when actors are rebuilt at start. */
export const RESUME_PAGE_NODES = 5_000;
/** Rest before they are asked for again, if the pool did not answer. */
export const RESUME_RETRY_MS = 1_000;
/** Longest wait, when stopping, for the writer to take what plain NATS has brought. */
export const STOP_HANDOVER_MS = 1_500;
