// Migration 1: the federation's tables in compact form, and over them the public views of
// docs/federation.md#public-tables. Frozen once released: a change of the schema is a new file.

const EXECUTION_TIME = `CASE (outcome / 18) % 9 WHEN 0 THEN '<100ms' WHEN 1 THEN '100-500ms' WHEN 2 THEN '500ms-1s'
    WHEN 3 THEN '1-5s' WHEN 4 THEN '5-10s' WHEN 5 THEN '10-30s' WHEN 6 THEN '30s-1m' WHEN 7 THEN '>1m' END`;
const AMOUNT = (
  index: string,
) => `CASE ${index} WHEN 0 THEN '<100K' WHEN 1 THEN '100K-1M' WHEN 2 THEN '1M-10M'
    WHEN 3 THEN '10M-100M' WHEN 4 THEN '>100M' END`;
const MEMORY_SIZE = `CASE memory WHEN 0 THEN '<64MB' WHEN 1 THEN '64-256MB' WHEN 2 THEN '256MB-1GB' WHEN 3 THEN '>1GB' END`;
const ACTIVE_TASKS = `CASE active_tasks WHEN 0 THEN '0' WHEN 1 THEN '1' WHEN 2 THEN '2-3' WHEN 3 THEN '4-5' WHEN 4 THEN '>5' END`;
const TOTAL_TASKS = `CASE total_tasks WHEN 0 THEN '0' WHEN 1 THEN '1-10' WHEN 2 THEN '10-50' WHEN 3 THEN '50-100'
    WHEN 4 THEN '100-500' WHEN 5 THEN '500-1K' WHEN 6 THEN '>1K' END`;
const CONTINENT = `CASE continent WHEN 0 THEN 'AF' WHEN 1 THEN 'AN' WHEN 2 THEN 'AS' WHEN 3 THEN 'EU' WHEN 4 THEN 'NA'
    WHEN 5 THEN 'OC' WHEN 6 THEN 'SA' END`;
// Only integer arithmetic: seconds as a float would round some milliseconds up.
const TIME = (ms: string) =>
  `strftime('%Y-%m-%dT%H:%M:%S', (${ms}) / 1000, 'unixepoch') || printf('.%03dZ', (${ms}) % 1000)`;
// A label is the number of a row in labels. Labels beyond those with a number are stored as text.
const LABEL = (dimension: number, column: string) => `CASE typeof(${column}) WHEN 'integer' THEN
    (SELECT label FROM labels WHERE dimension = ${dimension} AND label_id = ${column}) ELSE ${column} END`;
const STATE = (code: string) =>
  `CASE ${code} WHEN 0 THEN 'online' WHEN 1 THEN 'stale' WHEN 2 THEN 'offline' END`;

