// Nodes in memory and on disk: times, buckets, limits and the state that an actor decided; and their removal by
// eviction or pruning. It stores states and never decides them.

import { hash } from 'node:crypto';
import type { EarlierNode } from '../domain/earlier-rows.ts';
import type { NodeSign, NodeTransition } from '../../lifecycle/node-state.ts';
import type { Heartbeat } from '../domain/signal.ts';
import { NODE_STATES, type NodeState } from '../../lifecycle/node-state.ts';
import type { Database, Statement } from '../../store/database.ts';
import { ADOPTED, AdoptedRows } from './adopted-rows.ts';
import type { StoredValues } from '../../store/stored-values.ts';
import { type Cutoffs, KeyWalk } from './key-walk.ts';
import { LastSeenQueue } from './last-seen-queue.ts';
import { mergeBuckets } from './node-buckets.ts';
import {
  CHANGING_COLUMNS,
  changing,
  effectiveState,
  fromRow,
  isAuthenticated,
  newNode,
  type Node,
  type NodeRow,
  OFFLINE,
  toSign,
  UNJUDGED,
} from './node-row.ts';
import { NODE_NUMBER_MAX } from './reporters.ts';
import type { PrunedTable } from './retention.ts';
import { DIMENSION, type RollupDeltas, slotOf } from './rollups.ts';
import { TransitionRows } from './transition-rows.ts';
import { TwoGenerations } from '../../store/two-generations.ts';
import { statement } from '../../store/statements.ts';

/**
 * Maximum number of nodes that one step of retention prunes. It is less than for tasks, because up to 1,000 transitions
 * are deleted with each node.
 */
export const PRUNED_NODES_MAX = 50;
/** Maximum number of nodes evicted for one new node: 2, so that a lowered limit is reached eventually. */
const EVICTED_FOR_ONE_MAX = 2;
const NEXT_NUMBER = 'next_node_number';
const NODES_DIGEST = 'nodes_digest';

/** Sizes of the node table. `generationSize` is the number of nodes per generation in memory. */
export interface NodeTableOptions {
  readonly generationSize: number;
  readonly transitionsPerNodeMax: number;
  /** True if {@link NodeTable.makeRoom} will be called: only then does the table track who was heard least recently. */
  readonly isLimited: boolean;
}

type PrunedRow = Pick<
  NodeRow,
  'number' | 'node_id' | 'state' | 'life_ms' | 'left_ms' | 'heard_ms' | 'signed_ms'
>;

/** The result of a commit for nodes. */
export interface CommittedNodes {
  /** A sign of life for each node heard in the commit. */
  readonly signs: NodeSign[];
  /** Numbers of the nodes that were evicted or pruned: they have no row any more. */
  readonly gone: readonly number[];
}

/** The table of nodes with its recently used rows in memory. */
export class NodeTable implements PrunedTable {
  readonly #hot: TwoGenerations<Node>;
  readonly #select: Statement<[string], NodeRow>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #delete: Statement<[number]>;
  readonly #latest: Statement;
  readonly #walk: KeyWalk<PrunedRow>;
  readonly #stored: StoredValues;
  readonly #adopted: AdoptedRows;
  readonly #transitionRows: TransitionRows;
  readonly #queue: LastSeenQueue | null;
  readonly #transitions: { node: Node; number: number; fact: NodeTransition }[] = [];
  #dirty: Node[] = [];
  #nextNumber: number;
  #digest: bigint;
  #live: number;
  #authenticated: number;
  #goneEver: number;
  #evicted: Node[] = [];
  readonly #evictedIds = new Set<string>();
  #pruned: readonly PrunedRow[] = [];

