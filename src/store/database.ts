// Opens the SQLite file: the one writer (locked, migrated) and any number of readers that cannot write. The only
// importer of better-sqlite3.

import { copyFileSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite, { type Database, type Statement } from 'better-sqlite3';
import { CodedError } from '../lib/errors.ts';
import { makeFolder } from '../lib/folder.ts';
import { MIGRATIONS } from './migrations/index.ts';

export type { Database, Statement };

/** A connection that can only read: what workers get. */
export type ReadDatabase = Pick<Database, 'prepare' | 'close' | 'transaction'>;

/**
 * Opens the file for the one writer, makes its folder if need be, and migrates it. The caller holds the lock of
 * `lock.ts`. Errors: `folder_not_writable`, `database_newer`, `database_unusable`.
 */
export function openWriter(path: string): Database {
  const existed = existsSync(path);
  try {
    makeFolder(dirname(path));
    const database = new Sqlite(path, { timeout: 5000 });
    try {
      const version = checkVersion(database, path);
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = NORMAL');
      database.pragma('cache_size = -131072');
      database.pragma('wal_autocheckpoint = 4000');
      migrate(database, path, version, existed);
      // A commit that finds the file locked is tried again by itself; a stop must not wait for it.
      database.pragma('busy_timeout = 250');
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw explain(error, path);
  }
}

/** Opens the file read-only. Errors: `database_unusable`. */
export function openReader(path: string): Database {
  try {
    const database = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 5000 });
    database.pragma('query_only = ON');
    return database;
  } catch (error) {
    throw explain(error, path);
  }
}

/** Refuses a file that is not ours, before anything in it is changed. */
function checkVersion(database: Database, path: string): number {
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version > MIGRATIONS.length) {
    throw new CodedError(
      'database_newer',
      `The database ${path} has version ${version}, and this program knows versions up to ${MIGRATIONS.length}: run the newer program again, or restore a backup made before the upgrade.`,
    );
  }
  if (version === 0 && hasTables(database)) {
    throw new CodedError(
      'database_unusable',
      `The file ${path} holds tables of another program: point DB_PATH at a new file.`,
    );
  }
  return version;
}

function migrate(database: Database, path: string, version: number, existed: boolean): void {
  if (existed && version > 0 && version < MIGRATIONS.length) {
    database.pragma('wal_checkpoint(TRUNCATE)');
    copyFileSync(path, `${path}.before-version-${MIGRATIONS.length}`);
  }
  for (let next = version; next < MIGRATIONS.length; next++) {
    database.transaction(() => {
      const migration = MIGRATIONS[next] ?? '';
      if (typeof migration === 'string') database.exec(migration);
      else migration(database);
      database.pragma(`user_version = ${next + 1}`);
    })();
  }
  // A migration may have written every row anew: the log must not keep the size of the file.
  if (version > 0 && version < MIGRATIONS.length) database.pragma('wal_checkpoint(TRUNCATE)');
}

function hasTables(database: Database): boolean {
  return database.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() !== undefined;
}

function explain(error: unknown, path: string): Error {
  if (error instanceof CodedError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const folder = dirname(path);
  if (
    code === 'EACCES' ||
    code === 'EROFS' ||
    code === 'EPERM' ||
    code === 'SQLITE_CANTOPEN' ||
    code.startsWith('SQLITE_READONLY')
  ) {
    return new CodedError(
      'folder_not_writable',
      `The database ${path} cannot be written (${code}): make the folder ${folder} writable for this user, or set DB_PATH to a file in one that is.`,
      { cause: error },
    );
  }
  if (code === 'ENOTDIR' || code === 'EEXIST' || code === 'EISDIR') {
    return new CodedError(
      'folder_not_writable',
      `${folder} is not a folder: set DB_PATH to a file in a folder.`,
      { cause: error },
    );
  }
  return new CodedError(
    'database_unusable',
    `The database ${path} cannot be used (${code || 'unknown error'}): it is left as it is; restore a backup, or set DB_PATH to a new file.`,
    { cause: error },
  );
}
