// Opens the SQLite file: for the single writer (locked, migrated), or for any number of readers, which cannot write.

import { existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite, { type Database, type Statement } from 'better-sqlite3';
import { CodedError } from '../lib/errors.ts';
import { makeFolder } from '../lib/folder.ts';
import { copyDatabase } from './copy.ts';
import { explainAccess, lookForDatabase } from './database-place.ts';
import type { Migration } from './migration.ts';
import {
  applicationIdOf,
  type DatabaseOwner,
  refuseMark,
  refuseTables,
  requireOwnFile,
} from './program-identity.ts';
import { explainRefusal, refusalOf } from './refusal.ts';
import type { SchemaEntry } from './schema-reader.ts';

export type { Database, Statement };

/** A connection that can only read; workers get this type. */
export type ReadDatabase = Pick<Database, 'prepare' | 'close' | 'transaction'>;

/** A program's contribution to this room: how to create, recognise and summarise its database. */
export interface DatabaseProgram<Summary extends object = object> extends DatabaseOwner {
  /** `migrations[n]` takes a database from version n to n + 1. */
  readonly migrations: readonly Migration[];
  /** Summarises a whole database, for example after a backup; it only reads. */
  summarise(database: ReadDatabase): Summary;
  /**
   * Notes in a verified backup, before it replaces a database, that it does so at `atMs`; the next start can tell. The
   * backup may have an older version. Absent: nothing is noted.
   */
  noteRestored?(database: Database, atMs: number): void;
}

/** Converts a database with the program's `earlierTables` into one of this program. */
export interface Adoption {
  /** Moves all data into this program's tables, which `createSchema` makes, inside one transaction. */
  adopt(database: Database, createSchema: () => void): void;
}

/**
 * Opens the file for the single writer, creates its folder if necessary, and migrates the database in one transaction,
 * so that after a crash the file has the old or the new version. Before it migrates an existing file it copies the
 * file. A file without a mark gets the program's. The caller must hold the lock of `lock.ts`. With `mustExist` a file
 * without tables is no database, and stays as it is (`not_found`). Other errors: `folder_not_writable`, `database_newer`, `database_unusable`, `copy_failed`, `database_in_use`.
 */
export function openWriter(
  path: string,
  program: DatabaseProgram,
  adoption: Adoption | null = null,
  mustExist = false,
): Database {
  const existed = existsSync(path);
  const { migrations } = program;
  try {
    requireOwnFile(path, program, adoption === null ? 'command' : 'start');
    makeFolder(dirname(path));
    // The file holds signing keys, so other users must never be able to open it: a user who has opened it once could
    // keep reading it. SQLite gives the files beside it the same mode.
    if (!existed) writeFileSync(path, '', { mode: 0o600, flag: 'a' });
    let database = new Sqlite(path, { timeout: 5000 });
    try {
      if (adoption !== null && isEarlier(database, program)) {
        adoptFile(database, path, adoption, program);
        // Opens a new connection, because one with an exclusive lock cannot share the file again.
        database.close();
        database = new Sqlite(path, { timeout: 5000 });
      }
      const version = checkVersion(database, path, program);
      if (mustExist && entriesOf(database).length === 0) throw databaseNotFound(path);
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = NORMAL');
      database.pragma('cache_size = -65536');
      database.pragma('wal_autocheckpoint = 4000');
      // A backup or an audit makes the log grow while it reads; afterwards this limit shrinks the log.
      database.pragma('journal_size_limit = 67108864');
      if (version > 0 && version < migrations.length)
        copyDatabase(database, `${path}.before-version-${migrations.length}`);
      migrate(database, version, program);
      // The writer retries a commit that finds the file locked; a stop must not wait for it.
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

/** A database of the program in memory: no file is made or read, and nothing remains of it. */
export function openInMemory(program: DatabaseProgram): Database {
  const database = new Sqlite(':memory:');
  database.transaction(() => applyMigrations(database, 0, program))();
  return database;
}

/**
 * Runs `run` so that each transaction is on the disk before the next statement, even after a power cut. For changes
 * that the program confirms to someone; messages do not need it, because the program can read them again.
 */
export function durably<T>(database: Pick<Database, 'pragma'>, run: () => T): T {
  database.pragma('synchronous = FULL');
  try {
    return run();
  } finally {
    database.pragma('synchronous = NORMAL');
  }
}

/** The error of a command that finds no database: only a start of the program creates one. */
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
 * Opens the file read-only for a query over all of it. Errors: `database_newer`; `database_unusable`, also if this
 * program has not migrated the file yet.
 */
export function openCurrent(path: string, program: DatabaseProgram): Database {
  requireOwnFile(path, program);
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

/** Opens a file that no other process uses or opens, without changing settings. Errors: `database_unusable`. */
export function openAlone(path: string): Database {
  try {
    return new Sqlite(path, { fileMustExist: true, timeout: 5000 });
  } catch (error) {
    throw explain(error, path);
  }
}

/**
 * Throws if SQLite has opened the file for reading only, as it does if it may not write. Such a connection can never
 * write, even if the rights change.
 */
function refuseReadOnly(database: Database): void {
  try {
    // SQLite would grant BEGIN IMMEDIATE, so only a write shows it.
    const table = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 1")
      .pluck()
      .get();
    database.exec(`DELETE FROM "${String(table)}" WHERE false`);
  } catch (error) {
    if (refusalOf(error) === 'not_writable') throw error;
    // Other obstacles, for example a lock, are temporary; the writer waits for them.
  }
}

/** Refuses a file of another program before it changes anything; returns the version, 0 for an empty file. */
function checkVersion(database: Database, path: string, program: DatabaseProgram): number {
  const newest = program.migrations.length;
  // SQLite has the last word: another process may have written since the file was looked at.
  refuseMark(applicationIdIn(database), path, program.name);
  const version = Number(database.pragma('user_version', { simple: true }));
  refuseTables(entriesOf(database), path, program);
  if (version > newest) {
    throw new CodedError(
      'database_newer',
      `The database ${path} has version ${version}, and this program knows versions up to ${newest}: run the newer program again, or restore a backup made before the upgrade.`,
    );
  }
  return version;
}

/**
 * Applies all missing migrations and the mark in one transaction, so that a copy made before has the file as it was
 * before the first migration.
 */
function migrate(database: Database, version: number, program: DatabaseProgram): void {
  const isMarked = applicationIdIn(database) === applicationIdOf(program.name);
  if (version === program.migrations.length && isMarked) return;
  database.transaction(() => applyMigrations(database, version, program))();
  // A migration may have rewritten every row: this shrinks the log, which would otherwise stay as large as the file.
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
  // Exclusive, because another program that continues to write into tables that disappear would lose its data.
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
  // Views and triggers of other programs keep the table names that they use, and dropping a table deletes nothing in
  // other tables.
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

function entriesOf(database: Database): SchemaEntry[] {
  return database.prepare<[], SchemaEntry>('SELECT type, name FROM sqlite_master').all();
}

/** In this program's schema the earlier names are views, so a table shows an earlier database. */
function isEarlier(database: Database, { earlierTables = [] }: DatabaseProgram): boolean {
  return entriesOf(database).some(({ type, name }) => type === 'table' && earlierTables.includes(name));
}

/**
 * Converts an error of reading the database at `path` into a sentence: the file is damaged or incomplete, or the disk
 * fails. Returns an error that is not SQLite's as it is.
 */
export function explainReading(error: unknown, path: string): unknown {
  const isOfDatabase = error instanceof Sqlite.SqliteError && refusalOf(error) !== null;
  return isOfDatabase ? explain(error, path) : error;
}

/** The error with a sentence for a failure to open the file at `path`, or to read what every start reads. */
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

/** The version of the SQLite that the program brings, such as 3.50.4; asked of a database in memory. Throws if the library cannot be loaded on this machine. */
export function sqliteVersion(): string {
  const database = new Sqlite(':memory:');
  try {
    return String(database.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    database.close();
  }
}
