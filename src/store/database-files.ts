// Checks the files of an open database on disk: whether the open files are still those with the database's name. It
// only inspects. It opens no file, because closing a second handle would release SQLite's locks.

import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodedError } from '../lib/errors.ts';
import type { Database } from './database.ts';
import { DatabaseMissing } from './refusal.ts';

/**
 * Refuses to create a new database where one existed: `hadDatabase` comes from the lock file. A log without its
 * database also shows that there was one. Errors: `database_missing`.
 */
export function expectDatabase(path: string, hadDatabase: boolean): void {
  const bytes = look(path)?.bytes ?? 0;
  if (bytes > 0 || !(hadDatabase || existsSync(`${path}-wal`))) return;
  throw new CodedError(
    'database_missing',
    `The database ${path} is gone or empty, and there was one: put it back or restore a backup; to begin anew, remove ${path}-wal and ${path}.lock too.`,
  );
}

interface FileIdentity {
  readonly device: number;
  readonly inode: number;
}

/** Size of the write-ahead log's header, and of the header before each page in it, in bytes (SQLite's file format). */
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Minimum pause before a damaged file is checked again, as a multiple of the duration of the last check. */
const LOOK_REST = 9;

/** Watches whether an open database's files are still at their path and undamaged. */
export class DatabaseFiles {
  readonly #path: string;
  readonly #database: Database;
  readonly #monotonicMs: () => number;
  readonly #pageBytes: number;
  readonly #file: FileIdentity | null;
  #wal: FileIdentity | null = null;
  #walBytes = 0;
  /** The error with which SQLite reported damage. Nothing is written until a check finds the database undamaged. */
  #damage: unknown = null;
  #lookAgainAtMs = 0;

  /** Remembers the files of the connection that was just opened on `path`. */
  constructor(path: string, database: Database, monotonicMs: () => number) {
    this.#path = path;
    this.#monotonicMs = monotonicMs;
    this.#database = database;
    this.#pageBytes = Number(database.pragma('page_size', { simple: true }));
    this.#file = look(path)?.identity ?? null;
  }

  /**
   * Must be called before every write. Throws {@link DatabaseMissing} while there is no file of this name, and
   * `database_replaced` if the open file can never be the database again.
   */
  check(): void {
    const file = look(this.#path);
    if (file === null) throw new DatabaseMissing(this.#path);
    if (!isSame(file.identity, this.#file)) {
      throw new CodedError(
        'database_replaced',
        `Another file took the place of the database ${this.#path} while it was open: nothing is written any more; start again to go on with the file that is there now.`,
      );
    }
    this.#checkLog();
    if (this.#damage !== null) this.#lookThrough(this.#damage);
  }

  /** Must be called after every write. */
  written(): void {
    const log = look(`${this.#path}-wal`);
    if (log === null) return;
    this.#wal ??= log.identity;
    this.#walBytes = log.bytes;
  }

  /** Must be called when SQLite reports that the file is damaged. */
  suspect(damage: unknown): void {
    this.#damage = damage;
  }

  #lookThrough(damage: unknown): void {
    const startedMs = this.#monotonicMs();
    if (startedMs < this.#lookAgainAtMs) throw damage;
    try {
      // Frees the cache, so that the check reads the file and not the cached pages.
      this.#database.pragma('shrink_memory');
      if (this.#database.pragma('quick_check(1)', { simple: true }) !== 'ok') throw damage;
      this.#damage = null;
    } finally {
      // Checking a large file takes long; the pause leaves the disk and the thread nine tenths of the time.
      this.#lookAgainAtMs = this.#monotonicMs() + LOOK_REST * (this.#monotonicMs() - startedMs);
    }
  }

  #checkLog(): void {
    const log = look(`${this.#path}-wal`);
    if (this.#wal === null) return;
    if (log === null || !isSame(log.identity, this.#wal)) {
      // This connection still has the committed data; a checkpoint saves it in the database.
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
      throw new CodedError(
        'database_replaced',
        `The write-ahead log of the database ${this.#path} was removed while it was open; what was in it has been brought into the database: leave the files in ${dirname(this.#path)} alone while the program runs, and start again.`,
      );
    }
    // The log shrinks only after a checkpoint has moved all of it into the database, which other tools may request.
    if (log.bytes < this.#walBytes && log.bytes < this.#bytesInUse()) {
      throw new CodedError(
        'database_replaced',
        `The write-ahead log of the database ${this.#path} was cut short while it was open; the latest transactions are lost from the file: start again, and what the stream still holds is read once more; if SQLite then finds the file damaged, restore a backup.`,
      );
    }
  }

  /** The length that the log needs for pages that are not yet in the database. Reads nothing of the log. */
  #bytesInUse(): number {
    const [row] = this.#database.pragma('wal_checkpoint(NOOP)') as { readonly log: number }[];
    const frames = Math.max(0, row?.log ?? 0);
    return frames === 0 ? 0 : WAL_HEADER_BYTES + frames * (FRAME_HEADER_BYTES + this.#pageBytes);
  }
}

function look(path: string): { readonly identity: FileIdentity; readonly bytes: number } | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined
    ? null
    : { identity: { device: found.dev, inode: found.ino }, bytes: found.size };
}

function isSame(a: FileIdentity, b: FileIdentity | null): boolean {
  return b !== null && a.device === b.device && a.inode === b.inode;
}

/** True if users other than the owner may read the database, and with it the keys that sign messages and statistics. */
export function isReadableByOthers(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0;
}
