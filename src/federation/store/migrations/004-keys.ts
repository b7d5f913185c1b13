// Migration 4: when a key last signed for each node, how far each key's rate is used up, and which node ids are
// blocked.

/** SQL of migration 4. */
export const keys = `
-- Greatest event time of a message of the node that a key signed; 0: never.
ALTER TABLE nodes ADD COLUMN signed_ms INTEGER NOT NULL DEFAULT 0;

CREATE TABLE api_key_limits(
  key INTEGER PRIMARY KEY,             -- api_keys.id
  limit_due_ms REAL NOT NULL           -- src/federation/domain/limits.ts
);

CREATE TABLE blocked_nodes(node_id TEXT PRIMARY KEY, blocked_at TEXT NOT NULL) WITHOUT ROWID;
`;
