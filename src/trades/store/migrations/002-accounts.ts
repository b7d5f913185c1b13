// Migration 2: the checkpoints of exchange accounts (docs/trades.md#storage). Frozen once released: a change of the schema
// is a new file.

/** SQL of migration 2. */
export const accounts = `
-- The state of an account, which only its enclave can read: the newest one, stored together with the summary that it has
-- behind it.
CREATE TABLE checkpoint_rows(
  account TEXT PRIMARY KEY,            -- the client_id of its summaries
  seal_id TEXT NOT NULL,               -- tells seal keys apart, and nothing about them
  seq INTEGER NOT NULL,                -- of the last summary that it has behind it; 0 before the first
  turn INTEGER NOT NULL,               -- ascending with every checkpoint of the account
  sealed BLOB NOT NULL,
  stored_ms INTEGER NOT NULL
);
-- Pages are read by it, and counts never touch a blob.
CREATE INDEX checkpoints_by_seal ON checkpoint_rows(seal_id, account);

CREATE VIEW checkpoints AS SELECT
  account AS client_id, seal_id, seq, turn, length(sealed) AS sealed_bytes,
  strftime('%Y-%m-%dT%H:%M:%S', stored_ms / 1000, 'unixepoch') || printf('.%03dZ', stored_ms % 1000) AS stored_at
FROM checkpoint_rows;
`;
