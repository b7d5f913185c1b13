import { readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { closeAsItIs } from '../../src/store/close-as-it-is.ts';
import { testFolder } from '../federation/store/opened.ts';

/** A database whose log has some transactions, each over many pages. */
function openWithLog(path: string, round: number): Sqlite.Database {
  const database = new Sqlite(path);
  database.pragma('journal_mode = WAL');
  database.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB); CREATE INDEX x ON t (b)');
  const insert = database.prepare('INSERT INTO t (b) VALUES (randomblob(60))');
  const fill = database.transaction((rows: number) => {
    for (let row = 0; row < rows; row++) insert.run();
  });
  fill(200);
  database.pragma('wal_checkpoint(TRUNCATE)');
  for (let transaction = 0; transaction <= round % 7; transaction++) fill(20 + ((round * 37) % 300));
  return database;
}

/** Cuts the log in the middle and closes the database; true if the file was left as it was. */
function cutAndClose(path: string, round: number, close: (database: Sqlite.Database) => void): boolean {
  const database = openWithLog(path, round);
  truncateSync(`${path}-wal`, Math.floor(statSync(`${path}-wal`).size / 2));
  const before = readFileSync(path);
  close(database);
  return readFileSync(path).equals(before);
}

function check(path: string): unknown {
  const database = new Sqlite(path);
  try {
    return database.pragma('integrity_check', { simple: true });
  } finally {
    database.close();
  }
}

const ROUNDS = Array.from({ length: 24 }, (_, round) => round);

describe('close as it is', () => {
  it('close as it is - the file of a cut log is left unchanged and whole, where SQLite itself changes some', () => {
    const folder = testFolder('close-as-it-is');
    onTestFinished(() => folder.remove());
    const plain = ROUNDS.map((round) =>
      cutAndClose(folder.path(`plain-${round}.db`), round, (database) => database.close()),
    );
    expect(plain).toContain(false);
    for (const round of ROUNDS) {
      const path = folder.path(`left-${round}.db`);
      const isLeft = cutAndClose(path, round, (database) => closeAsItIs(path, () => database.close()));
      expect({ round, isLeft, check: check(path) }).toEqual({ round, isLeft: true, check: 'ok' });
    }
  });

  it('close as it is - without a file of that name the connection is closed all the same', () => {
    let closed = 0;
    closeAsItIs(join('/nowhere', 'a.db'), () => (closed += 1));
    expect(closed).toBe(1);
  });
});
