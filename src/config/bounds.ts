// Bounds that no operator needs to set: the limits of queues, batches, caches and waits, each with its reason. Pure
// constants; what an operator may want to change is a setting.

// Messages

/** A broker time further ahead of ours than this is counted; liveness never takes a time later than now. */
export const FUTURE_TOLERANCE_MS = 60_000;
/** Payload that plain NATS may hold in memory before it sheds, presence first (section 7). */
export const PLAIN_BACKLOG_BYTES_MAX = 134_217_728;

// Ingest

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
/** Ids per generation of the map of recently touched rows; two generations are kept, some 700 bytes an id. */
export const HOT_MAP_GENERATION_ENTRIES = 50_000;
/** The same for nodes. They come round again every 30 s: of more than this, each beat reads its row again. */
export const HOT_NODES_GENERATION_ENTRIES = 100_000;
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
/** Time before what the broker refuses is tried again, and a stream that is not as wanted is looked at again. */
export const REFUSED_RETRY_MS = 30_000;
/** Least time between two questions whether a stream that gives nothing holds something: one request each. */
export const STALL_LOOK_MS = 10_000;
/** A stream that holds messages and gives none for so long is told. */
export const STALL_AFTER_MS = 30_000;

// Histograms

/** Upper bounds of `aggregator_publish_to_commit_seconds`: from one quick batch to a stream that is hours behind. */
export const PUBLISH_TO_COMMIT_BOUNDS_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60, 300, 3_600,
] as const;
/** Upper bounds of `aggregator_commit_seconds`: one transaction of the writer. */
export const COMMIT_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
/** Upper bounds of `aggregator_tick_seconds` and `aggregator_worker_run_seconds`. */
export const QUERY_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
/** Resolution of the event-loop delay: below this a delay is not seen. */
export const EVENT_LOOP_RESOLUTION_MS = 10;
/** Event-loop delay quantiles cover at least the last such time, at most the last two (longer if nobody asks). */
export const EVENT_LOOP_WINDOW_MS = 60_000;

// Disk

/** Below this share of the file system of the database nothing more is read. */
export const FREE_SPACE_LOW_SHARE = 0.05;
/** From this share on it is read again: higher, so that it does not flutter. */
export const FREE_SPACE_ENOUGH_SHARE = 0.06;
/** Time between two looks at the free space. */
export const FREE_SPACE_CHECK_MS = 2_000;
/** After a batch that failed for no reason of the environment: how long retention and thinning rest, in case it was they. */
export const HOUSEKEEPING_REST_MS = 3_600_000;
/** Longest that a stop goes on looking for the message that cannot be stored. */
export const STOP_SALVAGE_MS = 1_000;
/** Longest that a stop waits for readers, so that what was committed last stands in the database file and not in its log alone. */
export const STOP_EMPTY_LOG_MS = 1_500;

// Rows

/** Transitions kept per node, the oldest go first (section 4). */
export const TRANSITIONS_PER_NODE_MAX = 1_000;

// Keys

/** API keys kept, revoked ones included: when full, the one revoked longest ago makes room. */
export const API_KEYS_MAX = 10_000;
/** Node ids that may be blocked at a time. */
export const BLOCKED_NODES_MAX = 10_000;

// Control socket

/** One request: a change is a few hundred bytes. */
export const CONTROL_REQUEST_BYTES_MAX = 4_096;
/** One answer: every key there may be, at some 300 bytes each. */
export const CONTROL_ANSWER_BYTES_MAX = 16_777_216;
/** Commands at the same time; more are closed at once. */
export const CONTROL_CONNECTIONS_MAX = 8;

// Joining

/** Requests to join that are read in a second; then the broker tells the others that nobody answers. */
export const JOIN_REQUESTS_PER_SECOND_MAX = 50;
/** Longest request to join that is looked at. */
export const JOIN_REQUEST_BYTES_MAX = 4_096;

// Actors

// Workers

/** Until a question of the pool that the database refused is asked again. */
export const REFUSED_QUESTION_INTERVAL_MS = 2_000;
/** Longest run of one task of the pool; then its thread is ended and the asker gets `worker_timeout`. */
export const WORKER_TASK_TIME_MAX_MS = 10_000;
/** Tasks that may wait for the pool; more are refused at once. */
export const WORKER_QUEUE_TASKS_MAX = 256;

// Audit

