// Node ids that an operator has shut out: kept at once, asked of every message. What becomes of their messages is
// decided by the writer.

import type { BlockedNode } from '../domain/operator-request.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Node ids that may be blocked at a time. */
export const BLOCKED_NODES_MAX = 10_000;

export class BlockedNodes {
  readonly #blockedAt = new Map<string, string>();
  readonly #insert: Statement;
  readonly #delete: Statement;

  constructor(database: Database) {
    this.#insert = statement(database, 'INSERT INTO blocked_nodes (node_id, blocked_at) VALUES (?, ?)');
    this.#delete = statement(database, 'DELETE FROM blocked_nodes WHERE node_id = ?');
    const rows = statement<[], { node_id: string; blocked_at: string }>(
      database,
      'SELECT node_id, blocked_at FROM blocked_nodes ORDER BY blocked_at, node_id',
    ).all();
    for (const row of rows) this.#blockedAt.set(row.node_id, row.blocked_at);
  }

  has(nodeId: string): boolean {
    return this.#blockedAt.size > 0 && this.#blockedAt.has(nodeId);
  }

  /** Shuts an id out, at once; one that was shut out before keeps its time. Errors: `too_many`. */
  block(nodeId: string, nowMs: number): BlockedNode {
    const known = this.#blockedAt.get(nodeId);
    if (known !== undefined) return { nodeId, blockedAt: known };
    if (this.#blockedAt.size >= BLOCKED_NODES_MAX) {
      throw new CodedError(
        'too_many',
        `There are ${BLOCKED_NODES_MAX} blocked nodes: unblock one; against many ids use NEW_NODES_PER_MINUTE or AUTH_MODE=required.`,
      );
    }
    const blockedAt = new Date(nowMs).toISOString();
    this.#insert.run(nodeId, blockedAt);
    this.#blockedAt.set(nodeId, blockedAt);
    return { nodeId, blockedAt };
  }

  /** Lets an id in again, at once; false if it was not shut out. */
  unblock(nodeId: string): boolean {
    this.#delete.run(nodeId);
    return this.#blockedAt.delete(nodeId);
  }

  /** In the order in which they were shut out. */
  list(): readonly BlockedNode[] {
    return Array.from(this.#blockedAt, ([nodeId, blockedAt]) => ({ nodeId, blockedAt }));
  }
}
