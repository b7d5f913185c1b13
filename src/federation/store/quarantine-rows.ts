// The rows of messages that were set aside: where they stand in the stream and why, never what they said.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Rows kept, the newest; the counters go on. */
export const QUARANTINE_ROWS_MAX = 10_000;

/** One message that cannot be stored. */
export interface SetAside {
  /** Sequence in the stream; null on plain NATS. */
  readonly seq: number | null;
  readonly subject: string;
  /** The code of the error that it causes. */
  readonly code: string;
  /** The message's event time, so that another reader of the stream writes the same row. */
  readonly atMs: number;
}

export class QuarantineRows {
  readonly #insert: Statement<[number | null, string, string, string]>;
  readonly #trim: Statement<[number]>;
  #waiting: SetAside[] = [];

  constructor(database: Database) {
    this.#insert = statement(database, 'INSERT INTO quarantine (seq, subject, code, at) VALUES (?, ?, ?, ?)');
    this.#trim = statement(database, 'DELETE FROM quarantine WHERE rowid <= ?');
  }

  /** Messages set aside since the last commit. */
  get waiting(): number {
    return this.#waiting.length;
  }

  add(message: SetAside): void {
    this.#waiting.push(message);
  }

  /** Writes what waits, inside the caller's transaction. */
  write(): void {
    for (const { seq, subject, code, atMs } of this.#waiting) {
      const { lastInsertRowid } = this.#insert.run(seq, subject, code, new Date(atMs).toISOString());
      this.#trim.run(Number(lastInsertRowid) - QUARANTINE_ROWS_MAX);
    }
  }

  committed(): void {
    this.#waiting = [];
  }
}
