// Finds out which program a database belongs to. SQLite's `application_id`, a number in the file's header, holds four
// letters that identify the program; a file without them is recognised by its tables. It changes nothing.

import { statSync } from 'node:fs';
import { CodedError } from '../lib/errors.ts';
import { NotOwnFile, requireRegular } from './database-place.ts';
import { type SchemaEntry, SchemaReader } from './schema-reader.ts';

/**
 * The mark of every program. They are in one place so that no two programs have the same mark, and each can name the
 * others. This room knows nothing else about programs.
 */
const MARKS = {
  federation: 'fede',
  mining: 'mini',
  trades: 'trad',
  ingest: 'inge',
  agent: 'agen',
} as const;

/** The name of a program of this package that has a database. */
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

/** How a program recognises its databases. */
export interface DatabaseOwner {
  /** The program's name; its databases carry the mark of this name. */
  readonly name: ProgramName;
  /** A table that every database of this program has, and no other program's. It identifies a file without a mark. */
  readonly ownTable: string;
  /** Tables that identify a database of an earlier program, which a start of this program takes over. */
  readonly earlierTables?: readonly string[];
}

/**
 * What the caller does with the file. Only a start takes over an earlier program's database. A restore may also replace
 * a file that is no database any more.
 */
export type FileUse = 'start' | 'command' | 'replace';

/**
 * Rejects a file that is another program's, or no database. SQLite does not open the file for this, because that would
 * merge a log left behind into the file. Errors: `database_unusable`.
 */
export function requireOwnFile(path: string, owner: DatabaseOwner, use: FileUse = 'command'): void {
  const reader = readerOf(path);
  if (reader === null) return;
  try {
    if (reader.isNoDatabase && use !== 'replace') {
      throw new NotOwnFile(
        `The file ${path} is not a database (SQLITE_NOTADB): it is left as it is; restore a backup, or set DB_PATH to a new file.`,
      );
    }
    const mark = reader.mark();
    refuseMark(mark, path, owner.name);
    if (mark === 0) refuseTables(reader.entries(), path, owner, use);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    // The file cannot be read: the code that opens it later reports why.
  } finally {
    reader.close();
  }
}

/**
 * The version of the database's format, 0 if there is no database, and whether the end of the file is missing; without
 * opening it with SQLite. Throws the system's error.
 */
export function formatOf(path: string): { readonly version: number; readonly isCut: boolean } {
  const reader = new SchemaReader(path);
  try {
    return { version: reader.version(), isCut: reader.isCut };
  } finally {
    reader.close();
  }
}

/** Null if there is no file, or if this user cannot open it: the code that opens it later reports why. */
function readerOf(path: string): SchemaReader | null {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isDirectory()) return null;
    requireRegular(path, found);
    return new SchemaReader(path);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    return null;
  }
}

/**
 * Rejects a file without a mark whose tables are another program's; a file without tables is new. Errors:
 * `database_unusable`.
 */
export function refuseTables(
  entries: readonly SchemaEntry[],
  path: string,
  { name, ownTable, earlierTables = [] }: DatabaseOwner,
  use: FileUse = 'command',
): void {
  const known = use === 'command' ? [ownTable] : [ownTable, ...earlierTables];
  if (entries.length === 0 || entries.some((entry) => entry.type === 'table' && known.includes(entry.name))) {
    return;
  }
  const isEarlier = entries.some((entry) => entry.type === 'table' && earlierTables.includes(entry.name));
  throw new NotOwnFile(
    isEarlier
      ? `The file ${path} is a database of an earlier program, and this program is ${name}: it is left as it is; start the program, which takes it over.`
      : `The file ${path} holds tables of another program, and this program is ${name}: it is left as it is; point DB_PATH at a database of ${name}, or at a new file.`,
  );
}

/** Rejects the mark of another program; 0 means no mark. Errors: `database_unusable`. */
export function refuseMark(applicationId: number, path: string, name: ProgramName): void {
  const sentence = foreignBy(applicationId, path, name);
  if (sentence === null) return;
  throw new NotOwnFile(
    `${sentence}: it is left as it is; point DB_PATH at a database of ${name}, or at a new file.`,
  );
}

/** The beginning of the sentence about a file with another program's mark; null if the mark is this program's or 0. */
export function foreignBy(applicationId: number, path: string, name: ProgramName): string | null {
  if (applicationId === 0 || applicationId === applicationIdOf(name)) return null;
  return `The file ${path} is a database of ${nameOf(applicationId)}, and this program is ${name}`;
}
