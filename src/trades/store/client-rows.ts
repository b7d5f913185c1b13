// The rows of clients: one for each client and exchange that summaries name. Inside the caller's transaction.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Gives clients their numbers. */
export class ClientRows {
  readonly #put: Statement<[string, string, number], number>;

  constructor(database: Database) {
    this.#put = statement<[string, string, number], number>(
      database,
      `INSERT INTO clients (client_id, exchange, sealed_ms) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET sealed_ms = max(sealed_ms, excluded.sealed_ms) RETURNING number`,
    ).pluck();
  }

  /** The number of a client whose summary was sealed at this time. */
  sealed(clientId: string, exchange: string, sealedAtMs: number): number {
    return Number(this.#put.get(clientId, exchange, sealedAtMs));
  }
}
