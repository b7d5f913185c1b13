// The rows of the outbox: entries with their bodies, and what became of them. All inside the caller's transaction. An
// entry that comes a second time is stored once, and only an entry that waits can be delivered or refused.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { Attempt, OutboxEntry } from '../domain/facts.ts';
import { hashBytes, OUTBOX_STATES, PROVENANCES } from './codes.ts';

const WAITING = OUTBOX_STATES.indexOf('waiting');
const DELIVERED = OUTBOX_STATES.indexOf('delivered');
const DEAD = OUTBOX_STATES.indexOf('dead');

/** Writes entries. */
export class OutboxRows {
  readonly #insert: Statement;
  readonly #insertBody: Statement<[number, string]>;
  readonly #attempted: Statement;
  readonly #ended: Statement;
  readonly #replayed: Statement<[number, number]>;
  readonly #respond: Statement<[number, string]>;
  readonly #forgetResponse: Statement<[number]>;
  readonly #isJob: Statement<[number], number>;
  readonly #hasDigest: Statement<[number, Buffer], number>;
  readonly #hasPolled: Statement<[Buffer, number, number], number>;
  readonly #lastId: Statement<[], number>;

  constructor(database: Database) {
    this.#insert = statement(
      database,
      `INSERT INTO outbox_rows (id, client, provenance, digest, seq, period_start_ms, period_end_ms, trades,
         body_bytes, sealed_ms, state, place, attempts, next_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${WAITING}, ?, 0, 0) ON CONFLICT DO NOTHING`,
    );
    this.#insertBody = statement(database, 'INSERT INTO bodies (id, body) VALUES (?, ?)');
    this.#attempted = statement(
      database,
      `UPDATE outbox_rows SET attempts = ?, next_ms = ?, status = ?, reason = ? WHERE id = ? AND state = ${WAITING}`,
    );
    this.#ended = statement(
      database,
      `UPDATE outbox_rows SET state = ?, status = ?, reason = ?, ended_ms = ? WHERE id = ? AND state = ${WAITING}`,
    );
    this.#replayed = statement(
      database,
      `UPDATE outbox_rows SET state = ${WAITING}, place = ?, attempts = 0, next_ms = 0, ended_ms = NULL
         WHERE id = ? AND state = ${DEAD}`,
    );
    this.#respond = statement(
      database,
      'INSERT INTO responses (id, response) VALUES (?, ?) ON CONFLICT DO UPDATE SET response = excluded.response',
    );
    this.#forgetResponse = statement(database, 'DELETE FROM responses WHERE id = ?');
    this.#isJob = statement<[number], number>(database, 'SELECT 1 FROM job_rows WHERE entry = ?').pluck();
    this.#hasDigest = statement<[number, Buffer], number>(
      database,
      'SELECT 1 FROM outbox_rows WHERE id = ? AND digest = ?',
    ).pluck();
    this.#hasPolled = statement<[Buffer, number, number], number>(
      database,
      `SELECT 1 FROM outbox_rows WHERE digest = ? AND seq = ? AND provenance = ? LIMIT 1`,
    ).pluck();
    this.#lastId = statement<[], number>(database, 'SELECT coalesce(max(id), 0) FROM outbox_rows').pluck();
  }

  /** The greatest id that is kept; 0 without any. */
  get lastId(): number {
    return Number(this.#lastId.get());
  }

  /**
   * Adds an entry of this client number at this place; false if it is there already. Throws if another entry has its id,
   * which is a defect of the program.
   */
  add(entry: OutboxEntry, body: string, client: number, place: number): boolean {
    const { changes } = this.#insert.run(
      entry.id,
      client,
      PROVENANCES.indexOf(entry.provenance),
      hashBytes(entry.digest),
      entry.seq,
      entry.periodStartMs,
      entry.periodEndMs,
      entry.trades,
      entry.bodyBytes,
      entry.sealedAtMs,
      place,
    );
    if (changes > 0) this.#insertBody.run(entry.id, body);
    else if (this.#hasDigest.get(entry.id, hashBytes(entry.digest)) === undefined)
      throw new RangeError('an entry has the id of another one');
    return changes > 0;
  }

  /** True if this very entry is there already. */
  has({ id, digest }: OutboxEntry): boolean {
    return this.#hasDigest.get(id, hashBytes(digest)) !== undefined;
  }

  /** True if a summary of the same account and content is there, under any id. */
  hasSame({ digest, seq, provenance }: OutboxEntry): boolean {
    if (seq === null) return false;
    return this.#hasPolled.get(hashBytes(digest), seq, PROVENANCES.indexOf(provenance)) !== undefined;
  }

  /** A delivery failed; the entry goes on waiting. */
  attempted(id: number, attempts: number, nextAtMs: number, { status, reason }: Attempt): void {
    this.#attempted.run(attempts, nextAtMs, status, reason, id);
  }

  /** The backend has it. The answer is kept for the client of the job, until the job expires. */
  delivered(id: number, atMs: number, { status, reason, response }: Attempt): void {
    if (this.#ended.run(DELIVERED, status, reason, atMs, id).changes === 0) return;
    if (response !== '' && this.#isJob.get(id) !== undefined) this.#respond.run(id, response);
    else this.#forgetResponse.run(id);
  }

  /** The backend refuses it. The answer is kept for the operator. */
  dead(id: number, atMs: number, { status, reason, response }: Attempt): void {
    if (this.#ended.run(DEAD, status, reason, atMs, id).changes === 0) return;
    if (response !== '') this.#respond.run(id, response);
    else this.#forgetResponse.run(id);
  }

  /** A dead letter waits again, at this place; false if it is none. */
  replayed(id: number, place: number): boolean {
    return this.#replayed.run(place, id).changes > 0;
  }
}
