// Retention in small steps (docs/trades.md#storage): delivered entries that are older than the setting, with body, answer
// and buckets; then jobs that expired unnoticed, and clients without entries. Entries that wait and dead letters stay. It
// never reads a clock.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { JobRows } from './job-rows.ts';

/** Entries that one step deletes, with all that belongs to them. */
export const PRUNED_ENTRIES_MAX = 500;
/** Length of their bodies together, in bytes, unless the first one alone is longer. Long bodies have many buckets. */
export const PRUNED_BYTES_MAX = 4_194_304;

/** The retention of one database. */
export class Retention {
  readonly #retentionMs: number;
  readonly #bytesMax: number;
  readonly #jobs: JobRows;
  readonly #old: Statement<[number], { id: number; bytes: number }>;
  readonly #deleteEntry: readonly Statement<[number]>[];
  readonly #deleteClients: Statement<[number]>;

  /** `retentionMs` 0: nothing is deleted. */
  constructor(database: Database, retentionMs: number, bytesMax = PRUNED_BYTES_MAX) {
    this.#retentionMs = retentionMs;
    this.#bytesMax = bytesMax;
    this.#jobs = new JobRows(database);
    this.#old = statement(
      database,
      `SELECT id, body_bytes AS bytes FROM outbox_rows WHERE state = 1 AND ended_ms < ?
         ORDER BY ended_ms LIMIT ${PRUNED_ENTRIES_MAX}`,
    );
    this.#deleteEntry = [
      'DELETE FROM outbox_rows WHERE id = ?',
      'DELETE FROM bodies WHERE id = ?',
      'DELETE FROM responses WHERE id = ?',
      'DELETE FROM buckets WHERE entry = ?',
      'DELETE FROM job_rows WHERE entry = ?',
    ].map((sql) => statement<[number]>(database, sql));
    this.#deleteClients = statement(
      database,
      `DELETE FROM clients WHERE number IN (SELECT number FROM clients WHERE sealed_ms < ?
         AND NOT EXISTS (SELECT 1 FROM outbox_rows WHERE client = clients.number) LIMIT ${PRUNED_ENTRIES_MAX})`,
    );
  }

  /** Deletes some rows, inside the caller's transaction; true when nothing is left to delete. */
  step(nowMs: number): boolean {
    if (this.#retentionMs <= 0) return true;
    const beforeMs = nowMs - this.#retentionMs;
    if (this.#pruneEntries(beforeMs) > 0) return false;
    if (this.#jobs.dropExpired(beforeMs, PRUNED_ENTRIES_MAX) > 0) return false;
    return this.#deleteClients.run(beforeMs).changes === 0;
  }

  /** Returns how many entries it deleted. */
  #pruneEntries(beforeMs: number): number {
    let [count, sum] = [0, 0];
    for (const { id, bytes } of this.#old.all(beforeMs)) {
      sum += bytes;
      if (count > 0 && sum > this.#bytesMax) break;
      for (const one of this.#deleteEntry) one.run(id);
      count++;
    }
    return count;
  }
}
