// Where a database is or will be: whether this user may go there and use what is there, and the sentence if not. It makes
// nothing: no file, no folder.

import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { barredFolder, deniedFile, explainDenied, foreignFile } from '../lib/denied-access.ts';
import { shortageOf } from '../lib/descriptors.ts';
import { CodedError } from '../lib/errors.ts';
import { errorCode } from '../lib/error-code.ts';

/** What the files of a database are called, behind its own name. */
const BESIDE = ['', '-wal', '-shm', '-journal', '.lock', '.holder'] as const;

/** The file of the database; null if there is none. Errors: `folder_not_writable` if the way is barred, or a folder is there. */
export function lookForDatabase(path: string): Stats | null {
  const found = statOrThrow(path);
  if (found?.isDirectory() === true) {
    throw new CodedError('folder_not_writable', `DB_PATH ${path} is a folder: name a file in it.`);
  }
  return found;
}

function statOrThrow(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    throw explainAccess(error, path) ?? error;
  }
}

/**
 * Says before anything is made whether a database could be opened or made there by this user. Errors:
 * `folder_not_writable`.
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

/** The sentence for an error of access to the database, its folder or a file beside it; null if the error is another. Also `too_few_descriptors`. */
export function explainAccess(error: unknown, path: string): CodedError | null {
  const shortage = shortageOf(error);
  if (shortage !== null) return shortage;
  const code = errorCode(error) ?? '';
  const folder = dirname(path);
  const refuse = (sentence: string) => new CodedError('folder_not_writable', sentence, { cause: error });
  if (code === 'ENOTDIR' || code === 'EEXIST' || code === 'EISDIR') return notAFolder(folder, error);
  if (code === 'ELOOP') {
    return refuse(`The path of the database ${path} goes through links in a circle: set DB_PATH to a file.`);
  }
  if (!/^(EACCES|EPERM|EROFS|SQLITE_CANTOPEN|SQLITE_READONLY|SQLITE_PERM)/.test(code)) return null;
  const barred = barredFolder(path);
  if (barred !== null) {
    return refuse(
      `The database ${path} cannot be reached (${code}): this user may not enter the folder ${barred}; give the right to, or set DB_PATH to a file in another folder.`,
    );
  }
  // Who owns a file may change its mode, and nobody else.
  const denied = deniedFile(filesOf(path)) ?? (code === 'EPERM' ? foreignFile(filesOf(path)) : null);
  if (denied !== null) {
    return refuse(`The database ${path} cannot be written (${code}): ${explainDenied(denied)}.`);
  }
  return refuse(
    `The database ${path} cannot be written (${code}): make the folder ${folder} writable for this user, or set DB_PATH to a file in one that is.`,
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
