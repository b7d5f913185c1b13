// One process per database file: an exclusive transaction on a small SQLite file beside it. The kernel releases it
// however we die, so there is no stale lock to clean up; the text file beside only says who holds it.

import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { CodedError } from '../lib/errors.ts';
import { makeFolder } from '../lib/folder.ts';
import { explain } from './database.ts';
import { refusalOf } from './refusal.ts';
import { requireOneName } from './one-name.ts';

/** A held lock. */
export interface DatabaseLock {
  /** True if a database was opened under this lock before, in whatever process. */
  readonly hadDatabase: boolean;
  /** A database is open: from now on its absence is not a first start. */
  noteDatabase(): void;
  release(): void;
}

/**
 * Takes the lock of the database at `path`. Errors: `database_in_use`, naming the holder; `database_unusable` if the file
 * has a second name; `folder_not_writable`.
 */
export function lockDatabase(path: string): DatabaseLock {
  const lockPath = `${path}.lock`;
  const holderPath = `${path}.holder`;
  requireOneName(path);
  let lock: InstanceType<typeof Sqlite> | undefined;
  try {
    makeFolder(dirname(path));
    // Whoever may read it may lock it, and keep us from starting.
    closeToOthers(lockPath, '', 'a');
    lock = new Sqlite(lockPath, { timeout: 0 });
    // Kept until it is closed, also after a commit.
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE; COMMIT');
    closeToOthers(holderPath, `pid ${process.pid} on ${hostname()}\n`, 'w');
  } catch (error) {
    lock?.close();
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'SQLITE_BUSY') {
      throw new CodedError(
        'database_in_use',
        `The database ${path} is in use by ${readHolder(holderPath)}: stop that process, or set DB_PATH to another file.`,
      );
    }
    if (refusalOf(error) !== 'damaged') throw explain(error, path);
    throw new CodedError(
      'database_unusable',
      `The lock file ${lockPath} is damaged (${code}): remove it while no aggregator runs on ${path}, and start again.`,
      { cause: error },
    );
  }
  const held = lock;
  const hadDatabase = held.pragma('user_version', { simple: true }) === 1;
  return {
    hadDatabase,
    noteDatabase() {
      if (!hadDatabase) held.pragma('user_version = 1');
    },
    release() {
      rmSync(holderPath, { force: true });
      held.close();
    },
  };
}

/** Writes a file that only its owner may read, also where an earlier version left it open to others. */
function closeToOthers(path: string, text: string, flag: 'a' | 'w'): void {
  writeFileSync(path, text, { mode: 0o600, flag });
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() || 'another process';
  } catch {
    return 'another process';
  }
}