/** SQL of migration 1. */
export const federation = `
CREATE TABLE settings_kept(name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE labels(
  dimension INTEGER NOT NULL,          -- 4 chain, 5 task type, 10 operation
  label_id INTEGER NOT NULL,           -- 1 … 1000
  label TEXT NOT NULL,
  PRIMARY KEY (dimension, label_id)
) WITHOUT ROWID;

CREATE TABLE tasks(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  first_ms INTEGER NOT NULL,
  last_after_ms INTEGER NOT NULL,      -- last_seen − first_seen
  created_after_ms INTEGER NOT NULL,   -- moment of the insert − first_seen
  chain,
  type,
  outcome INTEGER,                     -- NULL: only received; src/federation/domain/outcome.ts
  reporters BLOB NOT NULL              -- 4 bytes each, ascending: node number × 4 + kinds reported
);

CREATE TABLE invoices(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  task_hash BLOB,
  first_ms INTEGER NOT NULL,
  last_after_ms INTEGER NOT NULL,
  created_after_ms INTEGER NOT NULL,
  chain,
  operation,
  steps INTEGER NOT NULL,
  memory INTEGER NOT NULL,
  reporters BLOB NOT NULL
);

CREATE TABLE nodes(
  number INTEGER PRIMARY KEY,          -- never reused
  node_id TEXT NOT NULL UNIQUE,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  life_ms INTEGER NOT NULL,            -- greatest time of a join or a heartbeat that is not offline; 0: never
  left_ms INTEGER NOT NULL,            -- greatest time of a leave or an offline heartbeat; 0: never
  heard_observed_ms INTEGER NOT NULL,  -- observed clock when its last message was read
  first_observed_ms INTEGER NOT NULL,
  total_tasks INTEGER, total_tasks_ms INTEGER,
  active_tasks INTEGER, active_tasks_ms INTEGER,
  continent INTEGER, continent_ms INTEGER,
  location TEXT, location_ms INTEGER,
  heartbeats INTEGER NOT NULL,
  limit_due_ms REAL NOT NULL,          -- src/federation/domain/limits.ts
  state INTEGER,                       -- 0 online, 1 stale, 2 offline; NULL: no actor has judged it yet
  transitions INTEGER NOT NULL,        -- recorded so far, pruned ones included
  created_ms INTEGER NOT NULL
);

CREATE TABLE transitions(
  node INTEGER NOT NULL,
  number INTEGER NOT NULL,             -- 1, 2, 3 … per node
  at_ms INTEGER NOT NULL,
  observed_ms INTEGER NOT NULL,
  from_state INTEGER NOT NULL,
  to_state INTEGER NOT NULL,
  cause TEXT NOT NULL,
  PRIMARY KEY (node, number)
) WITHOUT ROWID;

-- Roll-up cells: how many live tasks or invoices were first seen in a minute (or hour, minutes ÷ 60) and carry a label.
-- dimension: 0 task status, 1 cached, 2 execution time, 3 gas, 4 chain, 5 task type, 6 invoices, 7 steps, 8 memory,
-- 9 node state; label: index in the vocabulary, or label_id, 0 for an absent open label, 4095 for those beyond the kept.
CREATE TABLE rollup_minutes(
  minute INTEGER NOT NULL, dimension INTEGER NOT NULL, label INTEGER NOT NULL, count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (minute, dimension, label)
) WITHOUT ROWID;
CREATE TABLE rollup_hours(
  hour INTEGER NOT NULL, dimension INTEGER NOT NULL, label INTEGER NOT NULL, count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (hour, dimension, label)
) WITHOUT ROWID;
CREATE TABLE rollup_totals(
  dimension INTEGER NOT NULL, label INTEGER NOT NULL, count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (dimension, label)
) WITHOUT ROWID;
CREATE TABLE pruned_totals(
  dimension INTEGER NOT NULL, label INTEGER NOT NULL, count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (dimension, label)
) WITHOUT ROWID;

CREATE TABLE network_stats(
  id INTEGER PRIMARY KEY,
  recorded_at TEXT NOT NULL, stat_period TEXT NOT NULL,
  active_nodes INTEGER NOT NULL, total_nodes_seen INTEGER NOT NULL,
  total_tasks INTEGER NOT NULL, completed_tasks INTEGER NOT NULL, failed_tasks INTEGER NOT NULL, cached_tasks INTEGER NOT NULL,
  total_invoices INTEGER NOT NULL, success_rate REAL NOT NULL, cache_hit_rate REAL NOT NULL,
  execution_time_distribution TEXT, gas_usage_distribution TEXT, steps_computed_distribution TEXT,
  memory_used_distribution TEXT, chain_distribution TEXT, task_type_distribution TEXT,
  created_at TEXT NOT NULL
);
CREATE INDEX network_stats_by_period ON network_stats(stat_period, recorded_at);

CREATE TABLE api_keys(
  id INTEGER PRIMARY KEY,
  key_hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, node_id TEXT, permissions TEXT NOT NULL DEFAULT 'publish',
  rate_limit INTEGER NOT NULL DEFAULT 60, created_at TEXT NOT NULL, last_used_at TEXT,
  is_active INTEGER NOT NULL DEFAULT 1, revoked_at TEXT
);

CREATE TABLE ingest_position(
  stream TEXT NOT NULL, incarnation TEXT NOT NULL,
  first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, last_ms INTEGER NOT NULL,
  applied INTEGER NOT NULL, duplicate INTEGER NOT NULL, rejected INTEGER NOT NULL, rate_limited INTEGER NOT NULL,
  quarantined INTEGER NOT NULL, ignored INTEGER NOT NULL, lost INTEGER NOT NULL,
  PRIMARY KEY (stream, incarnation)
);

CREATE TABLE quarantine(seq INTEGER NOT NULL, subject TEXT NOT NULL, code TEXT NOT NULL, at TEXT NOT NULL);

CREATE VIEW aggregated_tasks AS SELECT
  id, lower(hex(hash)) AS task_id_hash,
  ${TIME('first_ms')} AS first_seen_at,
  ${TIME('first_ms + last_after_ms')} AS last_seen_at,
  ${LABEL(4, 'chain')} AS chain_id,
  ${LABEL(5, 'type')} AS task_type,
  CASE WHEN outcome IS NULL THEN 'received' WHEN outcome < 162 THEN 'completed' ELSE 'failed' END AS status,
  CASE WHEN outcome < 162 THEN 1 WHEN outcome >= 162 THEN 0 END AS success,
  ${EXECUTION_TIME} AS execution_time_bucket,
  ${AMOUNT('(outcome / 3) % 6')} AS gas_used_bucket,
  CASE outcome % 3 WHEN 0 THEN 1 WHEN 1 THEN 0 END AS cached,
  length(reporters) / 4 AS reporting_nodes,
  ${TIME('first_ms + created_after_ms')} AS created_at
FROM tasks;

CREATE VIEW aggregated_invoices AS SELECT
  id, lower(hex(hash)) AS invoice_id_hash,
  CASE WHEN task_hash IS NOT NULL THEN lower(hex(task_hash)) END AS task_id_hash,
  ${TIME('first_ms')} AS first_seen_at,
  ${TIME('first_ms + last_after_ms')} AS last_seen_at,
  ${LABEL(4, 'chain')} AS chain_id,
  ${AMOUNT('steps')} AS steps_computed_bucket,
  ${MEMORY_SIZE} AS memory_used_bucket,
  ${LABEL(10, 'operation')} AS operation,
  length(reporters) / 4 AS reporting_nodes,
  ${TIME('first_ms + created_after_ms')} AS created_at
FROM invoices;

CREATE VIEW active_nodes AS SELECT
  number AS id, node_id,
  ${TIME('first_ms')} AS first_seen_at,
  ${TIME('last_ms')} AS last_seen_at,
  coalesce(${STATE('state')}, CASE WHEN left_ms > 0 AND left_ms >= life_ms THEN 'offline' ELSE 'online' END) AS status,
  ${TOTAL_TASKS} AS total_tasks_bucket,
  ${ACTIVE_TASKS} AS active_tasks_bucket,
  ${CONTINENT} AS continent_bucket,
  location AS location_bucket,
  heartbeats AS heartbeat_count,
  ${TIME('created_ms')} AS created_at
FROM nodes;

CREATE VIEW node_transitions AS SELECT
  node_id, ${TIME('at_ms')} AS at, ${STATE('from_state')} AS from_state, ${STATE('to_state')} AS to_state, cause
FROM transitions JOIN nodes ON nodes.number = transitions.node;

CREATE VIEW network_stats_history AS SELECT
  id, recorded_at, active_nodes, total_nodes_seen AS total_nodes, total_tasks, completed_tasks, failed_tasks,
  cached_tasks, total_invoices, success_rate, cache_hit_rate, created_at
FROM network_stats WHERE stat_period = 'all';
`;
