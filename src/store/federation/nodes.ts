// Nodes in memory and on disk: times, buckets, limits, and the state that an actor gave. States are stored here and
// never decided here.

import { hasLeft } from '../../domain/federation/lifecycle.ts';
import type { NodeSign, NodeTransition } from '../../domain/federation/facts.ts';
import type { Heartbeat } from '../../domain/federation/signal.ts';
import { ACTIVE_TASKS, CONTINENTS, NODE_STATES, TOTAL_TASKS } from '../../domain/federation/vocabulary.ts';
import type { Database, Statement } from '../database.ts';
import { DIMENSION, type RollupDeltas, slotOf } from './rollups.ts';
import { TwoGenerations } from './two-generations.ts';

const UNJUDGED = -1;
const ONLINE = NODE_STATES.indexOf('online');
const OFFLINE = NODE_STATES.indexOf('offline');

/** A node as the writer holds it. Times are ms since the epoch, 0 for never; `…ObservedMs` are on the observed clock. */
export interface Node {
  readonly number: number;
  readonly nodeId: string;
  firstMs: number;
  lastMs: number;
  lifeMs: number;
  leftMs: number;
  heardObservedMs: number;
  readonly firstObservedMs: number;
  totalTasks: number;
  totalTasksMs: number;
  activeTasks: number;
  activeTasksMs: number;
  continent: number;
  continentMs: number;
  location: string | null;
  locationMs: number;
  heartbeats: number;
  limitDueMs: number;
  state: number;
  transitions: number;
  readonly createdMs: number;
  dirty: boolean;
  /** A message of it came in this batch: its actor must hear of it. */
  heard: boolean;
  /** The state slot that the roll-ups hold for it; −1 while it has no row. */
  countedState: number;
}

interface NodeRow {
  number: number;
  first_ms: number;
  last_ms: number;
  life_ms: number;
  left_ms: number;
  heard_observed_ms: number;
  first_observed_ms: number;
  total_tasks: number | null;
  total_tasks_ms: number | null;
  active_tasks: number | null;
  active_tasks_ms: number | null;
  continent: number | null;
  continent_ms: number | null;
  location: string | null;
  location_ms: number | null;
  heartbeats: number;
  limit_due_ms: number;
  state: number | null;
  transitions: number;
  created_ms: number;
}

export class NodeTable {
  readonly #hot: TwoGenerations<Node>;
  readonly #select: Statement<[string], NodeRow>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #insertTransition: Statement;
  readonly #trimTransitions: Statement<[number, number]>;
  readonly #transitionsMax: number;
  readonly #transitions: { node: Node; number: number; fact: NodeTransition }[] = [];
  #dirty: Node[] = [];
  #nextNumber: number;
  #live: number;

