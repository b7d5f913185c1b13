// Says whether a file is a whole database of a program, before anybody relies on it. It changes nothing in it.

import { CodedError } from '../lib/errors.ts';
import type { Database, DatabaseProgram } from './database.ts';
import { foreignBy } from './program-identity.ts';

/** What is known of a whole database: its version, and what its program says of it. */
export type Verified<Summary> = Summary & { readonly version: number };

/**
 * Reads the whole file. Errors: `backup_unusable` if it is damaged or not the program's, `database_newer` if a newer program
 * wrote it.
 */
export function verifyDatabase<Summary extends object>(
  database: Database,
  path: string,
  { name, migrations, ownTable, summarise }: DatabaseProgram<Summary>,
): Verified<Summary> {
  const foreign = foreignBy(Number(database.pragma('application_id', { simple: true })), path, name);
  if (foreign !== null) {
    throw new CodedError('backup_unusable', `${foreign}: name a database of ${name}.`);
  }
  const version = Number(database.pragma('user_version', { simple: true }));
  const has = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  if (version < 1 || has.get(ownTable) === undefined) {
    throw new CodedError('backup_unusable', `The file ${path} is not a database of this program.`);
  }
  if (version > migrations.length) {
    throw new CodedError(
      'database_newer',
      `The file ${path} has version ${version}, and this program knows versions up to ${migrations.length}: use the newer program.`,
    );
  }
  const problem = String(database.pragma('integrity_check(1)', { simple: true }));
  if (problem !== 'ok') {
    throw new CodedError('backup_unusable', `The file ${path} is damaged (${problem.split('\n')[0]}).`);
  }
  return { version, ...summarise(database) };
}
