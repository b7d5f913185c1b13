// Migration 10: the log of events (src/federation/domain/events.ts), and how many nodes were in which state when a row of
// the statistics was made. Rows from before know no states.

/** SQL of migration 10. */
export const events = `
CREATE TABLE events(
  id INTEGER PRIMARY KEY,              -- ascends; never given again
  at_ms INTEGER NOT NULL,              -- our clock
  kind TEXT NOT NULL,
  node_id TEXT,                        -- NULL: an event of the aggregator
  from_state TEXT, cause TEXT,
  count INTEGER, detail TEXT
) STRICT;

ALTER TABLE network_stats ADD COLUMN online_nodes INTEGER;  -- NULL: not known
ALTER TABLE network_stats ADD COLUMN stale_nodes INTEGER;
ALTER TABLE network_stats ADD COLUMN offline_nodes INTEGER;
`;