  constructor(database: Database, stored: StoredValues, options: NodeTableOptions) {
    this.#hot = new TwoGenerations(options.generationSize);
    this.#stored = stored;
    this.#transitionRows = new TransitionRows(database, options.transitionsPerNodeMax);
    const columns = CHANGING_COLUMNS.join(', ');
    this.#select = statement(database, 'SELECT * FROM nodes WHERE node_id = ?');
    this.#insert = statement(
      database,
      `INSERT INTO nodes (${columns}, number, node_id, first_observed_ms, created_ms)
       VALUES (${CHANGING_COLUMNS.map(() => '?').join(', ')}, ?, ?, ?, ?)`,
    );
    this.#update = statement(
      database,
      `UPDATE nodes SET ${CHANGING_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE number = ?`,
    );
    this.#delete = statement(database, 'DELETE FROM nodes WHERE number = ?');
    this.#latest = statement(database, 'SELECT max(max(heard_ms, life_ms, left_ms)) FROM nodes');
    this.#walk = new KeyWalk(database, {
      table: 'nodes',
      key: 'number',
      lastMs: 'last_ms',
      columns: ['number', 'node_id', 'state', 'life_ms', 'left_ms', 'heard_ms', 'signed_ms'],
      adopted: ADOPTED.node,
    });
    this.#adopted = new AdoptedRows(database, ADOPTED.node);
    // The newest rows may have been deleted, so the greatest number in the table does not give the next one.
    const greatest = Number(statement(database, 'SELECT coalesce(max(number), 0) FROM nodes').pluck().get());
    this.#nextNumber = Math.max(stored.number(NEXT_NUMBER), greatest + 1);
    this.#digest = BigInt(`0x${stored.text(NODES_DIGEST) ?? '0'}`);
    this.#live = Number(statement(database, 'SELECT count(*) FROM nodes').pluck().get());
    this.#authenticated = Number(
      statement(database, 'SELECT count(*) FROM nodes WHERE signed_ms > 0 AND signed_ms >= heard_ms')
        .pluck()
        .get(),
    );
    this.#goneEver = Number(
      statement(database, 'SELECT coalesce(sum(count), 0) FROM pruned_totals WHERE dimension = ?')
        .pluck()
        .get(DIMENSION.nodeState),
    );
    this.#queue = options.isLimited ? readQueue(database) : null;
  }

  /** Nodes that have a row, uncommitted ones included. */
  get live(): number {
    return this.#live;
  }

  /** Nodes with a row whose newest message was signed. */
  get authenticated(): number {
    return this.#authenticated;
  }

  /** Nodes ever seen, including those that were evicted, pruned or forgotten. */
  get everSeen(): number {
    return this.#live + this.#goneEver;
  }

  /** The greatest time on the event clock in any row; 0 without rows. It reads all rows. */
  get latestMs(): number {
    return Number(this.#latest.pluck().get() ?? 0);
  }

  find(nodeId: string): Node | undefined {
    const hot = this.#hot.get(nodeId);
    if (hot !== undefined) return hot;
    const row = this.#evictedIds.has(nodeId) ? undefined : this.#select.get(nodeId);
    if (row === undefined) return undefined;
    const node = fromRow(row, this.#queue?.get(nodeId) ?? null);
    this.#hot.set(nodeId, node);
    return node;
  }

  /**
   * Makes room for one more node under `nodesMax`; returns true if there is room. If needed, it evicts the node with
   * the least (last heard, node id), provided that it was last heard before `silentSinceMs`. With
   * `silentSinceObservedMs` the node must have been silent since then on the observed clock too. The next commit
   * deletes its row.
   */
  makeRoom(nodesMax: number, silentSinceMs: number, silentSinceObservedMs: number | null): boolean {
    for (let evicted = 0; this.#live >= nodesMax; evicted++) {
      const nodeId = evicted < EVICTED_FOR_ONE_MAX ? this.#queue?.leastBefore(silentSinceMs) : null;
      if (nodeId == null || !this.#wasSilentSince(nodeId, silentSinceObservedMs)) return evicted > 0;
      this.#evict(nodeId);
    }
    return true;
  }

  #wasSilentSince(nodeId: string, observedMs: number | null): boolean {
    return observedMs === null || (this.find(nodeId)?.heardObservedMs ?? Infinity) < observedMs;
  }

  /** True while there is a number for one more node. A reporter must fit in 4 bytes, and numbers are never reused. */
  get hasNumberLeft(): boolean {
    return this.#nextNumber <= NODE_NUMBER_MAX;
  }

  /**
   * A digest of the id and the number of each node that was ever made, 16 hex digits: equal in two databases that gave
   * the same numbers. Databases of earlier versions begin with those made from then on.
   */
  get digest(): string {
    return this.#digest.toString(16).padStart(16, '0');
  }

  create(nodeId: string, atMs: number, presentMs: number, nowMs: number, observedMs: number): Node {
    const sighting = this.#queue?.add(nodeId, presentMs) ?? null;
    const number = this.#nextNumber++;
    this.#digest = withNode(this.#digest, nodeId, number);
    const node = newNode(number, nodeId, atMs, presentMs, nowMs, observedMs, sighting);
    this.#hot.set(nodeId, node);
    this.#live++;
    return node;
  }

  /**
   * Adopts a node of the earlier aggregator, in the state that its silence calls for. It was last heard `silenceMs`
   * before the present moment of the observed clock, which begins at 0. True if it was new.
   */
  adopt(earlier: EarlierNode, silenceMs: number, state: NodeState, nowMs: number): boolean {
    if (this.find(earlier.nodeId) !== undefined) return false;
    const { nodeId, firstMs, lastMs, createdMs } = earlier;
    // A time in the future must not keep a node alive, or offline, until then.
    const heardMs = Math.min(lastMs, nowMs);
    const node = this.create(nodeId, firstMs, Math.min(firstMs, nowMs), createdMs, 0);
    this.hear(node, lastMs, heardMs, -silenceMs);
    // No actor exists yet to be told: all actors are made from the rows after the adoption.
    node.heard = false;
    if (earlier.hasLeft) this.leave(node, heardMs);
    else this.showLife(node, heardMs);
    mergeBuckets(node, earlier, heardMs);
    node.heartbeats = earlier.heartbeats;
    node.state = NODE_STATES.indexOf(state);
    return this.#adopted.add(node.number, 0);
  }

  /**
   * Records a valid message, signed or not, at the event time `atMs`, which is `presentMs` on the event clock without
   * long gaps. Returns true if it made the node's first sighting earlier. If `atMs` is at least `believedFromMs`, it
   * becomes the last sighting even if an earlier message carried a later time, because the clock was ahead then. Below
   * `believedFromMs` the greatest time stays, so that the row does not become old enough to be deleted.
   */
  hear(
    node: Node,
    atMs: number,
    presentMs: number,
    observedMs: number,
    isSigned = false,
    believedFromMs = Infinity,
  ): boolean {
    this.#touch(node);
    if (isSigned || node.signedMs > 0) this.#noteTrust(node, presentMs, isSigned);
    node.heard = true;
    node.heardObservedMs = observedMs;
    if (atMs > node.lastMs || atMs >= believedFromMs) node.lastMs = atMs;
    if (presentMs > node.heardMs) {
      node.heardMs = presentMs;
      if (node.sighting !== null) node.sighting.lastMs = presentMs;
    }
    if (atMs >= node.firstMs) return false;
    node.firstMs = atMs;
    return true;
  }

  /**
   * Removes a node and its transitions with the next commit, as if it had been evicted; false if no node has this id.
   */
  forget(nodeId: string): boolean {
    if (this.find(nodeId) === undefined) return false;
    this.#evict(nodeId);
    return true;
  }

  /**
   * Records a sign of life at `steadyMs` on the event clock, on which a wrong time in the future cannot outlast later
   * messages.
   */
  showLife(node: Node, steadyMs: number): void {
    if (steadyMs > node.lifeMs) node.lifeMs = steadyMs;
  }

  /** Records at `steadyMs` on the event clock that the node announced its leaving. */
  leave(node: Node, steadyMs: number): void {
    if (steadyMs > node.leftMs) node.leftMs = steadyMs;
  }

  /** Merges a heartbeat. */
  beat(node: Node, signal: Heartbeat, steadyMs: number): void {
    node.heartbeats++;
    mergeBuckets(node, signal, steadyMs);
  }

  /**
   * Stores a transition that an actor decided. It is ignored if the node was removed, even if a new node has appeared
   * under the same id: the transition was observed before the new row began. Then it returns false.
   */
  transition(fact: NodeTransition): boolean {
    const node = this.find(fact.nodeId);
    if (node === undefined || fact.observedMs < node.firstObservedMs) return false;
    this.#touch(node);
    node.state = NODE_STATES.indexOf(fact.to);
    if (fact.from === null) return true;
    node.transitions++;
    this.#transitions.push({ node, number: node.transitions, fact });
    return true;
  }

  /** Writes every changed row, inside the caller's transaction. May be repeated after a failure. */
  write(rollups: RollupDeltas): void {
    this.#pruned = [];
    // Evicted nodes come first, because an evicted id may have returned as a new node.
    for (const node of this.#evicted) {
      rollups.addPruned(slotOf(DIMENSION.nodeState, OFFLINE));
      if (node.countedState < 0) continue;
      rollups.addTotal(slotOf(DIMENSION.nodeState, node.countedState), -1);
      this.#deleteRow(node.number);
    }
    for (const node of this.#dirty) {
      if (node.isGone) continue;
      const state = effectiveState(node);
      if (state !== node.countedState) {
        if (node.countedState >= 0) rollups.addTotal(slotOf(DIMENSION.nodeState, node.countedState), -1);
        rollups.addTotal(slotOf(DIMENSION.nodeState, state), 1);
      }
      const values = changing(node);
      if (node.countedState < 0)
        this.#insert.run(...values, node.number, node.nodeId, node.firstObservedMs, node.createdMs);
      else this.#update.run(...values, node.number);
    }
    for (const { node, number, fact } of this.#transitions) {
      if (!node.isGone) this.#transitionRows.insert(node.number, number, fact);
    }
    this.#stored.set(NEXT_NUMBER, this.#nextNumber);
    this.#stored.set(NODES_DIGEST, this.digest);
  }

  /** A step of retention, after {@link write} in the same transaction. */
  prune(afterNumber: number, cutoffs: Cutoffs, rollups: RollupDeltas) {
    const { rows, afterKey, isEnd } = this.#walk.step(afterNumber, cutoffs, PRUNED_NODES_MAX);
    for (const row of rows) {
      const state = effectiveState({
        state: row.state ?? UNJUDGED,
        lifeMs: row.life_ms,
        leftMs: row.left_ms,
      });
      rollups.addTotal(slotOf(DIMENSION.nodeState, state), -1);
      rollups.addPruned(slotOf(DIMENSION.nodeState, OFFLINE));
      this.#deleteRow(row.number);
    }
    this.#pruned = rows;
    return { afterKey, isEnd, rows: rows.length };
  }

  /** The transaction that held {@link write} is committed. */
  committed(): CommittedNodes {
    const signs: NodeSign[] = [];
    const gone: number[] = [];
    for (const row of this.#pruned) {
      gone.push(row.number);
      this.#forget(row.node_id, isAuthenticated({ signedMs: row.signed_ms, heardMs: row.heard_ms }));
    }
    for (const node of this.#evicted) {
      if (node.countedState >= 0) gone.push(node.number);
    }
    for (const node of this.#dirty) {
      if (node.isGone) continue;
      if (node.heard) signs.push(toSign(node));
      node.heard = false;
      node.dirty = false;
      node.countedState = effectiveState(node);
    }
    this.#pruned = [];
    this.#evicted = [];
    this.#evictedIds.clear();
    this.#dirty = [];
    this.#transitions.length = 0;
    this.#hot.rotateIfFull();
    return { signs, gone };
  }

  #evict(nodeId: string): void {
    const node = this.find(nodeId);
    if (node === undefined) throw new Error('a live node has neither a row nor a place in memory');
    this.#forget(nodeId, isAuthenticated(node));
    this.#evicted.push(node);
    this.#evictedIds.add(nodeId);
  }

  #forget(nodeId: string, wasAuthenticated: boolean): void {
    const node = this.#hot.get(nodeId);
    if (node !== undefined) node.isGone = true;
    this.#hot.delete(nodeId);
    this.#queue?.remove(nodeId);
    this.#live--;
    this.#goneEver++;
    if (wasAuthenticated) this.#authenticated--;
  }

  #noteTrust(node: Node, presentMs: number, isSigned: boolean): void {
    const wasAuthenticated = isAuthenticated(node);
    if (isSigned && presentMs > node.signedMs) node.signedMs = presentMs;
    const heardMs = Math.max(node.heardMs, presentMs);
    const isNow = isAuthenticated({ signedMs: node.signedMs, heardMs });
    this.#authenticated += Number(isNow) - Number(wasAuthenticated);
  }

  #deleteRow(number: number): void {
    this.#transitionRows.deleteOf(number);
    this.#delete.run(number);
    this.#adopted.delete(number);
  }

  #touch(node: Node): void {
    if (node.dirty) return;
    node.dirty = true;
    this.#dirty.push(node);
  }
}

/** A sum, so that the order in which nodes are made does not matter. */
function withNode(digest: bigint, nodeId: string, number: number): bigint {
  return BigInt.asUintN(64, digest + hash('sha256', `${number} ${nodeId}`, 'buffer').readBigUInt64BE());
}

/** Reads all live nodes, before the program serves anything. */
function readQueue(database: Database): LastSeenQueue {
  const queue = new LastSeenQueue();
  const rows = statement<[], { node_id: string; heard_ms: number }>(
    database,
    'SELECT node_id, heard_ms FROM nodes',
  ).iterate();
  for (const row of rows) queue.add(row.node_id, row.heard_ms);
  return queue;
}
