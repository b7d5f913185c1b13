// The effect of retention on ids, seen from outside: an id that was pruned and comes back is a new one
// (docs/federation.md#retention), so each of its lives has a name of its own, under which the oracle may remember it
// for ever.

import type { Statement } from '../../../src/federation/simulator/statement.ts';

export const KINDS = ['task', 'invoice', 'node'] as const;
export type Kind = (typeof KINDS)[number];

export class Incarnations {
  readonly #ended = new Map<string, number>();
  #endedNodes = 0;

  /** Nodes without a row that are still counted. */
  get endedNodes(): number {
    return this.#endedNodes;
  }

  ended(kind: Kind, id: string): void {
    const key = `${kind} ${id}`;
    this.#ended.set(key, (this.#ended.get(key) ?? 0) + 1);
    if (kind === 'node') this.#endedNodes++;
  }

  nameOf(kind: Kind, id: string): string {
    const times = this.#ended.get(`${kind} ${id}`) ?? 0;
    return times === 0 ? id : `${id}~${times}`;
  }

  /** The statement as of the lives that its ids now have. The task that an invoice names is text and has no life. */
  in(statement: Statement): Statement {
    const nodeId = this.nameOf('node', statement.nodeId);
    switch (statement.type) {
      case 'task_received':
      case 'task_completed':
        return { ...statement, nodeId, taskId: this.nameOf('task', statement.taskId) };
      case 'invoice_created':
        return { ...statement, nodeId, invoiceId: this.nameOf('invoice', statement.invoiceId) };
      case 'heartbeat':
      case 'node_joined':
      case 'node_left':
        return { ...statement, nodeId };
    }
  }

  /** Of rows by name those that live, by id. */
  living<Row>(kind: Kind, ids: Iterable<string>, byName: ReadonlyMap<string, Row>): Map<string, Row> {
    const rows = new Map<string, Row>();
    for (const id of ids) {
      const row = byName.get(this.nameOf(kind, id));
      if (row !== undefined) rows.set(id, row);
    }
    return rows;
  }
}
