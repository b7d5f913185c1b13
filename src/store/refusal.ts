// Classifies errors of the writer and of readers. If the environment caused the error, the operation can be repeated
// later; otherwise the error comes from the data being written. It also words the sentence for the operator. It only
// decides and words.

import { dirname } from 'node:path';
import { CodedError } from '../lib/errors.ts';
import { unreachable } from '../lib/unreachable.ts';
import { errorCode } from '../lib/error-code.ts';

/** The reason why the environment refuses an operation. */
export type Refusal =
  | 'full'
  | 'locked'
  | 'not_writable'
  | 'missing'
  | 'damaged'
  | 'disk_error'
  | 'no_memory'
  | 'other';

/** Compared with the beginning of the code: SQLite's extended codes begin with the basic code. */
const REFUSALS: readonly (readonly [string, Refusal])[] = [
  ['SQLITE_FULL', 'full'],
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['SQLITE_BUSY', 'locked'],
  ['SQLITE_LOCKED', 'locked'],
  ['SQLITE_PROTOCOL', 'locked'],
  ['SQLITE_READONLY', 'not_writable'],
  ['SQLITE_PERM', 'not_writable'],
  ['EACCES', 'not_writable'],
  ['EPERM', 'not_writable'],
  ['EROFS', 'not_writable'],
  ['SQLITE_CANTOPEN', 'missing'],
  ['SQLITE_CORRUPT', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
  ['SQLITE_IOERR', 'disk_error'],
  ['EIO', 'disk_error'],
  ['ESTALE', 'disk_error'],
  ['SQLITE_NOMEM', 'no_memory'],
  ['ERR_MEMORY', 'no_memory'],
];

/** SQLite's codes for errors caused by a value: writing the same value fails again. */
const OF_VALUES = ['SQLITE_CONSTRAINT', 'SQLITE_MISMATCH', 'SQLITE_TOOBIG', 'SQLITE_RANGE'];

/**
 * The code of an error: SQLite's or the system's, otherwise the name of its class. Never its text, because that may
 * quote a message.
 */
export function codeOf(error: unknown): string {
  return errorCode(error) ?? (error instanceof Error ? error.name : 'unknown');
}

/**
 * The reason why the environment refuses. Null if the message being stored caused the error: a constraint, a value of
 * the wrong type or size, or an exception in this program's code. Any other error of SQLite (such as a missing table)
 * would not go away without the message, so it counts as the environment's.
 */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof CodedError) return 'other';
  const code = codeOf(error);
  const known = REFUSALS.find(([prefix]) => code.startsWith(prefix));
  if (known !== undefined) return known[1];
  if (code.startsWith('SQLITE_') && !OF_VALUES.some((prefix) => code.startsWith(prefix))) return 'other';
  return null;
}

/** The database file is no longer at its path. Nothing is written until it is back. */
export class DatabaseMissing extends Error {
  readonly code = 'SQLITE_CANTOPEN';
  constructor(path: string) {
    super(
      `${path} was removed, or its folder is not mounted; put the same file back, and the program continues by itself; or put another one there and restart`,
    );
  }
}

/**
 * One sentence for the log and `/readyz`: the file, the cause and the remedy. `path` is that of the database; `deed` is
 * the operation that failed.
 */
export function explainRefusal(
  error: unknown,
  refusal: Refusal,
  path: string,
  deed: 'written' | 'read' = 'written',
): string {
  if (error instanceof DatabaseMissing || error instanceof CodedError) return error.message;
  return `${path} cannot be ${deed} (${codeOf(error)}): ${causeAndRemedy(refusal, path)}`;
}

function causeAndRemedy(refusal: Refusal, path: string): string {
  const folder = dirname(path);
  switch (refusal) {
    case 'full':
      return `the disk is full; make room on the file system of ${folder}`;
    case 'locked':
      return 'another process has it locked; end that process, often a database tool that was left open';
    case 'not_writable':
      return `the file is read-only; make ${folder} and the files of the database in it writable for this user`;
    case 'missing':
      return `one of its files cannot be opened; check that ${folder} exists and is writable for this user`;
    case 'damaged':
      return 'the file is damaged and is left as it is; stop the program and restore a backup';
    case 'disk_error':
      return 'the disk reports an error; check the disk, its quota and the kernel log';
    case 'no_memory':
      return 'the process has too little memory; give it more';
    case 'other':
      return 'SQLite refuses; stop the program and run PRAGMA integrity_check on the file';
    default:
      return unreachable(refusal);
  }
}
