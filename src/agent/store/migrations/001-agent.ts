// Migration 1: the tables of the agent (docs/agent.md#state). Frozen once released: a change of the schema is a new file.

/** SQL of migration 1. */
export const agent = `
CREATE TABLE settings_kept(name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE identity(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  node_id TEXT NOT NULL,
  local_key BLOB NOT NULL,             -- 32 bytes; names facts and files
  is_enabled INTEGER NOT NULL, shares_location INTEGER NOT NULL, shares_tasks INTEGER NOT NULL,
  continent TEXT,
  stats_key TEXT                       -- the pinned key: 32 bytes in base64url
);

-- Where reading stands, by a name of the file under the local key.
CREATE TABLE positions(
  source TEXT NOT NULL, key TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (source, key)
) WITHOUT ROWID;

-- Every fact that was read, by the first 16 bytes of HMAC-SHA256(local key, kind and id). Days are since 1970.
CREATE TABLE facts(
  kind INTEGER NOT NULL,               -- 0 received, 1 completed, 2 invoice
  key BLOB NOT NULL,
  day INTEGER NOT NULL,                -- of the fact's own time
  seen INTEGER NOT NULL,               -- on which a source showed it last
  chain TEXT,                          -- of a received task
  PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE fact_days(day INTEGER PRIMARY KEY, count INTEGER NOT NULL);

-- Executions about which more is expected, by the key of their fact of kind 0.
CREATE TABLE executions(
  key BLOB PRIMARY KEY,
  received_ms INTEGER, started_ms INTEGER,
  metrics TEXT,                        -- JSON, not used yet
  touched_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- Completions that wait for metrics.
CREATE TABLE awaited(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL UNIQUE,
  task_id_hash TEXT NOT NULL, chain TEXT, at_ms INTEGER NOT NULL, is_history INTEGER NOT NULL
);

CREATE TABLE outbox(
  id INTEGER PRIMARY KEY,              -- rises, and is never given again
  is_history INTEGER NOT NULL,
  type INTEGER NOT NULL,               -- 0 task_received, 1 task_completed, 2 invoice_created
  payload TEXT NOT NULL
);
CREATE INDEX outbox_by_turn ON outbox(is_history, type, id);

-- Messages of the last 60 s, for the pace.
CREATE TABLE sent(at_ms INTEGER PRIMARY KEY, count INTEGER NOT NULL);

-- A public interface (docs/agent.md#statistics): deployed programs read these names.
CREATE TABLE network_stats_cache(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  active_nodes INTEGER, total_nodes INTEGER, total_tasks INTEGER, completed_tasks INTEGER, failed_tasks INTEGER,
  cached_tasks INTEGER, tasks_last_24h INTEGER, total_invoices INTEGER, invoices_last_24h INTEGER,
  execution_time_distribution TEXT, gas_usage_distribution TEXT, chain_distribution TEXT,
  task_type_distribution TEXT, steps_computed_distribution TEXT, memory_used_distribution TEXT,
  last_updated TEXT,
  success_rate REAL, cache_hit_rate REAL, continent_distribution TEXT, location_distribution TEXT,
  online_nodes INTEGER, stale_nodes INTEGER, offline_nodes INTEGER,
  published_at TEXT, aggregator_id TEXT,
  signature TEXT                       -- valid or none
);
`;
