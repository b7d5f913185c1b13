// Finds out which program a database belongs to. SQLite's `application_id`, a number in the file's header, holds four
// letters that identify the program. It changes nothing.

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { CodedError } from '../lib/errors.ts';

/**
 * The mark of every program. They are in one place so that no two programs have the same mark, and each can name the
 * others. This room knows nothing else about programs.
 */
const MARKS = { federation: 'fede', mining: 'mini', trades: 'trad', agent: 'agen' } as const;

/** The name of a program of this package, as in its folder under `src`. */
export type ProgramName = keyof typeof MARKS;

/** The `application_id` of four ASCII letters: their bytes as one number, the first letter highest. */
function idOf(letters: string): number {
  return Buffer.from(letters, 'latin1').readInt32BE();
}

/** The `application_id` of this program's databases. */
export function applicationIdOf(name: ProgramName): number {
  return idOf(MARKS[name]);
}

/** The program with this mark; for an unknown mark, a phrase with the number. */
function nameOf(applicationId: number): string {
  const known = Object.entries(MARKS).find(([, letters]) => idOf(letters) === applicationId);
  return known?.[0] ?? `another program (application id ${applicationId})`;
}

/** The first bytes of a database file, and the offset of the mark in its header (SQLite's file format). */
const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
const MARK_OFFSET = 68;

/**
 * Rejects a file that carries another program's mark. SQLite does not open the file for this, because that would merge
 * a log left behind into the file. Errors: `database_unusable`.
 */
export function requireOwnFile(path: string, name: ProgramName): void {
  refuseMark(markIn(path), path, name);
}

/** Rejects the mark of another program; 0 means no mark. Errors: `database_unusable`. */
export function refuseMark(applicationId: number, path: string, name: ProgramName): void {
  const sentence = foreignBy(applicationId, path, name);
  if (sentence === null) return;
  throw new CodedError(
    'database_unusable',
    `${sentence}: it is left as it is; point DB_PATH at a database of ${name}, or at a new file.`,
  );
}

/** The beginning of the sentence about a file with another program's mark; null if the mark is this program's or 0. */
export function foreignBy(applicationId: number, path: string, name: ProgramName): string | null {
  if (applicationId === 0 || applicationId === applicationIdOf(name)) return null;
  return `The file ${path} is a database of ${nameOf(applicationId)}, and this program is ${name}`;
}

/** The mark in the header of a file; 0 if it has none, is no database, or cannot be read. */
function markIn(path: string): number {
  try {
    // A pipe or a device has no mark, and opening one may wait for ever.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return 0;
    const head = Buffer.alloc(MARK_OFFSET + 4);
    const file = openSync(path, 'r');
    try {
      readSync(file, head);
    } finally {
      closeSync(file);
    }
    return head.subarray(0, MAGIC.length).equals(MAGIC) ? head.readInt32BE(MARK_OFFSET) : 0;
  } catch {
    // The code that opens the file later reports why it cannot be read.
    return 0;
  }
}
