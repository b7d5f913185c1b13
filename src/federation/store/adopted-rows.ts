// The rows that came from the earlier aggregator's database: how many reporters it had counted, and that they are kept for
// longer. The hot tables know nothing of it.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** What the earlier aggregator kept tasks and invoices for: adopted rows are kept for at least as long (section 4). */
export const ADOPTED_RETENTION_MS = 90 * 86_400_000;

/** `kind` of an adopted row. */
export const ADOPTED = { task: 0, invoice: 1, node: 2 } as const;
export type AdoptedKind = (typeof ADOPTED)[keyof typeof ADOPTED];

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

  /** Marks a row, inside the caller's transaction; false if it was marked before, and then the numbers are added up. */
  add(id: number, reportingNodes: number): boolean {
    if (this.#insert.run(reportingNodes, this.#kind, id).changes === 1) return true;
    this.#increase.run(reportingNodes, this.#kind, id);
    return false;
  }

  /** The row is gone. */
  delete(id: number): void {
    this.#delete.run(this.#kind, id);
  }
}
