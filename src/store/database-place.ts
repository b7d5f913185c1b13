// Checks whether this user can use a database file, or create it, at a path, and explains why not. It creates no file
// and no folder.

import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { barredFolder, deniedFile, explainDenied, foreignFile } from '../lib/denied-access.ts';
import { shortageOf } from '../lib/descriptors.ts';
import { CodedError } from '../lib/errors.ts';
import { errorCode } from '../lib/error-code.ts';

/** Suffixes of a database's files, after the database's own name. */
const BESIDE = ['', '-wal', '-shm', '-journal', '.lock', '.holder'] as const;

/**
 * The file of the database; null if there is none. Errors: `folder_not_writable` if this user cannot reach it or if it
 * is a folder; `database_unusable` if it is no regular file.
 */
export function lookForDatabase(path: string): Stats | null {
  const found = statOrThrow(path);
  if (found?.isDirectory() === true) {
    throw new CodedError('folder_not_writable', `DB_PATH ${path} is a folder: name a file in it.`);
  }
  if (found !== null) requireRegular(path, found);
  return found;
}

/** The file is no database of this program. Every command refuses it, and leaves it as it is. */
export class NotOwnFile extends CodedError {
  constructor(sentence: string) {
    super('database_unusable', sentence);
  }
}

/** Rejects a pipe, a socket or a device: opening one may wait for ever. Errors: `database_unusable`. */
export function requireRegular(path: string, found: Stats): void {
  if (found.isFile()) return;
  throw new NotOwnFile(
    `The file ${path} is no regular file: it is left as it is; point DB_PATH at a database, or at a new file.`,
  );
}

function statOrThrow(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    throw explainAccess(error, path) ?? error;
  }
}

/**
 * Checks, before anything is created, that this user can open or create a database at the path. Errors:
 * `folder_not_writable`, `database_unusable`.
 */
export function requirePlace(path: string): void {
  lookForDatabase(path);
  let folder = dirname(path);
  while (statOrThrow(folder) === null && dirname(folder) !== folder) folder = dirname(folder);
  if (statOrThrow(folder)?.isDirectory() === false) throw notAFolder(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw explainAccess(error, path) ?? error;
  }
  const denied = deniedFile(filesOf(path));
  if (denied !== null)
    throw new CodedError('folder_not_writable', `The database cannot be used: ${explainDenied(denied)}.`);
}

/**
 * The error that explains a failed access to the database, its folder or a file beside it: `folder_not_writable` or
 * `too_few_descriptors`. Null for an error of any other kind.
 */
export function explainAccess(error: unknown, path: string): CodedError | null {
  const shortage = shortageOf(error);
  if (shortage !== null) return shortage;
  const code = errorCode(error) ?? '';
  const folder = dirname(path);
  const refuse = (sentence: string) => new CodedError('folder_not_writable', sentence, { cause: error });
  if (code === 'ENOTDIR' || code === 'EEXIST' || code === 'EISDIR') return notAFolder(folder, error);
  if (code === 'ELOOP') {
    return refuse(`The path of the database ${path} is a circle of links: set DB_PATH to a file.`);
  }
  if (!/^(EACCES|EPERM|EROFS|SQLITE_CANTOPEN|SQLITE_READONLY|SQLITE_PERM)/.test(code)) return null;
  const barred = barredFolder(path);
  if (barred !== null) {
    return refuse(
      `The database ${path} cannot be reached (${code}): this user may not enter the folder ${barred}; allow it, or set DB_PATH to a file in another folder.`,
    );
  }
  // EPERM: only the owner of a file may change its mode.
  const denied = deniedFile(filesOf(path)) ?? (code === 'EPERM' ? foreignFile(filesOf(path)) : null);
  if (denied !== null) {
    return refuse(`The database ${path} cannot be written (${code}): ${explainDenied(denied)}.`);
  }
  return refuse(
    `The database ${path} cannot be written (${code}): make the folder ${folder} writable for this user, or set DB_PATH to a file in a writable folder.`,
  );
}

function filesOf(path: string): readonly string[] {
  return BESIDE.map((suffix) => path + suffix);
}

function notAFolder(folder: string, cause?: unknown): CodedError {
  return new CodedError(
    'folder_not_writable',
    `${folder} is not a folder: set DB_PATH to a file in a folder.`,
    {
      cause,
    },
  );
}
