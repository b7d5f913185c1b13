// Opens the SQLite file: the one writer (locked, migrated) and any number of readers that cannot write. The only
// importer of better-sqlite3.

import { existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite, { type Database, type Statement } from 'better-sqlite3';
import { CodedError } from '../lib/errors.ts';
import { makeFolder } from '../lib/folder.ts';
import { copyDatabase } from './copy.ts';
import { explainAccess, lookForDatabase } from './database-place.ts';
import type { Migration } from './migration.ts';
import { applicationIdOf, type ProgramName, refuseMark, requireOwnFile } from './program-identity.ts';
import { explainRefusal, refusalOf } from './refusal.ts';

export type { Database, Statement };

/** A connection that can only read: what workers get. */
export type ReadDatabase = Pick<Database, 'prepare' | 'close' | 'transaction'>;

/** What a program hands the mechanisms of this room: how its database comes to be, is known, and is described. */
export interface DatabaseProgram<Summary extends object = object> {
  /** Its databases carry the mark of this name (`program-identity.ts`). */
  readonly name: ProgramName;
  /** `migrations[n]` takes a database from version n to n + 1. */
  readonly migrations: readonly Migration[];
  /** A table that every database of this program has, and no other program's: it tells a file that carries no mark. */
  readonly ownTable: string;
  /** What is said of a whole database, after a backup for instance; it only reads. */
  summarise(database: ReadDatabase): Summary;
}

/** How a database of an earlier program becomes ours. */
export interface Adoption {
  /** True if the file is such a database; then nothing in it is ours. */
  recognises(database: Database): boolean;
  /** Moves everything into our tables, which `createSchema` makes, inside one transaction. */
  adopt(database: Database, createSchema: () => void): void;
}

/**
 * Opens the file for the one writer, makes its folder if need be, and migrates it: at once, so that after a crash the file
 * is as before or as after. Before an existing file is migrated, a copy of it is made beside it. A file that carries no mark
 * gets the program's. The caller holds the lock of `lock.ts`. Errors: `folder_not_writable`, `database_newer`, `database_unusable`, `copy_failed`, `database_in_use`.
 */
export function openWriter(
  path: string,
  program: DatabaseProgram,
  adoption: Adoption | null = null,
): Database {
  const existed = existsSync(path);
  const { migrations } = program;
  try {
    requireOwnFile(path, program.name);
    makeFolder(dirname(path));
    // It holds what messages are signed with, and whoever opened it before it was closed to him would read along for ever.
    // The files beside it get the mode of this one.
    if (!existed) writeFileSync(path, '', { mode: 0o600, flag: 'a' });
    let database = new Sqlite(path, { timeout: 5000 });
    try {
      if (adoption?.recognises(database) === true) {
        adoptFile(database, path, adoption, program);
        // Another connection, for one that had the file to itself cannot share it again.
        database.close();
        database = new Sqlite(path, { timeout: 5000 });
      }
      const version = checkVersion(database, path, program);
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = NORMAL');
      database.pragma('cache_size = -65536');
      database.pragma('wal_autocheckpoint = 4000');
      // A backup or an audit lets the log grow while it reads: afterwards the room is given back.
      database.pragma('journal_size_limit = 67108864');
      if (version > 0 && version < migrations.length)
        copyDatabase(database, `${path}.before-version-${migrations.length}`);
      migrate(database, version, program);
      // A commit that finds the file locked is tried again by itself; a stop must not wait for it.
      database.pragma('busy_timeout = 250');
      refuseReadOnly(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw explain(error, path);
  }
}

/**
 * Runs with every transaction on the disk before the next statement, power cuts included: for what somebody is told of.
 * Messages need it not, for they are read again.
 */
export function durably<T>(database: Pick<Database, 'pragma'>, run: () => T): T {
  database.pragma('synchronous = FULL');
  try {
    return run();
  } finally {
    database.pragma('synchronous = NORMAL');
  }
}

/** What a command says where no database is: only a start of the program makes one. */
export function databaseNotFound(path: string): CodedError {
  return new CodedError(
    'not_found',
    `There is no database ${path}: check DB_PATH, or start the aggregator, which makes one.`,
  );
}

/** Opens the file read-only. Errors: `database_unusable`, `folder_not_writable`. */
export function openReader(path: string): Database {
  if (lookForDatabase(path) === null) {
    throw databaseNotFound(path);
  }
  try {
    const database = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 5000 });
    database.pragma('query_only = ON');
    return database;
  } catch (error) {
    throw explain(error, path);
  }
}

/**
 * Opens the file read-only for a question about all of it. Errors: `database_newer`; `database_unusable`, also
 * if this program has not migrated it yet.
 */
export function openCurrent(path: string, program: DatabaseProgram): Database {
  requireOwnFile(path, program.name);
  const { migrations } = program;
  const database = openReader(path);
  try {
    const version = checkVersion(database, path, program);
    if (version === migrations.length) return database;
    throw new CodedError(
      'database_unusable',
      `The database ${path} has version ${version} and this program makes version ${migrations.length} of it at its next start: start it first.`,
    );
  } catch (error) {
    database.close();
    throw explain(error, path);
  }
}

/** Opens a file that is not in use and that nobody else opens, as it is. Errors: `database_unusable`. */
export function openAlone(path: string): Database {
  try {
    return new Sqlite(path, { fileMustExist: true, timeout: 5000 });
  } catch (error) {
    throw explain(error, path);
  }
}

/** SQLite opens a file that it may not write for reading instead, and such a connection can never write, whatever changes. */
function refuseReadOnly(database: Database): void {
  try {
    // BEGIN IMMEDIATE would be granted.
    const table = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 1")
      .pluck()
      .get();
    database.exec(`DELETE FROM "${String(table)}" WHERE false`);
  } catch (error) {
    if (refusalOf(error) === 'not_writable') throw error;
    // What else keeps it from being written now, a lock for instance, is waited for.
  }
}

/** Refuses a file that is not the program's, before anything in it is changed; else its version, 0 of an empty one. */
function checkVersion(
  database: Database,
  path: string,
  { name, migrations, ownTable }: DatabaseProgram,
): number {
  const newest = migrations.length;
  // The mark may stand in the log alone.
  refuseMark(applicationIdIn(database), path, name);
  const version = Number(database.pragma('user_version', { simple: true }));
  if (hasTables(database) && !hasTable(database, ownTable)) {
    throw new CodedError(
      'database_unusable',
      `The file ${path} holds tables of another program: point DB_PATH at a new file. That of an earlier aggregator is taken over when the aggregator is started.`,
    );
  }
  if (version > newest) {
    throw new CodedError(
      'database_newer',
      `The database ${path} has version ${version}, and this program knows versions up to ${newest}: run the newer program again, or restore a backup made before the upgrade.`,
    );
  }
  return version;
}

/** All missing migrations, and the mark, in one transaction, so that a copy made before it is of the file as it was before the first. */
function migrate(database: Database, version: number, program: DatabaseProgram): void {
  const isMarked = applicationIdIn(database) === applicationIdOf(program.name);
  if (version === program.migrations.length && isMarked) return;
  database.transaction(() => applyMigrations(database, version, program))();
  // A migration may have written every row anew: the log must not keep the size of the file.
  database.pragma('wal_checkpoint(TRUNCATE)');
}

function applyMigrations(database: Database, version: number, { name, migrations }: DatabaseProgram): void {
  for (let next = version; next < migrations.length; next++) {
    const migration = migrations[next] ?? '';
    if (typeof migration === 'string') database.exec(migration);
    else migration(database);
    database.pragma(`user_version = ${next + 1}`);
  }
  database.pragma(`application_id = ${applicationIdOf(name)}`);
}

function adoptFile(database: Database, path: string, adoption: Adoption, program: DatabaseProgram): void {
  // Alone with the file, for a program that goes on writing into tables that we take away would lose what it writes.
  database.pragma('busy_timeout = 250');
  database.pragma('locking_mode = EXCLUSIVE');
  try {
    database.pragma('journal_mode = WAL');
    database.exec('BEGIN IMMEDIATE; COMMIT');
  } catch (error) {
    if (!isBusy(error)) throw error;
    throw new CodedError(
      'database_in_use',
      `The database ${path} is that of an earlier aggregator and is open in another process: stop the earlier aggregator and whatever else reads the file, then start again.`,
      { cause: error },
    );
  }
  copyDatabase(database, `${path}.before-adoption`);
  database.pragma('synchronous = FULL');
  database.pragma('cache_size = -65536');
  // Views and triggers of others go on naming the same tables, and deleting a table deletes nothing elsewhere.
  database.pragma('legacy_alter_table = ON');
  database.pragma('foreign_keys = OFF');
  database.transaction(() => adoption.adopt(database, () => applyMigrations(database, 0, program)))();
  database.pragma('wal_checkpoint(TRUNCATE)');
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}

function applicationIdIn(database: Database): number {
  return Number(database.pragma('application_id', { simple: true }));
}

function hasTable(database: Database, table: string): boolean {
  const found = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  return found.get(table) !== undefined;
}

function hasTables(database: Database): boolean {
  return database.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() !== undefined;
}

/**
 * The sentence for an error of reading the database at `path`: the file is damaged or half, or the disk refuses. What is no
 * error of SQLite comes back as it is.
 */
export function explainReading(error: unknown, path: string): unknown {
  const isOfDatabase = error instanceof Sqlite.SqliteError && refusalOf(error) !== null;
  return isOfDatabase ? explain(error, path) : error;
}

/** The sentence for an error of opening the file at `path`, or of reading what every start reads. */
export function explain(error: unknown, path: string): Error {
  if (error instanceof CodedError) return error;
  const denied = explainAccess(error, path);
  if (denied !== null) return denied;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const refusal = refusalOf(error);
  return new CodedError(
    'database_unusable',
    refusal === null || refusal === 'damaged' || refusal === 'other'
      ? `The database ${path} cannot be used (${code || 'unknown error'}): it is left as it is; restore a backup, or set DB_PATH to a new file.`
      : explainRefusal(error, refusal, path),
    { cause: error },
  );
}
