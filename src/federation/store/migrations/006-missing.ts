// Migration 6: messages missing from the numbers are on record until an operator acknowledges them, and a row of the
// statistics says how often rows were made when it was. What earlier versions counted begins as acknowledged: it is in
// ingest_position and quarantine, and its operator has had it before his eyes.

export const missing = `
CREATE TABLE missing_messages(
  outcome TEXT PRIMARY KEY,            -- lost, shed, quarantined
  total INTEGER NOT NULL,              -- since this table is there
  acknowledged INTEGER NOT NULL,       -- of them, the earliest
  first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL -- our clock when the first and the latest of the others were found; 0: none
) WITHOUT ROWID;

ALTER TABLE network_stats ADD COLUMN interval_ms INTEGER; -- PUBLISH_INTERVAL when the row was made; NULL: not known
`;
