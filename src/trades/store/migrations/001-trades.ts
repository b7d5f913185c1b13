// Migration 1: the tables of trades in compact form, and over them the readable views (docs/trades.md#storage). Frozen
// once released: a change of the schema is a new file.

// Only integer arithmetic: seconds as a float would round some milliseconds up.
const TIME = (ms: string) =>
  `strftime('%Y-%m-%dT%H:%M:%S', (${ms}) / 1000, 'unixepoch') || printf('.%03dZ', (${ms}) % 1000)`;
const OPTIONAL_TIME = (ms: string) => `CASE WHEN ${ms} IS NOT NULL THEN ${TIME(ms)} END`;
const STATE = (code: string) =>
  `CASE ${code} WHEN 0 THEN 'waiting' WHEN 1 THEN 'delivered' WHEN 2 THEN 'dead' END`;
const PROVENANCE = (code: string) => `CASE ${code} WHEN 0 THEN 'client_reported' WHEN 1 THEN 'polled' END`;

/** SQL of migration 1. */
export const trades = `
CREATE TABLE settings_kept(name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- A client at an exchange, as summaries name them.
CREATE TABLE clients(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id TEXT NOT NULL,
  exchange TEXT NOT NULL,
  sealed_ms INTEGER NOT NULL,          -- when its latest summary was sealed
  UNIQUE (client_id, exchange)
);

CREATE TABLE outbox_rows(
  id INTEGER PRIMARY KEY,              -- ascending over the life of the database
  client INTEGER NOT NULL,
  provenance INTEGER NOT NULL,         -- 0 client_reported, 1 polled
  digest BLOB NOT NULL,                -- 32 bytes; two jobs with equal contents have equal digests
  seq INTEGER,                         -- NULL for a job
  period_start_ms INTEGER NOT NULL,
  period_end_ms INTEGER NOT NULL,
  trades INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL,
  sealed_ms INTEGER NOT NULL,
  state INTEGER NOT NULL,              -- 0 waiting, 1 delivered, 2 dead
  place INTEGER NOT NULL,              -- the order of delivery; a replayed entry gets a new one
  attempts INTEGER NOT NULL,           -- failed ones since it was sealed or replayed
  next_ms INTEGER NOT NULL,            -- when it is tried again; 0: at once
  status INTEGER,                      -- HTTP status of the latest attempt; NULL without an answer
  reason TEXT,                         -- NULL: it was never tried
  ended_ms INTEGER                     -- when it was delivered or refused
);
CREATE INDEX outbox_by_digest ON outbox_rows(digest);
CREATE INDEX outbox_by_client ON outbox_rows(client, period_start_ms);
CREATE INDEX outbox_waiting ON outbox_rows(id) WHERE state = 0;
CREATE INDEX outbox_delivered ON outbox_rows(ended_ms) WHERE state = 1;
CREATE INDEX outbox_dead ON outbox_rows(id, body_bytes) WHERE state = 2;

-- Apart from the rows, which tables and charts read without them. The id is that of the entry.
CREATE TABLE bodies(id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE responses(id INTEGER PRIMARY KEY, response TEXT NOT NULL);

-- Sums of an hour. Rows of one hour and client add up: a summary that is replaced, or repeated by another job, loses
-- its rows.
CREATE TABLE buckets(
  hour INTEGER NOT NULL,               -- since 1970
  entry INTEGER NOT NULL,
  client INTEGER NOT NULL,
  trades INTEGER NOT NULL, volume_base REAL NOT NULL, volume_quote REAL NOT NULL, fees_usd REAL NOT NULL,
  return_pct REAL NOT NULL,
  quote TEXT,                          -- asset of volume_quote and fees_usd; NULL: USD
  PRIMARY KEY (hour, entry)
) WITHOUT ROWID;
CREATE INDEX buckets_by_entry ON buckets(entry);

-- Sealed jobs until they expire. A job's id and token are not in the file, only their SHA-256.
CREATE TABLE job_rows(
  job_hash BLOB PRIMARY KEY,
  token_hash BLOB,
  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
  trades INTEGER NOT NULL, buckets INTEGER NOT NULL,
  entry INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX jobs_by_entry ON job_rows(entry);

CREATE TABLE key_rows(
  kid TEXT PRIMARY KEY,                -- RFC 7638 thumbprint
  x TEXT NOT NULL,                     -- the public key, in base64url
  provenance INTEGER NOT NULL,
  first_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL,
  turn INTEGER NOT NULL                -- ascending as keys begin to sign; lower ones of a provenance are retired
) WITHOUT ROWID;

CREATE VIEW outbox AS SELECT
  o.id AS id, c.client_id AS client_id, c.exchange AS exchange, ${PROVENANCE('o.provenance')} AS provenance,
  lower(hex(o.digest)) AS digest, o.seq AS seq, ${STATE('o.state')} AS state,
  ${TIME('o.period_start_ms')} AS period_start, ${TIME('o.period_end_ms')} AS period_end,
  o.trades AS trades, o.body_bytes AS body_bytes, o.attempts AS attempts, o.status AS status, o.reason AS reason,
  ${TIME('o.sealed_ms')} AS sealed_at, ${OPTIONAL_TIME('o.ended_ms')} AS ended_at
FROM outbox_rows o JOIN clients c ON c.number = o.client;

CREATE VIEW hourly_buckets AS SELECT
  c.client_id AS client_id, c.exchange AS exchange, ${TIME('b.hour * 3600000')} AS t, b.trades AS trades,
  b.volume_base AS volume_base, b.volume_quote AS volume_quote, b.fees_usd AS fees_usd, b.return_pct AS return_pct,
  coalesce(b.quote, 'USD') AS quote,
  b.entry AS outbox_id
FROM buckets b JOIN clients c ON c.number = b.client;

CREATE VIEW jobs AS SELECT
  lower(hex(j.job_hash)) AS job_hash, ${TIME('j.created_ms')} AS created_at, ${TIME('j.expires_ms')} AS expires_at,
  j.trades AS trades, j.buckets AS buckets, j.entry AS outbox_id
FROM job_rows j;

CREATE VIEW signing_keys AS SELECT
  k.kid AS kid, k.x AS x, ${PROVENANCE('k.provenance')} AS provenance,
  ${TIME('k.first_ms')} AS first_used_at, ${TIME('k.used_ms')} AS last_used_at
FROM key_rows k;
`;
