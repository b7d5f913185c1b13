// One process per database file, and one per folder of our own broker: an exclusive transaction on a small SQLite file.
// The kernel releases it however we die, so there is no stale lock to clean up; the text file beside only says who holds it.

import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { CodedError } from '../lib/errors.ts';
import { makeFolder } from '../lib/folder.ts';
import { type DatabaseProgram, explain } from './database.ts';
import { refusalOf } from './refusal.ts';
import { requireOneName } from './one-name.ts';
import { errorCode } from '../lib/error-code.ts';
import { requireOwnFile } from './program-identity.ts';

/** A held lock. */
export interface DatabaseLock {
  /** True if a database was opened under this lock before, in whatever process. */
  readonly hadDatabase: boolean;
  /** A database is open: from now on its absence is not a first start. */
  noteDatabase(): void;
  release(): void;
  /** Releases it, and removes the lock file and the folders that were made for it. */
  undo(): void;
}

/**
 * Takes the lock of the program's database at `path`. Errors: `database_in_use`, naming the holder; `database_unusable` if
 * the file has a second name, or is another program's; `folder_not_writable`.
 */
export function lockDatabase(path: string, { name }: Pick<DatabaseProgram, 'name'>): DatabaseLock {
  requireOneName(path);
  requireOwnFile(path, name);
  const made: string[] = [];
  try {
    // Before anything is made: a lock file of a user who may not write the database would bar everybody else from it.
    if (existsSync(path)) accessSync(path, constants.W_OK);
    made.push(...makeFolder(dirname(path)));
    const { lock, isNew, release } = hold(path);
    const hadDatabase = lock.pragma('user_version', { simple: true }) === 1;
    return {
      hadDatabase,
      noteDatabase() {
        if (!hadDatabase) lock.pragma('user_version = 1');
      },
      release,
      undo() {
        // While it is held: who has opened the file by now sees in `hold` that it is gone.
        if (isNew) rmSync(`${path}.lock`, { force: true });
        release();
        removeFolders(made);
      },
    };
  } catch (error) {
    removeFolders(made);
    if (errorCode(error) === 'SQLITE_BUSY') {
      throw new CodedError(
        'database_in_use',
        `The database ${path} is in use by ${readHolder(path)}: stop that process, or set DB_PATH to another file.`,
      );
    }
    if (refusalOf(error) !== 'damaged') throw explain(error, path);
    throw new CodedError('database_unusable', describeDamage(path, path, error), { cause: error });
  }
}

function describeDamage(path: string, held: string, error: unknown): string {
  return `The lock file ${path}.lock is damaged (${errorCode(error) ?? 'unknown error'}): remove it while no aggregator runs on ${held}, and start again.`;
}

/** The files of the lock of a broker's folder are called this, and `.lock` or `.holder`. */
const IN_FOLDER = 'aggregator';

/**
 * Takes the lock of the folder of our own broker, which is there. Errors: `broker_folder_in_use`, naming the holder;
 * `broker_start_failed` if the lock file is damaged; the system's and SQLite's.
 */
export function lockBrokerFolder(folder: string): { release(): void } {
  const path = join(folder, IN_FOLDER);
  try {
    return hold(path);
  } catch (error) {
    if (refusalOf(error) === 'damaged') {
      throw new CodedError('broker_start_failed', describeDamage(path, folder, error), { cause: error });
    }
    if (errorCode(error) !== 'SQLITE_BUSY') throw error;
    throw new CodedError(
      'broker_folder_in_use',
      `The folder ${folder} of our own broker is in use by another aggregator (${readHolder(path)}): set EMBEDDED_NATS_DIR to a folder of this program's own, or stop the other program.`,
    );
  }
}

interface Held {
  readonly lock: InstanceType<typeof Sqlite>;
  /** There was no lock file before. */
  readonly isNew: boolean;
  release(): void;
}

/** Holds `path`.lock, and writes into `path`.holder who does. Throws SQLite's error, and the system's. */
function hold(path: string): Held {
  const lockPath = `${path}.lock`;
  const holderPath = `${path}.holder`;
  const isNew = inodeOf(lockPath) === null;
  // Whoever may read it may lock it, and keep us from starting.
  closeToOthers(lockPath, '', 'a');
  const inode = inodeOf(lockPath);
  const lock = new Sqlite(lockPath, { timeout: 0 });
  try {
    // Kept until it is closed, also after a commit.
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE; COMMIT');
    if (inodeOf(lockPath) === inode) {
      closeToOthers(holderPath, `pid ${process.pid} on ${hostname()}\n`, 'w');
      return {
        lock,
        isNew,
        release() {
          rmSync(holderPath, { force: true });
          lock.close();
        },
      };
    }
  } catch (error) {
    lock.close();
    throw error;
  }
  // Who held it removed the file between our opening and our locking: what we hold has no name any more.
  lock.close();
  return hold(path);
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** Removes folders, the innermost last in the list, as far as nothing is in them. */
function removeFolders(folders: readonly string[]): void {
  try {
    for (const folder of folders.toReversed()) rmdirSync(folder);
  } catch {
    // Somebody uses it by now.
  }
}

/** Writes a file that only its owner may read, also where an earlier version left it open to others. */
function closeToOthers(path: string, text: string, flag: 'a' | 'w'): void {
  writeFileSync(path, text, { mode: 0o600, flag });
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

function readHolder(path: string): string {
  try {
    return readFileSync(`${path}.holder`, 'utf8').trim() || 'another process';
  } catch {
    return 'another process';
  }
}
