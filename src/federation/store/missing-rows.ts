// The stored record of messages that are missing from the numbers: one row per outcome, written in the transaction of
// the commit that counts them. The rules are in domain/missing.ts.

import {
  type Missing,
  MISSING_OUTCOMES,
  type MissingCounts,
  type MissingOutcome,
  type MissingRecord,
  NONE_MISSING,
  withAcknowledged,
  withFound,
} from '../domain/missing.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

interface Row {
  readonly outcome: MissingOutcome;
  readonly total: number;
  readonly acknowledged: number;
  readonly first_ms: number;
  readonly last_ms: number;
}

/** The table of missing messages with its copy in memory. */
export class MissingRows {
  readonly #save: Statement<Row>;
  #records: Missing = NONE_MISSING;
  /** The records as the present transaction writes them. */
  #next: Missing = NONE_MISSING;

  constructor(database: Database) {
    this.#save = statement(
      database,
      `INSERT INTO missing_messages (outcome, total, acknowledged, first_ms, last_ms)
       VALUES (@outcome, @total, @acknowledged, @first_ms, @last_ms)
       ON CONFLICT DO UPDATE SET total = excluded.total, acknowledged = excluded.acknowledged,
         first_ms = excluded.first_ms, last_ms = excluded.last_ms`,
    );
    const rows = statement<[], Row>(database, 'SELECT * FROM missing_messages').all();
    const read = (outcome: MissingOutcome): MissingRecord => {
      const row = rows.find((each) => each.outcome === outcome);
      if (row === undefined) return NONE_MISSING[outcome];
      const { total, acknowledged, first_ms, last_ms } = row;
      return { total, acknowledged, firstAtMs: first_ms, lastAtMs: last_ms };
    };
    this.#records = { lost: read('lost'), shed: read('shed'), quarantined: read('quarantined') };
  }

  /** The records at the last commit. */
  get records(): Missing {
    return this.#records;
  }

  /**
   * Writes the messages found missing since the last commit, inside the caller's transaction. May be repeated after a
   * failure.
   */
  write(found: MissingCounts, nowMs: number): void {
    const next = (outcome: MissingOutcome) => withFound(this.#records[outcome], found[outcome], nowMs);
    this.#next = { lost: next('lost'), shed: next('shed'), quarantined: next('quarantined') };
    this.#saveChanges();
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#records = this.#next;
  }

  /** Records that an operator has seen the totals `upTo`. Written at once, outside any other transaction. */
  acknowledge(upTo: MissingCounts): Missing {
    const next = (outcome: MissingOutcome) => withAcknowledged(this.#records[outcome], upTo[outcome]);
    this.#next = { lost: next('lost'), shed: next('shed'), quarantined: next('quarantined') };
    this.#saveChanges();
    this.#records = this.#next;
    return this.#records;
  }

  #saveChanges(): void {
    for (const outcome of MISSING_OUTCOMES) {
      const record = this.#next[outcome];
      if (record === this.#records[outcome]) continue;
      const { total, acknowledged, firstAtMs, lastAtMs } = record;
      this.#save.run({ outcome, total, acknowledged, first_ms: firstAtMs, last_ms: lastAtMs });
    }
  }
}
