// Migration 1: the tables of the reference backend (docs/trades.md#the-reference-backend). Frozen once released: a change of the
// schema is a new file.

/** SQL of migration 1. */
export const ingest = `
-- A client id with each provenance that it has: what a client reports is never mixed with what was polled.
CREATE TABLE ingest_clients(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id TEXT NOT NULL,
  provenance TEXT NOT NULL,            -- client_reported, polled, or unstated
  first_ms INTEGER NOT NULL,           -- when its first summary was received
  received_ms INTEGER NOT NULL,        -- when its latest summary was received
  summaries INTEGER NOT NULL,
  UNIQUE (client_id, provenance)
);

CREATE TABLE summaries(
  number INTEGER PRIMARY KEY AUTOINCREMENT,   -- in the order received
  digest TEXT NOT NULL UNIQUE,
  client INTEGER NOT NULL,
  seq INTEGER,                         -- NULL: of a job
  period_start_ms INTEGER NOT NULL,
  period_end_ms INTEGER NOT NULL,
  prev TEXT,
  revises TEXT,
  gap_from_ms INTEGER,
  gap_to_ms INTEGER,
  exchange TEXT NOT NULL,
  connector_version TEXT NOT NULL,
  key_id TEXT NOT NULL,
  quote TEXT NOT NULL,                 -- asset of volumes and fees; empty: USD
  trades INTEGER NOT NULL,
  metadata TEXT NOT NULL,              -- JSON; empty if the summary has none
  received_ms INTEGER NOT NULL
);
CREATE INDEX summaries_by_client ON summaries(client, number);

-- What came, byte for byte: whoever doubts a figure can verify the signature again.
CREATE TABLE bodies(
  summary INTEGER PRIMARY KEY,
  body TEXT NOT NULL
);

CREATE TABLE buckets(
  summary INTEGER NOT NULL,
  t_ms INTEGER NOT NULL,
  return_pct REAL NOT NULL,
  trades INTEGER NOT NULL,
  volume_base REAL NOT NULL,
  volume_quote REAL NOT NULL,
  fees_usd REAL NOT NULL,
  PRIMARY KEY (summary, t_ms)
) WITHOUT ROWID;

-- One row, rewritten to find out whether the disk takes data again.
CREATE TABLE write_trial(id INTEGER PRIMARY KEY, filler BLOB NOT NULL);
`;
