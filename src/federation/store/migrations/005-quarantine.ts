// Migration 5: messages set aside on plain NATS have no sequence. Nothing is renamed: SQLite would look into every view of
// the file and refuse if one of somebody else's is broken.

export const quarantine = `
CREATE TABLE quarantine_new(seq INTEGER, subject TEXT NOT NULL, code TEXT NOT NULL, at TEXT NOT NULL);
INSERT INTO quarantine_new SELECT seq, subject, code, at FROM quarantine ORDER BY rowid;
DROP TABLE quarantine;
CREATE TABLE quarantine(seq INTEGER, subject TEXT NOT NULL, code TEXT NOT NULL, at TEXT NOT NULL);
INSERT INTO quarantine SELECT seq, subject, code, at FROM quarantine_new ORDER BY rowid;
DROP TABLE quarantine_new;
`;
