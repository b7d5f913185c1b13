// Migration 6: messages missing from the numbers stay on record until an operator acknowledges them, and each row of
// the statistics stores the interval between rows at its time. Messages that earlier versions counted begin as
// acknowledged: they are in ingest_position and quarantine, where operators could see them.

/** SQL of migration 6. */
export const missing = `
CREATE TABLE missing_messages(
  outcome TEXT PRIMARY KEY,            -- lost, shed, quarantined
  total INTEGER NOT NULL,              -- since this table is there
  acknowledged INTEGER NOT NULL,       -- of them, the earliest
  first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL -- our clock when the first and the latest of the others were found; 0: none
) WITHOUT ROWID;

ALTER TABLE network_stats ADD COLUMN interval_ms INTEGER; -- PUBLISH_INTERVAL when the row was made; NULL: not known
`;
