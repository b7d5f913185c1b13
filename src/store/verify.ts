// Checks that a file is a complete database of a program, before the program relies on it. It does not change the file.

import { CodedError } from '../lib/errors.ts';
import type { Database, DatabaseProgram } from './database.ts';
import { foreignBy } from './program-identity.ts';

/** The facts about a complete database: its version, and its program's summary. */
export type Verified<Summary> = Summary & { readonly version: number };

/**
 * Reads the whole file. Errors: `backup_unusable` if the file is damaged or belongs to another program;
 * `database_newer` if a newer program wrote it.
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
