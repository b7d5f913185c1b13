// By what time rows are deleted: the deletion clock as it is kept in the database. It is told the clocks' readings and
// deletes nothing.

import { DeletionClock, type DeletionClockState, type LeastOffset } from '../domain/deletion-clock.ts';
import type { Database } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { KeptValues } from '../../store/kept-values.ts';

const RUN = 'deletion_run_ms';
const OFFSETS = 'deletion_offsets';
/** Statistics are judged by ages of up to seven days (statistics-thinning.ts), also where rows are kept for ever. */
const WINDOW_MIN_MS = 7 * 86_400_000;

export class DeletionTime {
  readonly #kept: KeptValues;
  readonly #windowMs: number;
  /** The newest time that the database knows, if it was written before there was a deletion clock. */
  readonly #knownMs: number | null;
  #clock: DeletionClock | null = null;
  #leastMs = Infinity;
  #offsets: readonly LeastOffset[] = [];

  /** `retentionMs` is how long rows are kept; 0: for ever. */
  constructor(database: Database, kept: KeptValues, retentionMs: number) {
    this.#kept = kept;
    this.#windowMs = Math.max(retentionMs, WINDOW_MIN_MS);
    this.#knownMs = kept.text(OFFSETS) === null ? newestMs(database) : null;
  }

  /** The wall clock showed this when a message came, whatever it shows at the next {@link read}. */
  stamped(wallMs: number): void {
    if (wallMs < this.#leastMs) this.#leastMs = wallMs;
  }

  /** Reads the wall clock and the monotonic clock; returns the time for deletions, and keeps it with the next commit. */
  read(nowMs: number, monotonicMs: number): number {
    this.#clock ??= new DeletionClock(this.#windowMs, this.#keptState(), this.#knownMs, monotonicMs);
    const deletionMs = this.#clock.read(Math.min(nowMs, this.#leastMs), monotonicMs);
    this.#leastMs = Infinity;
    const { runMs, offsets } = this.#clock.state;
    this.#kept.set(RUN, runMs);
    if (offsets !== this.#offsets) this.#kept.set(OFFSETS, JSON.stringify(offsets));
    this.#offsets = offsets;
    return deletionMs;
  }

  #keptState(): DeletionClockState | null {
    const offsets = this.#kept.text(OFFSETS);
    if (offsets === null) return null;
    return { runMs: this.#kept.number(RUN), offsets: JSON.parse(offsets) as LeastOffset[] };
  }
}

/**
 * When something was recorded last, null if nothing ever was: the last statistics by number, for a clock that was ahead has
 * left some of later times; else the last sighting of the newest row. It reads no table as a whole: a start must not take
 * longer the more there is, and a damaged page is no reason not to start.
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
