// The database of the reference backend: opened for the one thread that owns it, locked, created or migrated; and
// closed. It is never the database of the service.

import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { closeAsItIs } from '../../store/close-as-it-is.ts';
import {
  type Database,
  type DatabaseProgram,
  explain,
  openWriter,
  type ReadDatabase,
} from '../../store/database.ts';
import { expectDatabase } from '../../store/database-files.ts';
import { emptyLog, STOP_EMPTY_LOG_MS } from '../../store/empty-log.ts';
import { type DatabaseLock, lockDatabase } from '../../store/lock.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** What a database holds. */
export interface IngestSummary {
  readonly clients: number;
  readonly summaries: number;
}

/** The reference backend, as the mechanisms of `src/store` see it. */
export const INGEST_DATABASE: DatabaseProgram<IngestSummary> = {
  name: 'ingest',
  migrations: MIGRATIONS,
  ownTable: 'ingest_clients',
  summarise,
};

/** A locked database. */
export interface OpenedIngestDatabase {
  readonly lock: DatabaseLock;
  readonly database: Database;
}

/** Opens the database. Errors: those of `lockDatabase` and `openWriter`, and `database_missing`; they name `INGEST_DB_PATH`. */
export function openIngestDatabase(path: string): OpenedIngestDatabase {
  try {
    const lock = lockDatabase(path, INGEST_DATABASE, 'start');
    try {
      expectDatabase(path, lock.hadDatabase);
      const database = openWriter(path, INGEST_DATABASE);
      // The tables must not be in the log alone: without the log the file would look like a new one.
      if (!lock.hadDatabase) database.pragma('wal_checkpoint(TRUNCATE)');
      lock.noteDatabase();
      return { lock, database };
    } catch (error) {
      lock.release();
      throw explain(error, path);
    }
  } catch (error) {
    throw sayingSetting(error);
  }
}

/** Closes the database and releases its lock; moves the log into the file first if the files are whole, and else leaves both. */
export function closeIngestDatabase({ lock, database }: OpenedIngestDatabase, areFilesWhole: boolean): void {
  if (areFilesWhole) {
    emptyLog(database, STOP_EMPTY_LOG_MS, systemClock);
    database.close();
  } else closeAsItIs(database.name, () => database.close());
  lock.release();
}

/** The mechanisms call every program's setting DB_PATH. */
function sayingSetting(error: unknown): unknown {
  if (!(error instanceof CodedError)) return error;
  const sentence = error.message.replaceAll(/(?<!\w)DB_PATH/g, 'INGEST_DB_PATH');
  return new CodedError(error.code, sentence, { cause: error });
}

function summarise(database: ReadDatabase): IngestSummary {
  const number = (sql: string) => Number(database.prepare(sql).pluck().get());
  return {
    clients: number('SELECT count(*) FROM ingest_clients'),
    summaries: number('SELECT count(*) FROM summaries'),
  };
}
