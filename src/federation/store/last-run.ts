// What the database knows of the program's last run: whether it stopped in order, when it was last alive, and whether a
// backup was put in its place since. Main makes the event of the start from it (src/federation/threads/own-events.ts).

import type { EventKind } from '../domain/events.ts';
import type { Database } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { StoredValues } from '../../store/stored-values.ts';

/** The last run of the program with a database. */
export interface LastRun {
  /** `unknown`: the database is older than the log of events, or was put in place by `restore`. */
  readonly end: 'none' | 'in_order' | 'not_in_order' | 'unknown';
  /** The last sign of life of the program, by the wall clock in ms, as of the last commit or up to 10 s before it; null if not known. */
  readonly aliveMs: number | null;
  /** When a backup was put in place of the database, if no run has said so yet; null otherwise. */
  readonly restoredMs: number | null;
}

/** Time between two stored signs of life of the program. */
const ALIVE_INTERVAL_MS = 10_000;
const RUN = 'run_state';
const ALIVE = 'alive_ms';
const RESTORED = 'restored_ms';

/** Reads it before this run has stored anything. `hasRows` is true if the database holds nodes. */
export function readLastRun(stored: StoredValues, hasRows: boolean): LastRun {
  const restoredMs = stored.number(RESTORED) || null;
  if (restoredMs !== null) return { end: 'unknown', aliveMs: null, restoredMs };
  const state = stored.text(RUN);
  if (state === null) return { end: hasRows ? 'unknown' : 'none', aliveMs: null, restoredMs };
  const end = state === 'stopped' ? 'in_order' : 'not_in_order';
  return { end, aliveMs: stored.number(ALIVE) || null, restoredMs };
}

/** Notes with the next commit what an event of the aggregator says of the present run. */
export function noteEvent(stored: StoredValues, kind: EventKind, atMs: number): void {
  if (kind === 'restored') stored.set(RESTORED, 0);
  if (kind !== 'started' && kind !== 'stopped') return;
  stored.set(RUN, kind);
  stored.set(ALIVE, atMs);
}

/** Notes with the next commit that the program is alive. */
export function noteAlive(stored: StoredValues, nowMs: number): void {
  const aliveMs = stored.number(ALIVE);
  if (nowMs - aliveMs >= ALIVE_INTERVAL_MS || nowMs < aliveMs) stored.set(ALIVE, nowMs);
}

/** Notes at once that this file, a backup, is put in place of a database; the next start says so. */
export function markRestored(database: Database, atMs: number): void {
  const stored = new StoredValues(database);
  stored.setNow(RESTORED, atMs);
}

/** The same for the database of another replica: its events are its own, and are not taken over. */
export function markSeeded(database: Database, atMs: number): void {
  const tables = statement(database, "SELECT count(*) FROM sqlite_master WHERE name = 'events'").pluck();
  // A replica of an earlier version has no events.
  if (tables.get() === 1) statement(database, 'DELETE FROM events').run();
  markRestored(database, atMs);
}
