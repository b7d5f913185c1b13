// Which program a database belongs to: SQLite's `application_id`, a number in the header of the file, has four letters for
// each program. It looks and changes nothing.

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { CodedError } from '../lib/errors.ts';

/**
 * The mark of every program, in one place so that no two programs have the same mark, and each can name the other. Names
 * and marks are all that this room knows of a program.
 */
const MARKS = { federation: 'fede', mining: 'mini', trades: 'trad', agent: 'agen' } as const;

export type ProgramName = keyof typeof MARKS;

/** The `application_id` of four ASCII letters: their bytes as one number, the first letter highest. */
function idOf(letters: string): number {
  return Buffer.from(letters, 'latin1').readInt32BE();
}

/** The `application_id` of this program's databases. */
export function applicationIdOf(name: ProgramName): number {
  return idOf(MARKS[name]);
}

/** The program whose mark this is; of a mark that no program of ours has, the number. */
function nameOf(applicationId: number): string {
  const known = Object.entries(MARKS).find(([, letters]) => idOf(letters) === applicationId);
  return known?.[0] ?? `another program (application id ${applicationId})`;
}

/** What a database begins with, and where its header has the mark (SQLite's file format). */
const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
const MARK_OFFSET = 68;

/**
 * Refuses a file that carries another program's mark, without having SQLite open it, which would bring a log that was left
 * behind into the file. Errors: `database_unusable`.
 */
export function requireOwnFile(path: string, name: ProgramName): void {
  refuseMark(markIn(path), path, name);
}

/** Refuses the mark of another program; 0 is none. Errors: `database_unusable`. */
export function refuseMark(applicationId: number, path: string, name: ProgramName): void {
  const sentence = foreignBy(applicationId, path, name);
  if (sentence === null) return;
  throw new CodedError(
    'database_unusable',
    `${sentence}: it is left as it is; point DB_PATH at a database of ${name}, or at a new file.`,
  );
}

/** The beginning of the sentence for a file with this mark; null if it is none of another program. */
export function foreignBy(applicationId: number, path: string, name: ProgramName): string | null {
  if (applicationId === 0 || applicationId === applicationIdOf(name)) return null;
  return `The file ${path} is a database of ${nameOf(applicationId)}, and this program is ${name}`;
}

/** The mark in the header of a file; 0 if it carries none, is no database, or cannot be read. */
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
    // Whoever opens it says why it cannot be read.
    return 0;
  }
}
