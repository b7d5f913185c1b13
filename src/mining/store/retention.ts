// Retention in small steps (docs/mining.md#storage): blocks with their submissions, counts, samples and pairs that are
// older than the setting. Accounts and machines stay, because `/stats` counts all ever seen; only beyond a bound those
// that nothing refers to are deleted, and still counted. It never reads a clock.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { cellId } from './changes.ts';
import { HOUR_MS } from './outcome-rows.ts';

/** Rows that one step deletes, in some 10 ms. */
export const PRUNED_ROWS_MAX = 2_000;
/** Accounts, and machines, that are kept for ever. */
export const KEPT_PEOPLE_MAX = 1_000_000;

/** What a step did. */
export interface PruneStep {
  /** True if nothing is left to delete. */
  readonly isOver: boolean;
  /** Numbers of the machines that it deleted. */
  readonly machines: readonly number[];
  /** True if pairs, accounts or machines were deleted. */
  readonly arePeopleGone: boolean;
}

const OVER: PruneStep = { isOver: true, machines: [], arePeopleGone: false };
const GOES_ON: PruneStep = { isOver: false, machines: [], arePeopleGone: false };

/** The retention of one database. */
export class Retention {
  readonly #retentionMs: number;
  readonly #peopleMax: number;
  readonly #database: Database;
  readonly #oldestBlock: Statement<[], { number: number; firstMs: number }>;
  readonly #deleteCells: readonly Statement<[number, number]>[];
  readonly #deleteBlock: Statement<[number]>;
  readonly #deleteOutcomes: Statement<[number]>;
  readonly #deleteSamples: Statement<[number]>;
  readonly #deletePairs: Statement<[number]>;

  /** `retentionMs` 0: nothing is deleted. */
  constructor(database: Database, retentionMs: number, peopleMax = KEPT_PEOPLE_MAX) {
    this.#database = database;
    this.#retentionMs = retentionMs;
    this.#peopleMax = peopleMax;
    this.#oldestBlock = statement(
      database,
      'SELECT number, first_ms AS firstMs FROM blocks ORDER BY number LIMIT 1',
    );
    this.#deleteCells = ['rival_rows', 'submission_rows'].map((table) =>
      statement<[number, number]>(
        database,
        `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE id BETWEEN ? AND ? LIMIT ${PRUNED_ROWS_MAX})`,
      ),
    );
    this.#deleteBlock = statement(database, 'DELETE FROM blocks WHERE number = ?');
    this.#deleteOutcomes = statement(
      database,
      `DELETE FROM outcome_hours WHERE (hour, pair, outcome) IN
         (SELECT hour, pair, outcome FROM outcome_hours WHERE hour < ? LIMIT ${PRUNED_ROWS_MAX})`,
    );
    this.#deleteSamples = statement(
      database,
      `DELETE FROM capacity_samples WHERE at_ms IN
         (SELECT at_ms FROM capacity_samples WHERE at_ms < ? LIMIT ${PRUNED_ROWS_MAX})`,
    );
    this.#deletePairs = statement(
      database,
      `DELETE FROM pairs WHERE number IN (SELECT number FROM pairs WHERE submitted_ms < ? LIMIT ${PRUNED_ROWS_MAX})`,
    );
  }

  /** Deletes some rows, inside the caller's transaction. */
  step(nowMs: number): PruneStep {
    if (this.#retentionMs <= 0) return OVER;
    const beforeMs = nowMs - this.#retentionMs;
    if (this.#pruneBlock(beforeMs)) return GOES_ON;
    if (this.#deleteOutcomes.run(Math.floor(beforeMs / HOUR_MS)).changes > 0) return GOES_ON;
    if (this.#deleteSamples.run(beforeMs).changes > 0) return GOES_ON;
    // A pair that is older than every block has no submission any more.
    if (this.#deletePairs.run(beforeMs - HOUR_MS).changes > 0) return { ...GOES_ON, arePeopleGone: true };
    return this.#prunePeople(beforeMs);
  }

  /** True if something of the oldest block was deleted. */
  #pruneBlock(beforeMs: number): boolean {
    const block = this.#oldestBlock.get();
    if (block === undefined || block.firstMs >= beforeMs) return false;
    const [from, to] = [cellId(block.number, 0), cellId(block.number + 1, 0) - 1];
    const isEmpty = this.#deleteCells.every((rows) => rows.run(from, to).changes < PRUNED_ROWS_MAX);
    if (isEmpty) this.#deleteBlock.run(block.number);
    return true;
  }

  #prunePeople(beforeMs: number): PruneStep {
    const accounts = this.#deletePeople(
      'accounts',
      'SELECT number FROM accounts WHERE first_ms < ? AND NOT EXISTS (SELECT 1 FROM pairs WHERE account = accounts.number) LIMIT ?',
      beforeMs,
    );
    const machines = this.#deletePeople(
      'machines',
      'SELECT number FROM machines WHERE seen_ms < ? AND NOT EXISTS (SELECT 1 FROM pairs WHERE machine = machines.number) LIMIT ?',
      beforeMs,
    );
    for (const machine of machines)
      statement<[number]>(this.#database, 'DELETE FROM transitions WHERE machine = ?').run(machine);
    const isOver = accounts.length + machines.length === 0;
    return { isOver, machines, arePeopleGone: !isOver };
  }

  /** Deletes those that the query finds as far as there are too many, and counts them. */
  #deletePeople(table: 'accounts' | 'machines', query: string, beforeMs: number): number[] {
    const all = Number(statement<[], number>(this.#database, `SELECT count(*) FROM ${table}`).pluck().get());
    const room = Math.min(PRUNED_ROWS_MAX, all - this.#peopleMax);
    if (room <= 0) return [];
    const numbers = statement<[number, number], number>(this.#database, query).pluck().all(beforeMs, room);
    for (const number of numbers)
      statement<[number]>(this.#database, `DELETE FROM ${table} WHERE number = ?`).run(number);
    statement<[string, number]>(
      this.#database,
      'INSERT INTO settings_kept VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value',
    ).run(`${table}_deleted`, numbers.length);
    return numbers;
  }
}
