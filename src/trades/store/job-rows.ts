// The rows of sealed jobs, from the seal until the job expires. Writes are inside the caller's transaction.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { SealedJob } from '../domain/facts.ts';
import type { StoredJob } from '../domain/stored-job.ts';
import { hashBytes, hashHex, stateOf } from './codes.ts';

interface Row {
  readonly jobHash: Uint8Array;
  readonly tokenHash: Uint8Array | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly trades: number;
  readonly buckets: number;
  readonly entryId: number;
  readonly clientId: string;
  readonly exchange: string;
  readonly digest: Uint8Array;
  readonly state: number;
  readonly status: number | null;
  readonly reason: string | null;
  readonly response: string | null;
}

/** Writes and reads jobs. */
export class JobRows {
  readonly #insert: Statement;
  readonly #dropResponse: Statement<[Buffer]>;
  readonly #drop: Statement<[Buffer]>;
  readonly #expired: Statement<[number, number], Buffer>;
  readonly #all: Statement<[], Row>;

  constructor(database: Database) {
    this.#insert = statement(
      database,
      'INSERT INTO job_rows VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    );
    // The answer was for the client. That to a dead letter is for the operator too.
    this.#dropResponse = statement(
      database,
      `DELETE FROM responses WHERE id = (SELECT entry FROM job_rows WHERE job_hash = ?)
         AND NOT EXISTS (SELECT 1 FROM outbox_rows o WHERE o.id = responses.id AND o.state = 2)`,
    );
    this.#drop = statement(database, 'DELETE FROM job_rows WHERE job_hash = ?');
    this.#expired = statement<[number, number], Buffer>(
      database,
      'SELECT job_hash FROM job_rows WHERE expires_ms < ? LIMIT ?',
    ).pluck();
    this.#all = statement(
      database,
      `SELECT j.job_hash AS jobHash, j.token_hash AS tokenHash, j.created_ms AS createdAtMs,
         j.expires_ms AS expiresAtMs, j.trades AS trades, j.buckets AS buckets, j.entry AS entryId,
         c.client_id AS clientId, c.exchange AS exchange, o.digest AS digest, o.state AS state,
         o.status AS status, o.reason AS reason, r.response AS response
       FROM job_rows j JOIN outbox_rows o ON o.id = j.entry JOIN clients c ON c.number = o.client
       LEFT JOIN responses r ON r.id = j.entry ORDER BY j.entry`,
    );
  }

  /** Adds a job whose summary is this entry; one that is there already stays. */
  add(job: SealedJob, entryId: number): void {
    const { jobHash, tokenHash, createdAtMs, expiresAtMs, trades, buckets } = job;
    const token = tokenHash === null ? null : hashBytes(tokenHash);
    this.#insert.run(hashBytes(jobHash), token, createdAtMs, expiresAtMs, trades, buckets, entryId);
  }

  /** Forgets a job; its entry stays. */
  expired(jobHash: string): void {
    this.#forget(hashBytes(jobHash));
  }

  /** Forgets at most `limit` jobs that expired before this time; returns how many. */
  dropExpired(beforeMs: number, limit: number): number {
    const hashes = this.#expired.all(beforeMs, limit);
    for (const hash of hashes) this.#forget(hash);
    return hashes.length;
  }

  /** Every job, by ascending entry. */
  all(): readonly StoredJob[] {
    return this.#all.all().map(({ jobHash, tokenHash, digest, state, status, reason, response, ...row }) => ({
      ...row,
      jobHash: hashHex(jobHash),
      tokenHash: tokenHash === null ? null : hashHex(tokenHash),
      digest: hashHex(digest),
      state: stateOf(state),
      attempt: reason === null ? null : { status, reason, response: response ?? '' },
    }));
  }

  #forget(jobHash: Buffer): void {
    this.#dropResponse.run(jobHash);
    this.#drop.run(jobHash);
  }
}
