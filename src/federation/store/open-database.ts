// Opens the database for the running program: locked, for writing, and if needed created, migrated or adopted, together
// with its first writer; and closes it. It commits nothing, and releases the lock if it fails.

import type { Settings } from '../config/settings.ts';
import type { Identity } from '../domain/identity.ts';
import { amountText } from '../../lib/amount.ts';
import { systemClock } from '../../lib/clock.ts';
import { type Database, explain } from '../../store/database.ts';
import { closeAsItIs } from '../../store/close-as-it-is.ts';
import { emptyLog, STOP_EMPTY_LOG_MS } from '../../store/empty-log.ts';
import { FEDERATION_DATABASE, openFederationWriter } from './federation-database.ts';
import { expectDatabase, isReadableByOthers } from '../../store/database-files.ts';
import { type DatabaseLock, lockDatabase } from '../../store/lock.ts';
import { earlierAggregator, tellAdoption } from './adoption.ts';
import { readIdentity } from './identity-row.ts';
import { checkMembership } from './membership.ts';
import { RevertibleWriter } from './revertible-writer.ts';
import { writerOptions } from './writer-options.ts';
import { FederationWriter } from './writer.ts';

/** A locked database with its writer and the aggregator's secrets; whoever opened it releases the lock. */
export interface OpenedDatabase {
  readonly lock: DatabaseLock;
  readonly database: Database;
  readonly writer: RevertibleWriter;
  readonly identity: Identity;
}

/**
 * Opens the database that the settings name. `nowMs` is this machine's wall clock. `log` receives the report of an
 * adoption, and a warning if other users may read the file. Errors: those of `lockDatabase` and `openWriter`,
 * `database_missing`, and `cluster_mismatch`, which leaves the file as it is.
 */
export function openDatabase(
  settings: Settings,
  nowMs: number,
  log: (level: 'info' | 'warn', sentence: string) => void,
): OpenedDatabase {
  const { databasePath: path, lifecycle, aggregatorId } = settings;
  const startedMs = systemClock.monotonicMs();
  const adoption = {
    nowMs,
    thresholds: lifecycle,
    aggregatorId,
    progress: (rows: number, ofRows: number) =>
      log(
        'info',
        `adoption: ${rows} of ${ofRows} rows of the earlier aggregator; ${amountText({ done: rows, whole: ofRows, unit: 'rows' }, systemClock.monotonicMs() - startedMs)}`,
      ),
  };
  const lock = lockDatabase(path, FEDERATION_DATABASE, 'start');
  try {
    expectDatabase(path, lock.hadDatabase);
    checkMembership(path, settings.cluster);
    const database = openFederationWriter(path, earlierAggregator(adoption));
    tellAdoption(database, path, (line) => log('info', `adoption: ${line}`));
    // The tables must not be in the log alone: without the log the file would look like a new one.
    if (!lock.hadDatabase) database.pragma('wal_checkpoint(TRUNCATE)');
    lock.noteDatabase();
    if (isReadableByOthers(path)) {
      log('warn', `other users may read ${path}, and the secrets in it: chmod 600 it`);
    }
    const writer = new RevertibleWriter(
      (known) => new FederationWriter(database, writerOptions(settings), known ?? aggregatorId),
    );
    return { lock, database, writer, identity: readIdentity(database, settings.federationSalt) };
  } catch (error) {
    lock.release();
    throw explain(error, path);
  }
}

/** The state of the database's files when the program closes the database. */
export interface FilesHealth {
  /** True if the files can never be the database again. */
  readonly isFatal: boolean;
  /** True if the files are not damaged and are still those that the program opened. */
  areFilesWhole(): boolean;
}

/**
 * Closes the database at `path` and releases its lock. Before that it moves the log into the database file; `log`
 * receives a warning if that is impossible. Files that are not whole are left as they are.
 */
export function closeDatabase(
  { lock, database, writer }: OpenedDatabase,
  path: string,
  health: FilesHealth,
  log: (level: 'warn', sentence: string) => void,
): void {
  const isWhole = !health.isFatal && health.areFilesWhole();
  // Pool threads may still have the file open, and then closing this connection would not empty the log.
  if (!health.isFatal && !(isWhole && emptyLog(database, STOP_EMPTY_LOG_MS, systemClock))) {
    log(
      'warn',
      `another process reads ${path}, or the disk refuses: what was committed last may stand in ${path}-wal alone; copy both files, or start and stop the program again`,
    );
  }
  const close = () => writer.current.close();
  if (isWhole) close();
  else closeAsItIs(path, close);
  lock.release();
}
