// The rows of transitions, numbered per node. The oldest are trimmed; all of a node's are deleted with the node.

import type { NodeTransition } from '../../lifecycle/node-state.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** The table of transitions; `perNodeMax` bounds the rows of each node. */
export class TransitionRows {
  readonly #insert: Statement;
  readonly #trim: Statement<[number, number]>;
  readonly #deleteAll: Statement<[number]>;
  readonly #perNodeMax: number;

  constructor(database: Database, perNodeMax: number) {
    this.#perNodeMax = perNodeMax;
    this.#insert = statement(
      database,
      `INSERT INTO transitions (node, number, at_ms, observed_ms, from_state, to_state, cause) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#trim = statement(database, 'DELETE FROM transitions WHERE node = ? AND number <= ?');
    this.#deleteAll = statement(database, 'DELETE FROM transitions WHERE node = ?');
  }

  /** Stores the `number`th transition of a node. */
  insert(node: number, number: number, fact: NodeTransition): void {
    const from = fact.from === null ? null : NODE_STATES.indexOf(fact.from);
    const to = NODE_STATES.indexOf(fact.to);
    this.#insert.run(node, number, fact.atMs, fact.observedMs, from, to, fact.cause);
    if (number > this.#perNodeMax) this.#trim.run(node, number - this.#perNodeMax);
  }

  deleteOf(node: number): void {
    this.#deleteAll.run(node);
  }
}
