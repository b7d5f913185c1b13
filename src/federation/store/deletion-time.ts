// The deletion clock with its state in the database. The caller passes the readings of the clocks; this file deletes
// nothing.

import { DeletionClock, type DeletionClockState, type LeastOffset } from '../domain/deletion-clock.ts';
import type { Database } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { StoredValues } from '../../store/stored-values.ts';

const RUN = 'deletion_run_ms';
const OFFSETS = 'deletion_offsets';
/** Thinning judges statistics by ages of up to seven days (statistics-thinning.ts), even if rows are kept for ever. */
const WINDOW_MIN_MS = 7 * 86_400_000;

/** The deletion clock of one database. */
export class DeletionTime {
  readonly #stored: StoredValues;
  readonly #windowMs: number;
  /** The newest time in the database, if the database was written before the deletion clock existed; otherwise null. */
  readonly #knownMs: number | null;
  #clock: DeletionClock | null = null;
  #leastMs = Infinity;
  #offsets: readonly LeastOffset[] = [];

  /** `retentionMs` is the retention of rows, in ms; 0 keeps them for ever. */
  constructor(database: Database, stored: StoredValues, retentionMs: number) {
    this.#stored = stored;
    this.#windowMs = Math.max(retentionMs, WINDOW_MIN_MS);
    this.#knownMs = stored.text(OFFSETS) === null ? newestMs(database) : null;
  }

  /**
   * Notes that the wall clock showed `wallMs` when a message came. The next {@link read} uses the least time noted,
   * whatever the wall clock shows then.
   */
  stamped(wallMs: number): void {
    if (wallMs < this.#leastMs) this.#leastMs = wallMs;
  }

  /**
   * Takes readings of the wall clock and the monotonic clock. Returns the time for deletions, and stores the clock's
   * state with the next commit.
   */
  read(nowMs: number, monotonicMs: number): number {
    this.#clock ??= new DeletionClock(this.#windowMs, this.#storedState(), this.#knownMs, monotonicMs);
    const deletionMs = this.#clock.read(Math.min(nowMs, this.#leastMs), monotonicMs);
    this.#leastMs = Infinity;
    const { runMs, offsets } = this.#clock.state;
    this.#stored.set(RUN, runMs);
    if (offsets !== this.#offsets) this.#stored.set(OFFSETS, JSON.stringify(offsets));
    this.#offsets = offsets;
    return deletionMs;
  }

  #storedState(): DeletionClockState | null {
    const offsets = this.#stored.text(OFFSETS);
    if (offsets === null) return null;
    return { runMs: this.#stored.number(RUN), offsets: JSON.parse(offsets) as LeastOffset[] };
  }
}

/**
 * The time of the last record; null in an empty database. It is that of the statistics with the greatest number,
 * because a clock that was ahead may have left rows of later times; without statistics it is the last sighting of the
 * newest row. It scans no whole table: a start must not take longer with more rows, and a damaged page is no reason not
 * to start.
 */
function newestMs(database: Database): number | null {
  const recordedAt = statement<[], string>(
    database,
    'SELECT recorded_at FROM network_stats ORDER BY id DESC LIMIT 1',
  ).pluck();
  const recordedMs = Date.parse(recordedAt.get() ?? '');
  if (!Number.isNaN(recordedMs)) return recordedMs;
  const newest = statement<[], number | null>(
    database,
    `SELECT max(ms) FROM (
       SELECT * FROM (SELECT last_ms AS ms FROM nodes ORDER BY number DESC LIMIT 1)
       UNION ALL SELECT * FROM (SELECT first_ms + last_after_ms FROM tasks ORDER BY id DESC LIMIT 1)
       UNION ALL SELECT * FROM (SELECT first_ms + last_after_ms FROM invoices ORDER BY id DESC LIMIT 1))`,
  ).pluck();
  return newest.get() ?? null;
}
