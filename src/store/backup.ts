// Makes a backup of a database, also while a program writes to it at full load, and restores one. Each puts a complete
// file in place or none.

import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Amount } from '../lib/amount.ts';
import { OWNER_ONLY, renameDurably, syncFile, syncFolder } from '../lib/durable.ts';
import { CodedError } from '../lib/errors.ts';
import { deniedFile, explainDenied } from '../lib/denied-access.ts';
import { realPath } from '../lib/real-path.ts';
import { isSameFile } from '../lib/same-file.ts';
import { requireTarget } from './backup-target.ts';
import { copyFailed } from './copy-failed.ts';
import { type Database, explainReading, openAlone, openReader, type DatabaseProgram } from './database.ts';
import { codeOf, refusalOf } from './refusal.ts';
import { requireOneName } from './one-name.ts';
import { requireOwnFile } from './program-identity.ts';
import { type Verified, verifyDatabase } from './verify.ts';

/**
 * Called with the current phase. Only copying knows its progress, in bytes, because SQLite checks a file in a single
 * step.
 */
export type CopyProgress = (phase: 'copying' | 'verifying', done?: Amount) => void;

/** The database to copy, and the file to copy it to. */
export interface BackupOptions<Summary extends object> {
  readonly program: DatabaseProgram<Summary>;
  readonly databasePath: string;
  /** A folder that belongs to the program, for example the embedded broker's; no backup is written into it. */
  readonly ownFolder?: string | undefined;
  readonly file: string;
  /** True to replace an existing file. */
  readonly overwrite: boolean;
  readonly progress?: CopyProgress;
}

/** Number of pages to copy before the event loop runs again. */
const STEP_PAGES = 2_000;

/**
 * Copies the database as it is at this moment, whatever other processes write meanwhile, and verifies the copy before
 * it gets its final name. Errors: `backup_exists`, `copy_failed`, `backup_unusable`, `database_unusable`,
 * `folder_not_writable`.
 */
export async function backupDatabase<Summary extends object>(
  options: BackupOptions<Summary>,
): Promise<Verified<Summary> & { readonly bytes: number }> {
  const { program, databasePath, ownFolder, file, overwrite, progress = () => undefined } = options;
  requireOneName(databasePath);
  requireOwnFile(databasePath, program);
  const source = openReader(databasePath);
  let unfinished: string | null = null;
  try {
    const target = requireTarget({ databasePath, ownFolder, file, overwrite });
    unfinished = `${target}.unfinished`;
    removeWithLogs(unfinished);
    // The copy is as secret as the database. SQLite fills the empty file and keeps its mode.
    writeFileSync(unfinished, '', { mode: OWNER_ONLY });
    // One snapshot for all steps: without it every commit of the running program would restart the copy.
    source.exec('BEGIN');
    source.prepare('SELECT count(*) FROM sqlite_master').get();
    const pageBytes = Number(source.pragma('page_size', { simple: true }));
    await source.backup(unfinished, {
      progress({ totalPages, remainingPages }) {
        const done = (totalPages - remainingPages) * pageBytes;
        progress('copying', { done, whole: totalPages * pageBytes, unit: 'bytes' });
        return STEP_PAGES;
      },
    });
    progress('verifying');
    const verified = verifyAlone(unfinished, databasePath, program);
    const bytes = statSync(unfinished).size;
    // SQLite would read the logs of the replaced file as logs of the new one.
    for (const log of LOGS) rmSync(target + log, { force: true });
    renameDurably(unfinished, target);
    return { ...verified, bytes };
  } catch (error) {
    if (unfinished !== null) removeWithLogs(unfinished);
    if (error instanceof CodedError) throw error;
    if (refusalOf(error) === 'damaged') throw explainReading(error, databasePath);
    throw copyFailed(file, error, file);
  } finally {
    source.close();
  }
}

/** The backup, and the database that it replaces. */
export interface RestoreOptions<Summary extends object> {
  readonly program: DatabaseProgram<Summary>;
  readonly databasePath: string;
  readonly file: string;
  /** Suffix of the file name that the replaced database gets. */
  readonly suffix: string;
  /** This machine's wall clock. */
  readonly nowMs: number;
  readonly progress?: CopyProgress;
}

/**
 * Checks, before anything is created, that the file can be a backup; damage is found later, by the copy. Errors:
 * `backup_unusable`.
 */
export function requireBackup(file: string, databasePath: string): void {
  const why = faultOf(file);
  if (why !== null) throw new CodedError('backup_unusable', why);
  if (isSameFile(file, databasePath)) {
    throw new CodedError('backup_unusable', `${file} is the database itself: name a backup.`);
  }
}

