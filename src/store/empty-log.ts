// Moves the write-ahead log into the database file, so that the file alone is the whole database. A reader in the
// middle of a query prevents SQLite from doing so; this function waits for such readers, for a limited time.

import type { Clock } from '../lib/clock.ts';
import type { Database } from './database.ts';

/**
 * Maximum time, in ms, that a stop waits for readers before it leaves the last commits in the log instead of the
 * database file.
 */
export const STOP_EMPTY_LOG_MS = 1_500;

/**
 * Truncates the log to 0 bytes and blocks the thread meanwhile; each attempt waits for readers as long as the
 * connection's `busy_timeout`. Returns false if readers used the log for all of `timeMaxMs`, or if the disk refuses.
 * Committed data may then exist only in the log, and the next open reads it from there. Never throws.
 */
export function emptyLog(
  database: Pick<Database, 'pragma'>,
  timeMaxMs: number,
  { monotonicMs }: Pick<Clock, 'monotonicMs'>,
): boolean {
  const deadlineMs = monotonicMs() + timeMaxMs;
  try {
    do {
      const [row] = database.pragma('wal_checkpoint(TRUNCATE)') as { readonly busy: number }[];
      if (row?.busy === 0) return true;
    } while (monotonicMs() < deadlineMs);
  } catch {
    // The disk refuses. Committed data stays in the log.
  }
  return false;
}
