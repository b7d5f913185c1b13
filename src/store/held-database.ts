// Opens the database of a running program: locked, for writing, and if needed created, migrated or adopted; and closes
// it. It releases the lock if it fails. It commits nothing.

import { systemClock } from '../lib/clock.ts';
import { closeAsItIs } from './close-as-it-is.ts';
import { type Adoption, type Database, type DatabaseProgram, explain, openWriter } from './database.ts';
import { expectDatabase } from './database-files.ts';
import { emptyLog, STOP_EMPTY_LOG_MS } from './empty-log.ts';
import { type DatabaseLock, lockDatabase } from './lock.ts';

/** A locked database with its writer; whoever opened it closes it with {@link closeHeld}. */
export interface HeldDatabase<Writer> {
  readonly path: string;
  readonly lock: DatabaseLock;
  readonly database: Database;
  readonly writer: Writer;
}

/** What is opened. */
export interface HoldOptions {
  readonly path: string;
  readonly program: DatabaseProgram;
  /** Takes over the file of an earlier program; null if there is none. */
  readonly adoption: Adoption | null;
  /** True: a missing database is made anew, even if there was one. */
  readonly mayBeMissing?: boolean;
}

/**
 * Opens the database; `makeWriter` makes the writer on it. Errors: those of `lockDatabase` and `openWriter`, those of
 * `makeWriter`, and `database_missing`.
 */
export function openHeld<Writer>(
  { path, program, adoption, mayBeMissing = false }: HoldOptions,
  makeWriter: (database: Database) => Writer,
): HeldDatabase<Writer> {
  const lock = lockDatabase(path, program, 'start');
  let database: Database | null = null;
  try {
    if (!mayBeMissing) expectDatabase(path, lock.hadDatabase);
    database = openWriter(path, program, adoption);
    // The tables must not be in the log alone: without the log the file would look like a new one.
    if (!lock.hadDatabase) database.pragma('wal_checkpoint(TRUNCATE)');
    lock.noteDatabase();
    return { path, lock, database, writer: makeWriter(database) };
  } catch (error) {
    database?.close();
    lock.release();
    throw explain(error, path);
  }
}

/**
 * Closes the database and releases its lock. If the files are whole it first moves the log into the database file; `log`
 * receives a warning if that is impossible. If they are not, it leaves the files as they are.
 */
export function closeHeld(
  { path, lock, database }: Pick<HeldDatabase<unknown>, 'path' | 'lock' | 'database'>,
  areFilesWhole: boolean,
  log: (level: 'warn', sentence: string) => void,
): void {
  // Pool threads may still have the file open, and then closing this connection would not empty the log.
  if (!(areFilesWhole && emptyLog(database, STOP_EMPTY_LOG_MS, systemClock))) {
    log(
      'warn',
      `another process reads ${path}, or the disk refuses: what was committed last may stand in ${path}-wal alone; copy both files, or start and stop the program again`,
    );
  }
  if (areFilesWhole) database.close();
  else closeAsItIs(path, () => database.close());
  lock.release();
}