  constructor(database: Database, generationSize: number, transitionsMax: number) {
    this.#hot = new TwoGenerations(generationSize);
    this.#transitionsMax = transitionsMax;
    this.#select = database.prepare('SELECT * FROM nodes WHERE node_id = ?');
    this.#insert = database.prepare(
      `INSERT INTO nodes (first_ms, last_ms, life_ms, left_ms, heard_observed_ms, total_tasks, total_tasks_ms, active_tasks,
         active_tasks_ms, continent, continent_ms, location, location_ms, heartbeats, limit_due_ms, state, transitions,
         number, node_id, first_observed_ms, created_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = database.prepare(
      `UPDATE nodes SET first_ms = ?, last_ms = ?, life_ms = ?, left_ms = ?, heard_observed_ms = ?, total_tasks = ?,
         total_tasks_ms = ?, active_tasks = ?, active_tasks_ms = ?, continent = ?, continent_ms = ?, location = ?,
         location_ms = ?, heartbeats = ?, limit_due_ms = ?, state = ?, transitions = ? WHERE number = ?`,
    );
    this.#insertTransition = database.prepare(
      `INSERT INTO transitions (node, number, at_ms, observed_ms, from_state, to_state, cause) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#trimTransitions = database.prepare('DELETE FROM transitions WHERE node = ? AND number <= ?');
    this.#nextNumber = Number(
      database.prepare('SELECT coalesce(max(number), 0) + 1 FROM nodes').pluck().get(),
    );
    this.#live = Number(database.prepare('SELECT count(*) FROM nodes').pluck().get());
  }

  /** Nodes that have a row, uncommitted ones included. */
  get live(): number {
    return this.#live;
  }

  find(nodeId: string): Node | undefined {
    const hot = this.#hot.get(nodeId);
    if (hot !== undefined) return hot;
    const row = this.#select.get(nodeId);
    if (row === undefined) return undefined;
    const node = fromRow(nodeId, row);
    this.#hot.set(nodeId, node);
    return node;
  }

  create(nodeId: string, atMs: number, nowMs: number, observedMs: number): Node {
    const node: Node = {
      number: this.#nextNumber++,
      nodeId,
      firstMs: atMs,
      lastMs: atMs,
      lifeMs: 0,
      leftMs: 0,
      heardObservedMs: observedMs,
      firstObservedMs: observedMs,
      totalTasks: TOTAL_TASKS.length,
      totalTasksMs: 0,
      activeTasks: ACTIVE_TASKS.length,
      activeTasksMs: 0,
      continent: CONTINENTS.length,
      continentMs: 0,
      location: null,
      locationMs: 0,
      heartbeats: 0,
      limitDueMs: 0,
      state: UNJUDGED,
      transitions: 0,
      createdMs: nowMs,
      dirty: false,
      heard: false,
      countedState: -1,
    };
    this.#hot.set(nodeId, node);
    this.#live++;
    return node;
  }

  /** Records that any valid message came; true if it made the node's first sighting earlier. */
  hear(node: Node, atMs: number, observedMs: number): boolean {
    this.#touch(node);
    node.heard = true;
    node.heardObservedMs = observedMs;
    if (atMs > node.lastMs) node.lastMs = atMs;
    if (atMs >= node.firstMs) return false;
    node.firstMs = atMs;
    return true;
  }

  /** Records a sign of life or of leaving; the time is never later than now, for it decides liveness. */
  showLife(node: Node, atMs: number): void {
    if (atMs > node.lifeMs) node.lifeMs = atMs;
  }

  leave(node: Node, atMs: number): void {
    if (atMs > node.leftMs) node.leftMs = atMs;
  }

  /** Merges a heartbeat's buckets: each by itself, the one with the greatest (time, value) among those that carry it. */
  beat(node: Node, signal: Heartbeat, atMs: number): void {
    node.heartbeats++;
    if (isNewer(signal.totalTasks, TOTAL_TASKS.length, atMs, node.totalTasks, node.totalTasksMs)) {
      node.totalTasks = signal.totalTasks;
      node.totalTasksMs = atMs;
    }
    if (isNewer(signal.activeTasks, ACTIVE_TASKS.length, atMs, node.activeTasks, node.activeTasksMs)) {
      node.activeTasks = signal.activeTasks;
      node.activeTasksMs = atMs;
    }
    if (isNewer(signal.continent, CONTINENTS.length, atMs, node.continent, node.continentMs)) {
      node.continent = signal.continent;
      node.continentMs = atMs;
    }
    if (signal.location !== null) {
      const isLater =
        atMs > node.locationMs || (atMs === node.locationMs && signal.location > (node.location ?? ''));
      if (node.location === null || isLater) {
        node.location = signal.location;
        node.locationMs = atMs;
      }
    }
  }

  /** Stores what an actor decided; a node pruned meanwhile is passed over. */
  transition(fact: NodeTransition): void {
    const node = this.find(fact.nodeId);
    if (node === undefined) return;
    this.#touch(node);
    node.state = NODE_STATES.indexOf(fact.to);
    if (fact.from === null) return;
    node.transitions++;
    this.#transitions.push({ node, number: node.transitions, fact });
  }

  /** Writes every touched row, inside the caller's transaction. May be repeated after a failure. */
  write(rollups: RollupDeltas): void {
    for (const node of this.#dirty) {
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
      const from = fact.from === null ? null : NODE_STATES.indexOf(fact.from);
      const to = NODE_STATES.indexOf(fact.to);
      this.#insertTransition.run(node.number, number, fact.atMs, fact.observedMs, from, to, fact.cause);
      if (number > this.#transitionsMax)
        this.#trimTransitions.run(node.number, number - this.#transitionsMax);
    }
  }

  /** The transaction that held {@link write} is committed: returns the signs of life of the batch. */
  committed(): NodeSign[] {
    const signs: NodeSign[] = [];
    for (const node of this.#dirty) {
      if (node.heard) signs.push(toSign(node));
      node.heard = false;
      node.dirty = false;
      node.countedState = effectiveState(node);
    }
    this.#dirty = [];
    this.#transitions.length = 0;
    this.#hot.rotateIfFull();
    return signs;
  }

  #touch(node: Node): void {
    if (node.dirty) return;
    node.dirty = true;
    this.#dirty.push(node);
  }
}

