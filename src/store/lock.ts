// Allows one process per database file, and one per folder of the embedded broker, by an exclusive transaction on a
// small SQLite file. The kernel releases the lock however the process dies, so no stale lock can remain. A text file
// beside the lock names the holder; it is only for messages.

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
import { explain } from './database.ts';
import { refusalOf } from './refusal.ts';
import { requireOneName } from './one-name.ts';
import { errorCode } from '../lib/error-code.ts';
import { type DatabaseOwner, type FileUse, requireOwnFile } from './program-identity.ts';

/** A lock that this process holds. */
export interface DatabaseLock {
  /** True if any process opened a database under this lock before. */
  readonly hadDatabase: boolean;
  /** Records that a database was opened: from now on a missing database file is not a first start. */
  noteDatabase(): void;
  release(): void;
  /** Releases the lock, and removes the lock file and the folders that were created for it. */
  undo(): void;
}

/**
 * Takes the lock of the program's database at `path`. Errors: `database_in_use`, which names the holder;
 * `database_unusable` if the file has a second name, is another program's or no database, or has a damaged lock file;
 * `folder_not_writable`.
 */
export function lockDatabase(path: string, owner: DatabaseOwner, use: FileUse = 'command'): DatabaseLock {
  requireOneName(path);
  requireOwnFile(path, owner, use);
  const createdFolders: string[] = [];
  try {
    // Checked before any file is created: a lock file of a user who may not write the database would keep every other
    // user from it.
    if (existsSync(path)) accessSync(path, constants.W_OK);
    createdFolders.push(...makeFolder(dirname(path)));
    const { lock, isNew, release } = hold(path);
    const hadDatabase = lock.pragma('user_version', { simple: true }) === 1;
    return {
      hadDatabase,
      noteDatabase() {
        if (!hadDatabase) lock.pragma('user_version = 1');
      },
      release,
      undo() {
        // Removed while the lock is held: a process that has opened the file meanwhile finds in `hold` that it is gone.
        if (isNew) rmSync(`${path}.lock`, { force: true });
        release();
        removeFolders(createdFolders);
      },
    };
  } catch (error) {
    removeFolders(createdFolders);
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

/** Name of the lock files in a broker's folder, before `.lock` and `.holder`. */
const IN_FOLDER = 'aggregator';

/**
 * Takes the lock of the embedded broker's folder, which must exist. Errors: `broker_folder_in_use`, which names the
 * holder; `broker_start_failed` if the lock file is damaged; errors of the system and of SQLite.
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
      `The folder ${folder} of the embedded broker is in use by another aggregator (${readHolder(path)}): set EMBEDDED_NATS_DIR to a folder of this program's own, or stop the other program.`,
    );
  }
}

interface Held {
  readonly lock: InstanceType<typeof Sqlite>;
  /** True if there was no lock file before. */
  readonly isNew: boolean;
  release(): void;
}

/** Locks `path`.lock, and names this process in `path`.holder. Throws SQLite's error and the system's. */
function hold(path: string): Held {
  const lockPath = `${path}.lock`;
  const holderPath = `${path}.holder`;
  const isNew = inodeOf(lockPath) === null;
  // Any user who may read the file could lock it, and so keep the aggregator from starting.
  closeToOthers(lockPath, '', 'a');
  const inode = inodeOf(lockPath);
  const lock = new Sqlite(lockPath, { timeout: 0 });
  try {
    // SQLite keeps the lock until the connection is closed, also after a commit.
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
  // The previous holder removed the file after this process opened it and before this process locked it. This lock is
  // therefore on a file without a name.
  lock.close();
  return hold(path);
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** Removes the folders, the innermost of which is last in the list, as far as they are empty. */
function removeFolders(folders: readonly string[]): void {
  try {
    for (const folder of folders.toReversed()) rmdirSync(folder);
  } catch {
    // Another process uses the folder meanwhile.
  }
}

/** Writes a file that only its owner may read, even if an earlier version left it readable for others. */
function closeToOthers(path: string, text: string, flag: 'a' | 'w'): void {
  writeFileSync(path, text, { mode: 0o600, flag });
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

/** The process that wrote its name beside a lock. */
export interface LockHolder {
  /** `pid N on HOST`. */
  readonly text: string;
  /** Whether it still runs; null if it is on another machine. It may be another process that has got the same id. */
  readonly isAlive: boolean | null;
}

/** The holder of the lock of the database at `path`, by the file beside it; null if there is none. It takes no lock. */
export function lockHolder(path: string): LockHolder | null {
  const text = readHolder(path);
  const [, pid, host] = /^pid (\d+) on (.+)$/.exec(text) ?? [];
  if (pid === undefined) return null;
  return { text, isAlive: host === hostname() ? isAlive(Number(pid)) : null };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user.
    return errorCode(error) === 'EPERM';
  }
}

function readHolder(path: string): string {
  try {
    return readFileSync(`${path}.holder`, 'utf8').trim() || 'another process';
  } catch {
    return 'another process';
  }
}