/** Between two audits, and before the first: each reads all rows, so not often, and not while a start is busy. */
export const AUDIT_INTERVAL_MS = 3_600_000;
/** Longest run of an audit: some hundred million rows. The write-ahead log cannot be used again meanwhile. */
export const AUDIT_TIME_MAX_MS = 600_000;
/** Until an audit that the database refused is made again, at least, and as many times as long as it took. */
export const REFUSED_AUDIT_INTERVAL_MS = 60_000;
export const REFUSED_AUDIT_REST = 9;

// Statistics

/** Time between two counts of continents and locations (section 5): rarer, so that no node can be followed. */
export const LOCATION_INTERVAL_MS = 3_600_000;

// HTTP

/** Largest request body: no route reads one yet. */
export const HTTP_BODY_BYTES_MAX = 4_096;
/** Connections at the same time; more are closed at once. A browser holds one feed for its open pages and, while they ask, some more. */
export const HTTP_CONNECTIONS_MAX = 3_072;
/** Of these, what one address may hold: nearly all, for a reverse proxy is one, but never those that probes need. */
export const HTTP_CONNECTIONS_PER_ADDRESS_MAX = 2_816;
/** Open live feeds, one per browser and API key; more are refused, so that probes and Prometheus always find a connection. */
export const FEED_CLIENTS_MAX = 1_536;
/** Least time between two events of a live feed. */
export const FEED_INTERVAL_MS = 500;
/** Text that may wait for one reader of a live feed; above it the reader is too slow and is dropped. */
export const FEED_BACKLOG_BYTES_MAX = 262_144;
/** Longest life of one live feed: then its reader connects again, and shows its key again, which may have been revoked. */
export const FEED_LIFE_MAX_MS = 600_000;
/** Silence on a live feed after which a comment is sent; below HTTP_CONNECTION_IDLE_MAX_MS. */
export const FEED_HEARTBEAT_MS = 15_000;
/** How long an answer of the pool is given to everybody who asks the same. */
export const SHARED_ANSWER_MS = 1_000;
/** The same for the past, which does not change. */
export const SHARED_HISTORY_MS = 15_000;
/** Answers kept for that; a history of 2,000 points is about 150 kB. */
export const SHARED_ANSWERS_MAX = 64;
/** Questions of HTTP that the pool has in hand or waiting: more are refused, so that a tick never waits long. */
export const HTTP_QUESTIONS_MAX = 16;
/** Longest time in which a client must have sent its whole request. */
export const HTTP_REQUEST_TIME_MAX_MS = 10_000;
/** How often connections are looked over for requests that take longer. */
export const HTTP_CHECK_INTERVAL_MS = 1_000;
/** Longest silence on a connection in the middle of a request or answer. */
export const HTTP_CONNECTION_IDLE_MAX_MS = 30_000;
/** How long an unused connection is kept for the next request; above the usual scrape interval of 15 s. */
export const HTTP_KEEP_ALIVE_MS = 20_000;
/** Longest wait for answers under way when HTTP is stopped; then their connections are closed. */
export const HTTP_STOP_GRACE_MS = 1_000;

// Log

/** Log text that may wait for a slow reader; more is dropped, for logging must never hold up the program. */
export const LOG_BACKLOG_BYTES_MAX = 4_194_304;

// Files

/** Files that a start opens beside its workers' (33, measured), and room for an audit. Fewer, and it ends with the reason. */
export const START_DESCRIPTORS = 40;
/** Files that each thread of the pool opens: those of its event loop, and the database's. */
export const WORKER_DESCRIPTORS = 8;
/** Files that a command on the database needs: two databases with their logs, and a connection. */
export const COMMAND_DESCRIPTORS = 16;

// Threads

/**
 * Heap that a thread of ours takes for objects just made, in MB. By itself V8 lets it grow to many times that, for no
 * gain in speed (bench/backlog.ts): with a million messages waiting, the process took 150 MB more.
 */
export const THREAD_YOUNG_HEAP_MEGABYTES_MAX = 16;
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
/** Time between two looks at the wall clock for a step. */
export const CLOCK_LOOK_INTERVAL_MS = 1_000;
/** Nodes read at once when actors are rebuilt at start. */
export const RESUME_PAGE_NODES = 5_000;
/** Rest before they are asked for again, if the pool did not answer. */
export const RESUME_RETRY_MS = 1_000;
/** Longest wait, when stopping, for the writer to take what plain NATS has brought. */
export const STOP_HANDOVER_MS = 1_500;
/** Longest wait for an orderly stop before the process ends anyway; the specification allows 5 s. */
export const STOP_TIME_MAX_MS = 4_500;
