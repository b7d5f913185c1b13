// Messages set aside on plain NATS have no sequence.

export const quarantine = `
CREATE TABLE quarantine_new(seq INTEGER, subject TEXT NOT NULL, code TEXT NOT NULL, at TEXT NOT NULL);
INSERT INTO quarantine_new SELECT seq, subject, code, at FROM quarantine ORDER BY rowid;
DROP TABLE quarantine;
ALTER TABLE quarantine_new RENAME TO quarantine;
`;
