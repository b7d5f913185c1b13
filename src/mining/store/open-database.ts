// Opens the database for the running program: locked, for writing, and if needed created, migrated or taken over from
// an earlier aggregator, together with its writer; and closes it. It releases the lock if it fails.

import { systemClock } from '../../lib/clock.ts';
import { DAY_MS } from '../../lib/durations.ts';
import { type Database, explain } from '../../store/database.ts';
import { expectDatabase } from '../../store/database-files.ts';
import { emptyLog, STOP_EMPTY_LOG_MS } from '../../store/empty-log.ts';
import { type DatabaseLock, lockDatabase } from '../../store/lock.ts';
import { earlierAggregator } from './adoption.ts';
import { MINING_DATABASE, openMiningWriter } from './mining-database.ts';
import { MiningWriter } from './writer.ts';

/** A take-over says how far it is after every so many rows, which take some seconds. */
const PROGRESS_ROWS = 100_000;

/** Which database is opened, and how. */
export interface OpenOptions {
  readonly path: string;
  /** Days for which rows are kept; 0 for ever. */
  readonly retentionDays: number;
  /** T, in seconds; at least 1. */
  readonly blockTimeSecs: number;
}

/** A locked database with its writer; whoever opened it releases the lock. */
export interface OpenedDatabase {
  readonly lock: DatabaseLock;
  readonly database: Database;
  readonly writer: MiningWriter;
}

/**
 * Opens the database. `nowMs` is the wall clock. `log` receives what a take-over did. Errors: those of `lockDatabase`
 * and `openWriter`, and `database_missing`.
 */
export function openDatabase(
  { path, retentionDays, blockTimeSecs }: OpenOptions,
  nowMs: number,
  log: (level: 'info' | 'warn', sentence: string) => void,
): OpenedDatabase {
  const lock = lockDatabase(path, MINING_DATABASE, 'start');
  try {
    expectDatabase(path, lock.hadDatabase);
    const report = { rows: 0, unreadable: 0 };
    const progress = (rows: number, ofRows: number) => {
      if (rows % PROGRESS_ROWS === 0)
        log('info', `take-over: ${rows} of ${ofRows} submissions of the earlier aggregator`);
    };
    const database = openMiningWriter(path, earlierAggregator({ nowMs, blockTimeSecs, progress }, report));
    if (report.rows + report.unreadable > 0) {
      log(
        'info',
        `take-over: ${report.rows} submissions are kept, ${report.unreadable} had no readable time, height or quality; the database as it was is in ${path}.before-adoption`,
      );
    }
    // The tables must not be in the log alone: without the log the file would look like a new one.
    if (!lock.hadDatabase) database.pragma('wal_checkpoint(TRUNCATE)');
    lock.noteDatabase();
    return { lock, database, writer: new MiningWriter(database, retentionDays * DAY_MS, nowMs) };
  } catch (error) {
    lock.release();
    throw explain(error, path);
  }
}

/**
 * Closes the database and releases its lock. If the files are whole it first moves the log into the database file; `log`
 * receives a warning if that is impossible.
 */
export function closeDatabase(
  { lock, database, writer }: OpenedDatabase,
  path: string,
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
  writer.close();
  lock.release();
}
