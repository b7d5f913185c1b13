// Checks whether a backup may be written to a file: under no name may it replace a file that belongs to the database.
// It changes nothing.

import { readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../lib/errors.ts';
import { realPath } from '../lib/real-path.ts';
import { isSameFile } from '../lib/same-file.ts';
import { errorCode } from '../lib/error-code.ts';

/**
 * Suffixes of the files beside a database that belong to it: SQLite's, this program's, and the copies that this program
 * makes.
 */
const BELONGING =
  /^(-wal|-shm|-journal|\.lock(-journal)?|\.holder|\.sock|\.restoring.*|\.last-backup(\.unfinished)?|\.before-.*|\.replaced-.*|\.adoption\.txt.*)$/;

/** Where an operator wants a backup of which database. */
export interface BackupTarget {
  readonly databasePath: string;
  /** A folder that belongs to the program: the embedded broker's folder has its passwords and streams. */
  readonly ownFolder?: string | undefined;
  readonly file: string;
  readonly overwrite: boolean;
}

/**
 * Returns the path to write to: `file` with links followed, so that a link stays a link. Errors: `backup_exists`;
 * `copy_failed` if this user cannot reach the file.
 */
export function requireTarget({ databasePath, ownFolder, file, overwrite }: BackupTarget): string {
  const found = look(file);
  if (isSameFile(file, databasePath)) throw refused(`${file} is the database itself: name another file.`);
  if (found?.isDirectory() === true || /\/\.{0,2}$/.test(file)) {
    throw refused(`${file} is a folder: name a file in it.`);
  }
  const target = realPath(file);
  if (belongsTo(databasePath, target) || isBelow(ownFolder, target)) {
    throw refused(`${file} belongs to the database ${databasePath}, and is not replaced: name another file.`);
  }
  if (found !== null && !found.isFile()) throw refused(`${file} is no regular file: name another one.`);
  if (!overwrite && found !== null) {
    throw refused(`${file} exists: name another file, or add --overwrite.`);
  }
  return target;
}

function refused(sentence: string): CodedError {
  return new CodedError('backup_exists', sentence);
}

function look(file: string): Stats | null {
  try {
    return statSync(file, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    throw new CodedError(
      'copy_failed',
      `${file} cannot be reached (${code}), and nothing was changed: give this user the right to enter the folders above it, or name another file.`,
      { cause: error },
    );
  }
}

/** True if the target has the name of a file that belongs to the database, or is another name of such a file. */
function belongsTo(databasePath: string, target: string): boolean {
  const folder = dirname(databasePath);
  const name = basename(databasePath);
  const isBelonging = (other: string) => other.startsWith(name) && BELONGING.test(other.slice(name.length));
  if (isSameFile(folder, dirname(target)) && isBelonging(basename(target))) return true;
  if (look(target) === null) return false;
  return readdirSync(folder).some((other) => isBelonging(other) && isSameFile(join(folder, other), target));
}

function isBelow(folder: string | undefined, target: string): boolean {
  if (folder === undefined) return false;
  for (let above = dirname(target); ; above = dirname(above)) {
    if (isSameFile(above, folder)) return true;
    if (above === dirname(above)) return false;
  }
}
