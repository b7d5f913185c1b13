// Node ids that an operator has blocked. A change is written at once, by a command of a cluster with the next commit; the
// writer checks every message and decides what happens to it.

import type { BlockedNode } from '../domain/operator-request.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Maximum number of blocked node ids. */
export const BLOCKED_NODES_MAX = 10_000;

/** The table of blocked node ids with its copy in memory. */
export class BlockedNodes {
  readonly #blockedAt = new Map<string, string>();
  readonly #insert: Statement;
  readonly #delete: Statement;
  /** Changes that the next commit writes. */
  #deferred: (() => unknown)[] = [];
  #isDeferring = false;

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

  /** Runs `change`; the next commit writes the ids that it blocks and unblocks. */
  withNextCommit<T>(change: () => T): T {
    this.#isDeferring = true;
    try {
      return change();
    } finally {
      this.#isDeferring = false;
    }
  }

  /** Blocks an id at once; an id that was blocked before keeps its time. Errors: `too_many`. */
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
    this.#store(() => this.#insert.run(nodeId, blockedAt));
    this.#blockedAt.set(nodeId, blockedAt);
    return { nodeId, blockedAt };
  }

  /** Unblocks an id at once; false if it was not blocked. */
  unblock(nodeId: string): boolean {
    this.#store(() => this.#delete.run(nodeId));
    return this.#blockedAt.delete(nodeId);
  }

  /** The blocked ids, in the order in which they were blocked. */
  list(): readonly BlockedNode[] {
    return Array.from(this.#blockedAt, ([nodeId, blockedAt]) => ({ nodeId, blockedAt }));
  }

  /** Writes the changes of {@link withNextCommit}, inside the caller's transaction. */
  write(): void {
    for (const change of this.#deferred) change();
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#deferred = [];
  }

  #store(change: () => unknown): void {
    if (this.#isDeferring) this.#deferred.push(change);
    else change();
  }
}
