// Every database names its program: the mark in its header, who sets it, and who refuses another program's.

import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backupDatabase, restoreDatabase } from '../../src/store/backup.ts';
import { type DatabaseProgram, openCurrent, openWriter } from '../../src/store/database.ts';
import { lockDatabase } from '../../src/store/lock.ts';
import { applicationIdOf, type ProgramName, requireOwnFile } from '../../src/store/program-identity.ts';
import { testFolder } from '../federation/store/opened.ts';

function program(name: ProgramName, versions = 1): DatabaseProgram {
  const migrations = [`CREATE TABLE of_${name}(a)`, 'CREATE TABLE later(a)'].slice(0, versions);
  return { name, migrations, ownTable: `of_${name}`, summarise: () => ({}) };
}

const FEDERATION = program('federation');
const MINING = program('mining');

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('program-identity');
});
afterEach(() => folder.remove());

function make(file: string, owner: DatabaseProgram): string {
  const path = folder.path(file);
  openWriter(path, owner).close();
  return path;
}

/** A database of a release before the marks. */
function makeUnmarked(file: string, owner: DatabaseProgram): string {
  const path = make(file, owner);
  const database = new Sqlite(path);
  database.pragma('application_id = 0');
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  return path;
}

/** A database as a kill leaves it: its newest rows stand in its log alone. */
function makeKilled(file: string, owner: DatabaseProgram): string {
  const database = openWriter(folder.path('killed.db'), owner);
  database.exec(`INSERT INTO ${owner.ownTable} VALUES (1)`);
  for (const suffix of ['', '-wal']) {
    copyFileSync(folder.path(`killed.db${suffix}`), folder.path(`${file}${suffix}`));
  }
  database.close();
  expect(folder.bytes(`${file}-wal`).length).toBeGreaterThan(0);
  return folder.path(file);
}

