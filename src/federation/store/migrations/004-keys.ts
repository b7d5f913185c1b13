// Migration: which nodes speak with a key, how far each key's rate is spent, and which ids are blocked.

export const keys = `
-- Greatest event time of a message of the node that a key signed; 0: never.
ALTER TABLE nodes ADD COLUMN signed_ms INTEGER NOT NULL DEFAULT 0;

CREATE TABLE api_key_limits(
  key INTEGER PRIMARY KEY,             -- api_keys.id
  limit_due_ms REAL NOT NULL           -- src/federation/domain/limits.ts
);

CREATE TABLE blocked_nodes(node_id TEXT PRIMARY KEY, blocked_at TEXT NOT NULL) WITHOUT ROWID;
`;