/** The reason why the file is no readable backup; null if it may be one. */
function faultOf(file: string): string | null {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined) return `There is no file ${file}.`;
    if (!found.isFile()) return `${file} is no regular file: name a backup.`;
    const opened = openSync(file, 'r');
    try {
      const head = Buffer.alloc(FILE_HEAD.length);
      readSync(opened, head);
      return head.equals(FILE_HEAD) ? null : `The file ${file} is not a database.`;
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    const denied = deniedFile([file]);
    const remedy = denied === null ? 'give this user the right to read it' : explainDenied(denied);
    return `The file ${file} cannot be read (${codeOf(error)}): ${remedy}.`;
  }
}

/** The first bytes of every database file (SQLite's file format). */
const FILE_HEAD = Buffer.from('SQLite format 3\0', 'latin1');

/**
 * Replaces the database by the backup, and keeps the database beside it under another name. The caller must hold the
 * lock, so that no other process writes. After a crash the old or the new database is in place. Errors:
 * `backup_unusable`, `database_newer`, `copy_failed`, `database_in_use`.
 */
export function restoreDatabase<Summary extends object>(
  options: RestoreOptions<Summary>,
): Verified<Summary> & { readonly replaced: string | null } {
  const { program, databasePath, suffix, nowMs, progress = () => undefined } = options;
  requireBackup(options.file, databasePath);
  // Of a copy made by hand, the log is beside the file to which links lead.
  const file = realPath(options.file);
  const unfinished = `${databasePath}.restoring`;
  try {
    removeWithLogs(unfinished);
    copyInParts(file, unfinished, (done) => progress('copying', done));
    // The restored database keeps the mode of the replaced one, so that exactly the same users can read it.
    chmodSync(unfinished, statSync(databasePath, { throwIfNoEntry: false })?.mode ?? OWNER_ONLY);
    // The newest data of a copy made by hand, while the program ran, may be in a log of its own.
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${unfinished}-wal`);
    progress('verifying');
    const verified = verifyAlone(unfinished, file, program, (copy) => program.noteRestored?.(copy, nowMs));
    syncFile(unfinished);
    const replaced = existsSync(databasePath) ? `${databasePath}.${suffix}` : null;
    if (replaced !== null) setAside(databasePath, replaced);
    else setLogsAside(databasePath, `${databasePath}.${suffix}`);
    renameDurably(unfinished, databasePath);
    return { ...verified, replaced };
  } catch (error) {
    removeWithLogs(unfinished);
    if (error instanceof CodedError) throw error;
    throw copyFailed(databasePath, error, databasePath);
  }
}

const PART_BYTES = 8 * 1_048_576;

/** Copies a file into a new one, and reports the progress. */
function copyInParts(from: string, to: string, progress: (done: Amount) => void): void {
  const source = openSync(from, 'r');
  try {
    const target = openSync(to, 'wx', OWNER_ONLY);
    try {
      const { size } = fstatSync(source);
      const part = Buffer.allocUnsafe(PART_BYTES);
      let copied = 0;
      progress({ done: 0, whole: size, unit: 'bytes' });
      for (let read = readSync(source, part); read > 0; read = readSync(source, part)) {
        for (let written = 0; written < read; ) written += writeSync(target, part, written, read - written);
        copied += read;
        progress({ done: copied, whole: size, unit: 'bytes' });
      }
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** Keeps the database under a second name, and removes logs that SQLite would apply to the restored database. */
function setAside(databasePath: string, replaced: string): void {
  // This comes first, because SQLite may delete the log of a damaged file.
  const isLinked = LOGGED.map((suffix) => giveName(databasePath + suffix, replaced + suffix));
  try {
    const database = openAlone(databasePath);
    try {
      // Moves the whole log into the file and deletes the log.
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
    // The database is damaged, which is why the operator replaces it. It is kept unchanged, with its log.
  }
  for (const log of LOGS) rmSync(databasePath + log, { force: true });
  syncFolder(dirname(databasePath));
}

const LOGGED = ['', '-wal'] as const;
const LOGS = ['-wal', '-shm', '-journal'] as const;

/** Renames the logs of a missing database: SQLite would apply them to the restored one. */
function setLogsAside(databasePath: string, replaced: string): void {
  for (const log of LOGS) {
    if (existsSync(databasePath + log)) renameSync(databasePath + log, replaced + log);
  }
}

/**
 * Gives a file a second name, by a hard link. Returns false if the file system has no hard links and the file was
 * copied.
 */
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

/**
 * Verifies a copy that no other process has open, and makes it a single file without a log. `verified` may then write to
 * it. Errors name `original`.
 */
function verifyAlone<Summary extends object>(
  copy: string,
  original: string,
  program: DatabaseProgram<Summary>,
  verified: (database: Database) => void = () => undefined,
): Verified<Summary> {
  const database = openAlone(copy);
  try {
    database.pragma('journal_mode = DELETE');
    const result = verifyDatabase(database, original, program);
    verified(database);
    return result;
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

function removeWithLogs(path: string): void {
  for (const suffix of ['', ...LOGS]) rmSync(path + suffix, { force: true });
}
