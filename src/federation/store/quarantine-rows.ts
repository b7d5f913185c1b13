// The rows of quarantined messages: their place in the stream and the error, never their content.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Maximum number of rows: the newest are kept. The counters continue to count all. */
export const QUARANTINE_ROWS_MAX = 10_000;

/** One message that cannot be stored. */
export interface SetAside {
  /** Sequence in the stream; null on plain NATS. */
  readonly seq: number | null;
  readonly subject: string;
  /** The code of the error that the message causes. */
  readonly code: string;
  /** The message's event time, so that another reader of the stream writes the same row. */
  readonly atMs: number;
}

/** The table of quarantined messages, and those that wait for the next commit. */
export class QuarantineRows {
  readonly #insert: Statement<[number | null, string, string, string]>;
  readonly #trim: Statement<[number]>;
  #waiting: SetAside[] = [];

  constructor(database: Database) {
    this.#insert = statement(database, 'INSERT INTO quarantine (seq, subject, code, at) VALUES (?, ?, ?, ?)');
    this.#trim = statement(database, 'DELETE FROM quarantine WHERE rowid <= ?');
  }

  /** Number of messages quarantined since the last commit. */
  get waiting(): number {
    return this.#waiting.length;
  }

  add(message: SetAside): void {
    this.#waiting.push(message);
  }

  /** Writes the waiting rows, inside the caller's transaction. */
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
