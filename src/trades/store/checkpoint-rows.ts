// The newest checkpoint of each account. Retention never deletes one: without it an account would begin anew. Inside the
// caller's transaction.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { SealedCheckpoint } from '../domain/facts.ts';

/** Accounts whose checkpoint is kept; those of further accounts are refused. */
export const CHECKPOINTS_MAX = 100_000;

/** What became of a checkpoint. `older`: a newer one of its account is stored. */
export type CheckpointOutcome = 'stored' | 'older' | 'refused';

/** Writes checkpoints. */
export class CheckpointRows {
  readonly #accountsMax: number;
  readonly #put: Statement<[string, string, number, number, Buffer, number]>;
  readonly #seq: Statement<[string], number>;
  readonly #count: Statement<[], number>;

  constructor(database: Database, accountsMax = CHECKPOINTS_MAX) {
    this.#accountsMax = accountsMax;
    this.#put = statement(
      database,
      `INSERT INTO checkpoint_rows (account, seal_id, seq, turn, sealed, stored_ms) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET seal_id = excluded.seal_id, seq = excluded.seq, turn = excluded.turn,
           sealed = excluded.sealed, stored_ms = excluded.stored_ms
         WHERE excluded.turn > turn AND excluded.seq >= seq`,
    );
    this.#seq = statement<[string], number>(
      database,
      'SELECT seq FROM checkpoint_rows WHERE account = ?',
    ).pluck();
    this.#count = statement<[], number>(database, 'SELECT count(*) FROM checkpoint_rows').pluck();
  }

  /** Accounts that have one. */
  get count(): number {
    return Number(this.#count.get());
  }

  /** `seq` of the last summary that the stored checkpoint of an account has behind it; -1 without a checkpoint. */
  seqOf(accountId: string): number {
    return this.#seq.get(accountId) ?? -1;
  }

  /** Stores a checkpoint, unless a newer one is there. */
  put({ accountId, sealId, seq, turn, sealed }: SealedCheckpoint, storedMs: number): CheckpointOutcome {
    if (this.seqOf(accountId) === -1 && this.count >= this.#accountsMax) return 'refused';
    const bytes = Buffer.from(sealed, 'base64');
    return this.#put.run(accountId, sealId, seq, turn, bytes, storedMs).changes > 0 ? 'stored' : 'older';
  }
}
