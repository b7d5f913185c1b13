// Brings what stands in the write-ahead log into the database file, so that the file alone is the whole database. A reader
// that is in the middle of a question keeps SQLite from doing so: it is waited for, for a bounded time.

import type { Clock } from '../lib/clock.ts';
import type { Database } from './database.ts';

/** Longest that a stop waits for readers, so that what was committed last stands in the database file and not in its log alone. */
export const STOP_EMPTY_LOG_MS = 1_500;

/**
 * Cuts the log to 0 bytes and blocks the thread meanwhile: each try waits for readers as long as the connection's
 * `busy_timeout` says. False if readers used the log for all of `timeMaxMs`, or if the disk refuses: then committed data may
 * stand in the log alone, and the next open reads it from there. Never throws.
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
    // The disk refuses. What is committed stays in the log.
  }
  return false;
}
