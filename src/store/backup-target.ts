// Whether a backup may be written to a file: nothing that belongs to the database may be replaced by it, whatever the file is
// called. It looks and changes nothing.

import { readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../lib/errors.ts';
import { realPath } from '../lib/real-path.ts';
import { isSameFile } from '../lib/same-file.ts';
import { errorCode } from '../lib/error-code.ts';

/** What is beside a database and belongs to it, behind its own name: SQLite's files, ours, and copies that we made. */
const BELONGING =
  /^(-wal|-shm|-journal|\.lock(-journal)?|\.holder|\.sock|\.restoring.*|\.before-.*|\.replaced-.*|\.adoption\.txt.*)$/;

export interface BackupTarget {
  readonly databasePath: string;
  /** A folder of the program: our own broker's has its passwords and streams. */
  readonly ownFolder?: string | undefined;
  readonly file: string;
  readonly overwrite: boolean;
}

/**
 * The path to write to: that of `file`, with links followed, so that a link stays one. Errors: `backup_exists`,
 * `copy_failed` if the way to it is barred.
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

/** By name in the database's folder, or as a second name of a file that belongs to it. */
function belongsTo(databasePath: string, target: string): boolean {
  const folder = dirname(databasePath);
  const name = basename(databasePath);
  const isOurs = (other: string) => other.startsWith(name) && BELONGING.test(other.slice(name.length));
  if (isSameFile(folder, dirname(target)) && isOurs(basename(target))) return true;
  if (look(target) === null) return false;
  return readdirSync(folder).some((other) => isOurs(other) && isSameFile(join(folder, other), target));
}

function isBelow(folder: string | undefined, target: string): boolean {
  if (folder === undefined) return false;
  for (let above = dirname(target); ; above = dirname(above)) {
    if (isSameFile(above, folder)) return true;
    if (above === dirname(above)) return false;
  }
}
