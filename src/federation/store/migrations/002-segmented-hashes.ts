// Migration 2: tasks and invoices lose the unique index on the hash, whose random inserts touch the whole tree. They
// get an index whose inserts touch only the part of the newest 131,072 rows. From here on the writer keeps hashes
// unique, not SQLite (src/federation/store/hash-index.ts). Frozen once released.

import { randomBytes } from 'node:crypto';
import { HashKeys } from '../hash-keys.ts';
import type { MigratedDatabase } from '../../../store/migration.ts';

const TABLES = `
-- Which hashes the rows of a segment (id >> 17) may have: one Bloom filter each, of all segments but the newest.
CREATE TABLE hash_filters(
  of_table TEXT NOT NULL,
  segment INTEGER NOT NULL,
  bits BLOB NOT NULL,
  PRIMARY KEY (of_table, segment)
);

CREATE TABLE tasks_2(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  tag INTEGER NOT NULL,                -- 16 bits of a keyed hash of the hash: src/federation/store/hash-keys.ts
  first_ms INTEGER NOT NULL,
  last_after_ms INTEGER NOT NULL,      -- last_seen − first_seen
  created_after_ms INTEGER NOT NULL,   -- moment of the insert − first_seen
  chain,
  type,
  outcome INTEGER,                     -- NULL: only received; src/federation/domain/outcome.ts
  reporters BLOB NOT NULL              -- 4 bytes each, ascending: node number × 4 + kinds reported
);

CREATE TABLE invoices_2(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  tag INTEGER NOT NULL,
  task_hash BLOB,
  first_ms INTEGER NOT NULL,
  last_after_ms INTEGER NOT NULL,
  created_after_ms INTEGER NOT NULL,
  chain,
  operation,
  steps INTEGER NOT NULL,
  memory INTEGER NOT NULL,
  reporters BLOB NOT NULL
);
`;

// The old views refer to the tables and keep their text. With legacy_alter_table the renaming does not check them while
// the tables are missing.
const COPY = `
INSERT INTO tasks_2 SELECT id, hash, hash_tag(hash), first_ms, last_after_ms, created_after_ms, chain, type, outcome, reporters
  FROM tasks ORDER BY id;
INSERT INTO invoices_2 SELECT id, hash, hash_tag(hash), task_hash, first_ms, last_after_ms, created_after_ms, chain, operation,
  steps, memory, reporters FROM invoices ORDER BY id;
DROP TABLE tasks;
DROP TABLE invoices;
PRAGMA legacy_alter_table = ON;
ALTER TABLE tasks_2 RENAME TO tasks;
ALTER TABLE invoices_2 RENAME TO invoices;
PRAGMA legacy_alter_table = OFF;
CREATE INDEX tasks_by_hash ON tasks(id >> 17, substr(hash, 1, 4), tag);
CREATE INDEX invoices_by_hash ON invoices(id >> 17, substr(hash, 1, 4), tag);
`;

/** Makes the secret of the keyed hash, and copies all rows into tables with segmented indexes. */
export function segmentedHashes(database: MigratedDatabase): void {
  const secret = randomBytes(32).toString('hex');
  const keys = new HashKeys(secret);
  database.exec(TABLES);
  database.exec(`INSERT INTO settings_kept (name, value) VALUES ('hash_key', '${secret}')`);
  database.function('hash_tag', (hash) =>
    Buffer.isBuffer(hash) ? keys.keyOf(hash.toString('hex')).tag : null,
  );
  database.exec(COPY);
}
