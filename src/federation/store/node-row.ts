// A node in memory, and its conversion to and from a row. Plain data and conversions; it merges nothing.

import type { NodeSign } from '../../lifecycle/node-state.ts';
import { hasLeft } from '../../lifecycle/lifecycle.ts';
import { ACTIVE_TASKS, CONTINENTS, TOTAL_TASKS } from '../domain/vocabulary.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import type { Sighting } from './last-seen-queue.ts';

/** `state` of a node that no actor has judged yet. */
export const UNJUDGED = -1;
/** Index of the state under which a node without a row counts. */
export const OFFLINE = NODE_STATES.indexOf('offline');
const ONLINE = NODE_STATES.indexOf('online');

/** The columns that a later message or transition may change. */
export const CHANGING_COLUMNS = [
  'first_ms',
  'last_ms',
  'life_ms',
  'left_ms',
  'heard_observed_ms',
  'total_tasks',
  'total_tasks_ms',
  'active_tasks',
  'active_tasks_ms',
  'continent',
  'continent_ms',
  'location',
  'location_ms',
  'heartbeats',
  'limit_due_ms',
  'state',
  'transitions',
  'signed_ms',
  'heard_ms',
] as const;

/**
 * A node as the writer holds it; a time of 0 means never. First and last sight are event times. `…ObservedMs` are on
 * the observed clock. `heardMs` and `signedMs` are on the event clock without long gaps. All other times are on the
 * event clock (src/federation/domain/event-clock.ts).
 */
export interface Node {
  readonly number: number;
  readonly nodeId: string;
  firstMs: number;
  lastMs: number;
  /** The time of the node's last message. */
  heardMs: number;
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
  /** The time of the node's last message signed with a key. */
  signedMs: number;
  readonly createdMs: number;
  dirty: boolean;
  /** True if a message of the node came in this batch: its actor must be told. */
  heard: boolean;
  /** The state under which the roll-ups count the node; −1 while it has no row. */
  countedState: number;
  /** The node's place among the live nodes; null if their number is not limited. */
  readonly sighting: Sighting | null;
  /** True after eviction: the next commit deletes the row, and nothing more may be written for the node. */
  isGone: boolean;
}

/** A row of the table `nodes`. */
export interface NodeRow {
  number: number;
  node_id: string;
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
  signed_ms: number;
  heard_ms: number;
  created_ms: number;
}

/** A new node, first heard at event time `atMs`, which is `presentMs` on the event clock without long gaps. */
export function newNode(
  number: number,
  nodeId: string,
  atMs: number,
  presentMs: number,
  nowMs: number,
  observedMs: number,
  sighting: Sighting | null,
): Node {
  return {
    number,
    nodeId,
    firstMs: atMs,
    lastMs: atMs,
    heardMs: presentMs,
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
    signedMs: 0,
    createdMs: nowMs,
    dirty: false,
    heard: false,
    countedState: -1,
    sighting,
    isGone: false,
  };
}

/**
 * The published state, as an index: the actor's, or, before any actor judged the node, offline if it left and otherwise
 * online.
 */
export function effectiveState(node: Pick<Node, 'state' | 'lifeMs' | 'leftMs'>): number {
  if (node.state !== UNJUDGED) return node.state;
  return hasLeft({ lifeAtMs: node.lifeMs, leftAtMs: node.leftMs }) ? OFFLINE : ONLINE;
}

/** The sign of life that the node's actor receives. */
export function toSign(node: Node): NodeSign {
  return {
    number: node.number,
    nodeId: node.nodeId,
    lifeAtMs: node.lifeMs,
    leftAtMs: node.leftMs,
    heardObservedMs: node.heardObservedMs,
    state: NODE_STATES[node.state] ?? null,
  };
}

/** The values of the changeable columns, in the order of {@link CHANGING_COLUMNS}. */
export function changing(node: Node): (number | string | null)[] {
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
    node.signedMs,
    node.heardMs,
  ];
}

/** True if the node's newest message was signed. Then a key vouches for what the row says. */
export function isAuthenticated(node: Pick<Node, 'signedMs' | 'heardMs'>): boolean {
  return node.signedMs > 0 && node.signedMs >= node.heardMs;
}

/** Converts a row to a node in memory; `sighting` is its place in the queue, null if their number is not limited. */
export function fromRow(row: NodeRow, sighting: Sighting | null): Node {
  const node: Node = {
    number: row.number,
    nodeId: row.node_id,
    firstMs: row.first_ms,
    lastMs: row.last_ms,
    heardMs: row.heard_ms,
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
    signedMs: row.signed_ms,
    createdMs: row.created_ms,
    dirty: false,
    heard: false,
    countedState: -1,
    sighting,
    isGone: false,
  };
  node.countedState = effectiveState(node);
  return node;
}
