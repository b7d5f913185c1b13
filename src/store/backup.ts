// Backup of a database that may be in use at full speed, and restoring one. Both put whole files in place or none.

import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  linkSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { renameDurably, syncFile, syncFolder } from '../lib/durable.ts';
import { CodedError } from '../lib/errors.ts';
import { openAlone, openReader } from './database.ts';
import { requireOneName } from './one-name.ts';
import { type Verified, verifyDatabase } from './verify.ts';

/** Told what the work is at. Only copying knows how far it is, from 0 to 1: SQLite checks a file in one go. */
export type CopyProgress = (phase: 'copying' | 'verifying', share?: number) => void;

export interface BackupOptions {
  readonly databasePath: string;
  readonly file: string;
  /** Replace a file of that name. */
  readonly overwrite: boolean;
  readonly progress?: CopyProgress;
}

/** It holds what messages are signed with. */
const OWNER_ONLY = 0o600;

/** Pages copied between two looks at the event loop. */
const STEP_PAGES = 2_000;

/**
 * Copies the database as it is at this moment, whatever is written meanwhile, and verifies the copy before it gets its name.
 * Errors: `backup_exists`, `copy_failed`, `backup_unusable`, `database_unusable`.
 */
export async function backupDatabase(options: BackupOptions): Promise<Verified & { readonly bytes: number }> {
  const { databasePath, file, overwrite, progress = () => undefined } = options;
  requireOneName(databasePath);
  if (isSameFile(file, databasePath)) {
    throw new CodedError('backup_exists', `${file} is the database itself: name another file.`);
  }
  if (!overwrite && existsSync(file)) {
    throw new CodedError('backup_exists', `${file} exists: name another file, or add --overwrite.`);
  }
  const unfinished = `${file}.unfinished`;
  const source = openReader(databasePath);
  try {
    removeWithLogs(unfinished);
    // As secret as a database of ours: SQLite fills an empty file, and leaves its mode.
    writeFileSync(unfinished, '', { mode: OWNER_ONLY });
    // One snapshot for all steps: without it every commit of the running program would make the copy begin anew.
    source.exec('BEGIN');
    source.prepare('SELECT count(*) FROM sqlite_master').get();
    progress('copying', 0);
    await source.backup(unfinished, {
      progress({ totalPages, remainingPages }) {
        progress('copying', totalPages === 0 ? 0 : 1 - remainingPages / totalPages);
        return STEP_PAGES;
      },
    });
    progress('verifying');
    const verified = verifyAlone(unfinished, databasePath);
    const bytes = statSync(unfinished).size;
    renameDurably(unfinished, file);
    return { ...verified, bytes };
  } catch (error) {
    removeWithLogs(unfinished);
    if (error instanceof CodedError) throw error;
    throw copyFailed(file, error);
  } finally {
    source.close();
  }
}

export interface RestoreOptions {
  readonly databasePath: string;
  readonly file: string;
  /** What the replaced database's file name ends with. */
  readonly suffix: string;
  readonly progress?: CopyProgress;
}

/**
 * Puts the backup in the place of the database, which stays beside it under another name. The caller holds the lock, so
 * nobody else writes. A crash leaves the one or the other in place. Errors: `backup_unusable`, `database_newer`,
 * `copy_failed`, `database_in_use`.
 */
export function restoreDatabase(options: RestoreOptions): Verified & { readonly replaced: string | null } {
  const { databasePath, file, suffix, progress = () => undefined } = options;
  if (!existsSync(file)) throw new CodedError('backup_unusable', `There is no file ${file}.`);
  if (isSameFile(file, databasePath)) {
    throw new CodedError('backup_unusable', `${file} is the database itself: name a backup.`);
  }
  const unfinished = `${databasePath}.restoring`;
  try {
    removeWithLogs(unfinished);
    copyInParts(file, unfinished, (share) => progress('copying', share));
    // Whoever may read the database now may read it then, and nobody else.
    chmodSync(unfinished, statSync(databasePath, { throwIfNoEntry: false })?.mode ?? OWNER_ONLY);
    // A copy made by hand while the program ran may have its newest part in a log of its own.
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${unfinished}-wal`);
    progress('verifying');
    const verified = verifyAlone(unfinished, file);
    syncFile(unfinished);
    const replaced = existsSync(databasePath) ? `${databasePath}.${suffix}` : null;
    if (replaced !== null) setAside(databasePath, replaced);
    renameDurably(unfinished, databasePath);
    return { ...verified, replaced };
  } catch (error) {
    removeWithLogs(unfinished);
    if (error instanceof CodedError) throw error;
    throw copyFailed(databasePath, error);
  }
}

const PART_BYTES = 8 * 1_048_576;

/** Copies a file into a new one, and says how far it is. */
function copyInParts(from: string, to: string, progress: (share: number) => void): void {
  progress(0);
  const source = openSync(from, 'r');
  try {
    const target = openSync(to, 'wx', OWNER_ONLY);
    try {
      const { size } = fstatSync(source);
      const part = Buffer.allocUnsafe(PART_BYTES);
      let copied = 0;
      for (let read = readSync(source, part); read > 0; read = readSync(source, part)) {
        for (let written = 0; written < read; ) written += writeSync(target, part, written, read - written);
        copied += read;
        progress(Math.min(1, copied / size));
      }
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** Keeps the database under a second name, and leaves no log that a restored one would take for its own. */
function setAside(databasePath: string, replaced: string): void {
  // First, for SQLite may throw away the log of a damaged file.
  const isLinked = LOGGED.map((suffix) => giveName(databasePath + suffix, replaced + suffix));
  try {
    const database = openAlone(databasePath);
    try {
      // All of its log comes into the file, and the log goes.
      database.pragma('journal_mode = DELETE');
    } finally {
      database.close();
    }
    if (isLinked.every(Boolean)) rmSync(`${replaced}-wal`, { force: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')) {
      for (const suffix of LOGGED) rmSync(replaced + suffix, { force: true });
      throw new CodedError(
        'database_in_use',
        `The database ${databasePath} is open in another process: end what reads it, then restore.`,
        { cause: error },
      );
    }
    // Damaged: that is why it is replaced. It is kept as it is, with its log.
  }
  for (const log of ['-wal', '-shm']) rmSync(databasePath + log, { force: true });
  syncFolder(dirname(databasePath));
}

const LOGGED = ['', '-wal'] as const;

/** Gives a file another name beside its own; false if it is a copy, where the file system has no such names. */
function giveName(path: string, name: string): boolean {
  if (!existsSync(path)) return true;
  try {
    linkSync(path, name);
    return true;
  } catch {
    copyFileSync(path, name);
    syncFile(name);
    return false;
  }
}

/** Verifies a copy that nobody else has open, and makes it one file without a log; `original` is named to people. */
function verifyAlone(copy: string, original: string): Verified {
  const database = openAlone(copy);
  try {
    database.pragma('journal_mode = DELETE');
    return verifyDatabase(database, original);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new CodedError('backup_unusable', `The file ${original} is not a whole database (${code}).`, {
      cause: error,
    });
  } finally {
    database.close();
  }
}

function copyFailed(target: string, error: unknown): CodedError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return new CodedError(
    'copy_failed',
    `${target} could not be written (${code}), and nothing was changed: make room on the disk, or make the folder writable.`,
    { cause: error },
  );
}

function isSameFile(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

function removeWithLogs(path: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}
