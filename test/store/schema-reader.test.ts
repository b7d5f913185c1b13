// The reader of the schema against SQLite: the same names and the same mark, from the file, from its log, and from both.

import { copyFileSync, existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SchemaEntry, SchemaReader } from '../../src/store/schema-reader.ts';
import { testFolder } from '../federation/store/opened.ts';

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('schema-reader');
});
afterEach(() => folder.remove());

interface Read {
  readonly mark: number;
  readonly entries: readonly SchemaEntry[];
}

function read(path: string): Read {
  const reader = new SchemaReader(path);
  try {
    return { mark: reader.mark(), entries: reader.entries().toSorted(byName) };
  } finally {
    reader.close();
  }
}

function readBySqlite(path: string): Read {
  const database = new Sqlite(path);
  try {
    const entries = database.prepare<[], SchemaEntry>('SELECT type, name FROM sqlite_master').all();
    return {
      mark: Number(database.pragma('application_id', { simple: true })),
      entries: entries.toSorted(byName),
    };
  } finally {
    database.close();
  }
}

function byName(a: SchemaEntry, b: SchemaEntry): number {
  return a.name < b.name ? -1 : 1;
}

/** Copies the files as a kill leaves them. */
function copyKilled(from: string, to: string): void {
  for (const suffix of ['', '-wal']) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
}

describe('schema reader', () => {
  // Few tables fill a page of 512 bytes, so that the schema is a tree of several levels.
  it.each(
    (
      [
        [512, 300],
        [4096, 60],
        [65_536, 2],
      ] as const
    ).flatMap(([bytes, most]) =>
      (['WAL', 'DELETE'] as const).flatMap((mode) =>
        [0, 1, most].map((tables) => [bytes, mode, tables] as const),
      ),
    ),
  )('schema reader - pages of %i bytes, %s, %i tables: as SQLite', (bytes, mode, tables) => {
    const path = folder.path('a.db');
    const database = new Sqlite(path);
    database.pragma(`page_size = ${bytes}`);
    database.pragma(`journal_mode = ${mode}`);
    database.pragma('wal_autocheckpoint = 0');
    const make = (from: number, to: number) =>
      database.transaction(() => {
        for (let n = from; n < to; n++)
          database.exec(`CREATE TABLE t${n}(a, b); CREATE INDEX i${n} ON t${n}(a)`);
      })();
    make(0, Math.floor(tables / 2));
    if (mode === 'WAL') database.pragma('wal_checkpoint(PASSIVE)');
    make(Math.floor(tables / 2), tables);
    database.exec('CREATE VIEW v AS SELECT 1');
    database.pragma('application_id = 1835626089');
    if (tables > 1) database.exec('DROP TABLE t0');
    copyKilled(path, folder.path('b.db'));
    database.close();
    const files = readdirSync(folder.path('.')).filter((name) => name.startsWith('b.'));
    const before = files.map((name) => folder.bytes(name));
    const found = read(folder.path('b.db'));
    expect(readdirSync(folder.path('.')).filter((name) => name.startsWith('b.'))).toEqual(files);
    expect(files.map((name) => folder.bytes(name))).toEqual(before);
    expect(found).toEqual(readBySqlite(folder.path('b.db')));
    expect(found.mark).toBe(1_835_626_089);
  });

  it('schema reader - frames of an earlier use of the log and of an unfinished transaction do not count', () => {
    const path = folder.path('a.db');
    const database = new Sqlite(path);
    database.pragma('journal_mode = WAL');
    database.pragma('wal_autocheckpoint = 0');
    database.exec('CREATE TABLE first(a); CREATE TABLE second(a); DROP TABLE second');
    database.pragma('wal_checkpoint(RESTART)');
    // Overwrites the beginning of the log; the rest is of the earlier use.
    database.exec('CREATE TABLE third(a)');
    copyKilled(path, folder.path('b.db'));
    // Without its last frame the transaction has no end.
    copyKilled(path, folder.path('c.db'));
    truncateSync(folder.path('c.db-wal'), 32 + 24 + 4096);
    database.close();
    for (const [name, tables] of [
      ['b.db', ['first', 'third']],
      ['c.db', ['first']],
    ] as const) {
      expect(read(folder.path(name)).entries.map((entry) => entry.name)).toEqual(tables);
      expect(readBySqlite(folder.path(name)).entries.map((entry) => entry.name)).toEqual(tables);
    }
  });

  it('schema reader - damaged files never throw, and end', () => {
    const path = folder.path('a.db');
    const database = new Sqlite(path);
    database.pragma('page_size = 512');
    for (let n = 0; n < 50; n++) database.exec(`CREATE TABLE t${n}(a)`);
    database.close();
    const whole = folder.bytes('a.db');
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(changes, fc.uint8Array({ maxLength: 2000 }), (bytes, log) => {
        const spoilt = Buffer.from(whole);
        for (const [at, byte] of bytes) spoilt[at] = byte;
        writeFileSync(path, spoilt);
        writeFileSync(`${path}-wal`, log);
        expect(() => read(path)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});