/** The state people see: the actor's, or before any actor judged it, offline if it left and else online. */
function effectiveState(node: Node): number {
  if (node.state !== UNJUDGED) return node.state;
  return hasLeft({ lifeAtMs: node.lifeMs, leftAtMs: node.leftMs }) ? OFFLINE : ONLINE;
}

function toSign(node: Node): NodeSign {
  return {
    number: node.number,
    nodeId: node.nodeId,
    lifeAtMs: node.lifeMs,
    leftAtMs: node.leftMs,
    heardObservedMs: node.heardObservedMs,
    state: NODE_STATES[node.state] ?? null,
  };
}

function isNewer(value: number, absent: number, atMs: number, known: number, knownMs: number): boolean {
  if (value === absent) return false;
  return known === absent || atMs > knownMs || (atMs === knownMs && value > known);
}

function changing(node: Node): (number | string | null)[] {
  return [
    node.firstMs,
    node.lastMs,
    node.lifeMs,
    node.leftMs,
    node.heardObservedMs,
    node.totalTasks === TOTAL_TASKS.length ? null : node.totalTasks,
    node.totalTasksMs || null,
    node.activeTasks === ACTIVE_TASKS.length ? null : node.activeTasks,
    node.activeTasksMs || null,
    node.continent === CONTINENTS.length ? null : node.continent,
    node.continentMs || null,
    node.location,
    node.locationMs || null,
    node.heartbeats,
    node.limitDueMs,
    node.state === UNJUDGED ? null : node.state,
    node.transitions,
  ];
}

function fromRow(nodeId: string, row: NodeRow): Node {
  const node: Node = {
    number: row.number,
    nodeId,
    firstMs: row.first_ms,
    lastMs: row.last_ms,
    lifeMs: row.life_ms,
    leftMs: row.left_ms,
    heardObservedMs: row.heard_observed_ms,
    firstObservedMs: row.first_observed_ms,
    totalTasks: row.total_tasks ?? TOTAL_TASKS.length,
    totalTasksMs: row.total_tasks_ms ?? 0,
    activeTasks: row.active_tasks ?? ACTIVE_TASKS.length,
    activeTasksMs: row.active_tasks_ms ?? 0,
    continent: row.continent ?? CONTINENTS.length,
    continentMs: row.continent_ms ?? 0,
    location: row.location,
    locationMs: row.location_ms ?? 0,
    heartbeats: row.heartbeats,
    limitDueMs: row.limit_due_ms,
    state: row.state ?? UNJUDGED,
    transitions: row.transitions,
    createdMs: row.created_ms,
    dirty: false,
    heard: false,
    countedState: -1,
  };
  node.countedState = effectiveState(node);
  return node;
}
