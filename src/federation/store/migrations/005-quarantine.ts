// Migration 5: messages quarantined on plain NATS have no sequence. No table is renamed: SQLite would then check every
// view in the file, and fail if a view of another program is broken.

/** SQL of migration 5. */
export const quarantine = `
CREATE TABLE quarantine_new(seq INTEGER, subject TEXT NOT NULL, code TEXT NOT NULL, at TEXT NOT NULL);
INSERT INTO quarantine_new SELECT seq, subject, code, at FROM quarantine ORDER BY rowid;
DROP TABLE quarantine;
CREATE TABLE quarantine(seq INTEGER, subject TEXT NOT NULL, code TEXT NOT NULL, at TEXT NOT NULL);
INSERT INTO quarantine SELECT seq, subject, code, at FROM quarantine_new ORDER BY rowid;
DROP TABLE quarantine_new;
`;
