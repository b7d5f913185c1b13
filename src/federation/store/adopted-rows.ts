// Marks the rows adopted from the earlier aggregator's database: how many reporters it had counted for each. Adopted
// rows are also kept for longer. The tables of tasks, invoices and nodes do not know which rows are adopted.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/**
 * The time for which the earlier aggregator kept tasks and invoices, in ms: adopted rows are kept for at least as long.
 */
export const ADOPTED_RETENTION_MS = 90 * 86_400_000;

/** `kind` of an adopted row. */
export const ADOPTED = { task: 0, invoice: 1, node: 2 } as const;
/** One of the codes in {@link ADOPTED}. */
export type AdoptedKind = (typeof ADOPTED)[keyof typeof ADOPTED];

/** The marks of adopted rows of one kind. */
export class AdoptedRows {
  readonly #kind: AdoptedKind;
  readonly #insert: Statement<[number, number, number]>;
  readonly #increase: Statement<[number, number, number]>;
  readonly #delete: Statement<[number, number]>;

  constructor(database: Database, kind: AdoptedKind) {
    this.#kind = kind;
    this.#insert = statement(
      database,
      'INSERT INTO adopted (reporting_nodes, kind, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    );
    this.#increase = statement(
      database,
      'UPDATE adopted SET reporting_nodes = reporting_nodes + ? WHERE kind = ? AND id = ?',
    );
    this.#delete = statement(database, 'DELETE FROM adopted WHERE kind = ? AND id = ?');
  }

  /**
   * Marks a row, inside the caller's transaction. Returns false if it was already marked; then the numbers of reporters
   * are added up.
   */
  add(id: number, reportingNodes: number): boolean {
    if (this.#insert.run(reportingNodes, this.#kind, id).changes === 1) return true;
    this.#increase.run(reportingNodes, this.#kind, id);
    return false;
  }

  /** Removes the mark of a deleted row, inside the caller's transaction. */
  delete(id: number): void {
    this.#delete.run(this.#kind, id);
  }
}
