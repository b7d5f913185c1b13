// The sums of hours, for the charts. Every hour of a client counts once: a summary that corrects an earlier one, or that
// another job repeats, takes its place. Inside the caller's transaction.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { SealedFact } from '../domain/facts.ts';
import { hashBytes, HOUR_MS, PROVENANCES } from './codes.ts';

/** Writes buckets. */
export class BucketRows {
  readonly #insert: Statement;
  readonly #dropRepeated: Statement<[Buffer, number]>;
  readonly #dropCorrected: Statement;

  constructor(database: Database) {
    this.#insert = statement(database, 'INSERT INTO buckets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#dropRepeated = statement(
      database,
      'DELETE FROM buckets WHERE entry IN (SELECT id FROM outbox_rows WHERE digest = ? AND id <> ?)',
    );
    // A correction repeats the period of what it replaces and takes a later seq.
    this.#dropCorrected = statement(
      database,
      `DELETE FROM buckets WHERE entry IN (SELECT id FROM outbox_rows
         WHERE client = ? AND period_start_ms = ? AND period_end_ms = ? AND provenance = ? AND seq < ? AND id <> ?)`,
    );
  }

  /** Adds the buckets of an entry that was added just now. */
  add({ entry, buckets, quote: asset }: SealedFact, client: number): void {
    const { id, digest, seq, periodStartMs, periodEndMs } = entry;
    const provenance = PROVENANCES.indexOf(entry.provenance);
    this.#dropRepeated.run(hashBytes(digest), id);
    if (seq !== null) this.#dropCorrected.run(client, periodStartMs, periodEndMs, provenance, seq, id);
    for (const bucket of buckets) {
      const hour = Math.floor(Date.parse(bucket.t) / HOUR_MS);
      const { trades, volume_base: base, volume_quote: quote, fees_usd: fees, return_pct: percent } = bucket;
      this.#insert.run(hour, id, client, trades, base, quote, fees, percent, asset);
    }
  }
}
