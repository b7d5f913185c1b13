// Rejects a database file that has a second name. SQLite derives the name of the write-ahead log from the name by which
// the database was opened. With two names there are two logs, and each ignores the commits in the other. It changes
// nothing.

import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CodedError } from '../lib/errors.ts';
import { lookForDatabase } from './database-place.ts';

/**
 * Throws if the file has more than one name. The caller has already followed symbolic links (`lib/real-path.ts`); this
 * finds hard links, and files that are themselves mount points. Errors: `database_unusable`, and those of
 * `lookForDatabase`.
 */
export function requireOneName(path: string): void {
  const file = lookForDatabase(path);
  if (file === null || !file.isFile()) return;
  const names = file.nlink - namesOfRestore(path, file);
  if (names > 1) {
    throw new CodedError(
      'database_unusable',
      `The database ${path} has ${names} names (hard links), and each would have a write-ahead log of its own: find the others with "find FOLDER -inum ${file.ino}" and remove them, or let DB_PATH name a copy made by backup.`,
    );
  }
  if (isMounted(path)) {
    throw new CodedError(
      'database_unusable',
      `The database ${path} is a single file mounted there, and its write-ahead log would not be beside the file that it belongs to: mount its folder.`,
    );
  }
}

/**
 * Number of second names left by killed restores. A restore keeps the database under a name beside it, by which no
 * process opens it.
 */
function namesOfRestore(path: string, { dev, ino, nlink }: Stats): number {
  if (nlink === 1) return 0;
  const folder = dirname(path);
  const isOne = (name: string) => {
    if (!name.startsWith(`${basename(path)}.replaced-`)) return false;
    const other = statSync(join(folder, name), { throwIfNoEntry: false });
    return other?.dev === dev && other.ino === ino;
  };
  try {
    return readdirSync(folder).filter(isOne).length;
  } catch {
    return 0;
  }
}

/** True if the path itself is a mount point. Only Linux can mount single files. */
function isMounted(path: string): boolean {
  try {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    return mounts.some((line) => unescaped(line.split(' ')[4] ?? '') === resolve(path));
  } catch {
    return false;
  }
}

/** Decodes a path of mountinfo: the kernel writes blanks and backslashes as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
