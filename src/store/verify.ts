// Says whether a file is a whole database of ours, before anybody relies on it. It changes nothing in it.

import { CodedError } from '../lib/errors.ts';
import type { Database } from './database.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** How far a stream was read when a database was written. */
export interface ReadUpTo {
  readonly stream: string;
  readonly seq: number;
  /** Time of the last message, in ms since the epoch. */
  readonly atMs: number;
}

/** What is known of a whole database. */
export interface Verified {
  readonly version: number;
  readonly tasks: number;
  readonly invoices: number;
  /** Null if no stream was ever read. */
  readonly readUpTo: ReadUpTo | null;
}

/**
 * Reads the whole file. Errors: `backup_unusable` if it is damaged or not ours, `database_newer` if a newer program wrote
 * it.
 */
export function verifyDatabase(database: Database, path: string): Verified {
  const version = Number(database.pragma('user_version', { simple: true }));
  const has = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  if (version < 1 || has.get('ingest_position') === undefined) {
    throw new CodedError('backup_unusable', `The file ${path} is not a database of this program.`);
  }
  if (version > MIGRATIONS.length) {
    throw new CodedError(
      'database_newer',
      `The file ${path} has version ${version}, and this program knows versions up to ${MIGRATIONS.length}: use the newer program.`,
    );
  }
  const problem = String(database.pragma('integrity_check(1)', { simple: true }));
  if (problem !== 'ok') {
    throw new CodedError('backup_unusable', `The file ${path} is damaged (${problem.split('\n')[0]}).`);
  }
  const count = (table: string) => Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  const readUpTo = database
    .prepare<[], ReadUpTo>(
      'SELECT stream, last_seq AS seq, last_ms AS atMs FROM ingest_position ORDER BY last_ms DESC, rowid DESC LIMIT 1',
    )
    .get();
  return { version, tasks: count('tasks'), invoices: count('invoices'), readUpTo: readUpTo ?? null };
}