/** A database killed before its first checkpoint: its tables and its mark, 0 for none, stand in its log alone. */
function makeInLogAlone(file: string, mark: number): string {
  const database = new Sqlite(folder.path('killed.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('wal_autocheckpoint = 0');
  database.pragma(`application_id = ${mark}`);
  database.exec('CREATE TABLE of_mining(a)');
  for (const suffix of ['', '-wal']) {
    copyFileSync(folder.path(`killed.db${suffix}`), folder.path(`${file}${suffix}`));
  }
  database.close();
  return folder.path(file);
}

/** Four bytes of the header (SQLite's file format). */
function lettersIn(path: string): string {
  return readFileSync(path).toString('latin1', 68, 72);
}

function contents(): Record<string, string> {
  const files = readdirSync(folder.path('.')).map((name) => [name, folder.bytes(name).toString('base64')]);
  return Object.fromEntries(files) as Record<string, string>;
}

describe('program identity', () => {
  it('program identity - a new database has the four letters of its program in its header', () => {
    const names = ['federation', 'mining', 'trades', 'agent'] as const;
    const letters = names.map((name) => lettersIn(make(`${name}.db`, program(name))));
    expect(letters).toEqual(['fede', 'mini', 'trad', 'agen']);
    expect(new Set(names.map(applicationIdOf)).size).toBe(names.length);
  });

  it('program identity - a file without a mark is recognised by its table, and marked when it is next opened for writing', async () => {
    const path = makeUnmarked('a.db', FEDERATION);
    openCurrent(path, FEDERATION).close();
    lockDatabase(path, FEDERATION).release();
    const options = { program: FEDERATION, databasePath: path, file: folder.path('b.db'), overwrite: false };
    await backupDatabase(options);
    expect([lettersIn(path), lettersIn(folder.path('b.db'))]).toEqual(['\0\0\0\0', '\0\0\0\0']);
    openWriter(path, FEDERATION).close();
    expect(lettersIn(path)).toBe('fede');
    const restored = {
      program: FEDERATION,
      databasePath: path,
      file: folder.path('b.db'),
      suffix: 'replaced',
      nowMs: 1,
    };
    expect(restoreDatabase(restored)).toMatchObject({ version: 1 });
  });

  it('program identity - a migration sets the mark, and the copy made before it is unchanged', () => {
    const path = makeUnmarked('a.db', FEDERATION);
    openWriter(path, program('federation', 2)).close();
    expect([lettersIn(path), lettersIn(`${path}.before-version-2`)]).toEqual(['fede', '\0\0\0\0']);
  });

  it.each([
    ['whole', make],
    ['killed', makeKilled],
  ])('program identity - a %s file of another program is refused unchanged', async (_how, makeIt) => {
    const path = makeIt('a.db', MINING);
    const own = make('own.db', FEDERATION);
    const file = folder.path('b.db');
    const before = contents();
    const refused = {
      code: 'database_unusable',
      message: expect.stringMatching(/a database of mining, and this program is federation: /) as unknown,
    };
    for (const open of [
      () => openWriter(path, FEDERATION),
      () => openCurrent(path, FEDERATION),
      () => lockDatabase(path, FEDERATION),
      () => requireOwnFile(path, FEDERATION),
    ]) {
      expect(open).toThrow(expect.objectContaining(refused));
    }
    const options = { program: FEDERATION, databasePath: path, file, overwrite: false };
    await expect(backupDatabase(options)).rejects.toMatchObject(refused);
    const restore = () =>
      restoreDatabase({ program: FEDERATION, databasePath: own, file: path, suffix: 'replaced', nowMs: 1 });
    expect(restore).toThrow(expect.objectContaining({ ...refused, code: 'backup_unusable' }));
    expect(contents()).toEqual(before);
  });

  it.each([
    [
      'mark',
      applicationIdOf('mining'),
      /a database of mining, and this program is federation: it is left as it is/,
    ],
    ['tables', 0, /holds tables of another program, and this program is federation: it is left as it is/],
  ])(
    'program identity - the %s of another program are found in the log alone, and no byte changes',
    async (_what, mark, sentence) => {
      const path = makeInLogAlone('a.db', mark);
      expect(lettersIn(path)).toBe('\0\0\0\0');
      const before = contents();
      const options = {
        program: FEDERATION,
        databasePath: path,
        file: folder.path('b.db'),
        overwrite: false,
      };
      for (const use of ['start', 'command', 'replace'] as const) {
        expect(() => lockDatabase(path, FEDERATION, use)).toThrow(sentence);
      }
      for (const open of [openWriter, openCurrent]) expect(() => open(path, FEDERATION)).toThrow(sentence);
      await expect(backupDatabase(options)).rejects.toThrow(sentence);
      expect(contents()).toEqual(before);
    },
  );

  it('program identity - only a start and a restore accept the tables of the earlier program', () => {
    const path = makeUnmarked('a.db', MINING);
    const heir = { ...FEDERATION, earlierTables: ['of_mining'] };
    for (const use of ['start', 'replace'] as const) {
      expect(() => requireOwnFile(path, heir, use)).not.toThrow();
    }
    expect(() => requireOwnFile(path, heir)).toThrow(/a database of an earlier program/);
  });

  it('program identity - only a restore accepts a file that is not a database', () => {
    const path = folder.path('a.db');
    writeFileSync(path, 'no database');
    for (const use of ['start', 'command'] as const) {
      expect(() => lockDatabase(path, FEDERATION, use)).toThrow(/is not a database/);
    }
    expect(readdirSync(folder.path('.'))).toEqual(['a.db']);
    lockDatabase(path, FEDERATION, 'replace').release();
  });

  it('program identity - tables of another program without a mark, and unknown marks, are refused', () => {
    const unmarked = makeUnmarked('a.db', MINING);
    const before = folder.bytes('a.db');
    for (const open of [openWriter, openCurrent]) {
      expect(() => open(unmarked, FEDERATION)).toThrow(/holds tables of another program/);
    }
    expect(folder.bytes('a.db')).toEqual(before);
    const other = new Sqlite(folder.path('other.db'));
    other.pragma('application_id = 252006675');
    other.exec('CREATE TABLE of_federation(a)');
    other.close();
    expect(() => openWriter(folder.path('other.db'), FEDERATION)).toThrow(
      /a database of another program \(application id 252006675\), and this program is federation/,
    );
  });

  it("program identity - a folder, an empty file and a missing file are no program's; a device is refused", () => {
    writeFileSync(folder.path('empty.db'), '');
    for (const path of [folder.path('.'), folder.path('none.db'), folder.path('empty.db')]) {
      expect(() => requireOwnFile(path, FEDERATION)).not.toThrow();
    }
    expect(() => requireOwnFile('/dev/zero', FEDERATION)).toThrow(/is no regular file/);
    expect(existsSync(folder.path('none.db'))).toBe(false);
  });
});
