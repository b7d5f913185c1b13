// Queries of nodes: a page of the list for users, the whole list in parts for an export, and, once at the start, all
// nodes, from which the actors are rebuilt.

import type { NodeSign } from '../../lifecycle/node-state.ts';
import type {
  NodeHistory,
  NodeListing,
  NodeOrderQuery,
  NodePage,
  NodeQuery,
  NodeSort,
  OneNodeQuery,
} from '../domain/statistics.ts';
import { systemClock } from '../../lib/clock.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import { UPTIME_WINDOW_MS } from '../../lifecycle/uptime.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { DIMENSION } from '../store/rollups.ts';
import { statement } from '../../store/statements.ts';
import { type AskedWindow, numbersByUptime, readUptime, STATE, toState } from './node-uptime.ts';

const PAGE_NODES = 100;
const COLUMNS = `number, node_id, first_ms, last_ms, first_observed_ms, heartbeats, ${STATE} AS seen_state,
  signed_ms > 0 AND signed_ms >= heard_ms AS is_authenticated`;
/** Maximum number of transitions in one answer. */
const SHOWN_TRANSITIONS = 100;

interface Row {
  number: number;
  node_id: string;
  first_ms: number;
  last_ms: number;
  first_observed_ms: number;
  heartbeats: number;
  seen_state: number;
  is_authenticated: number;
}

// Ties are broken by the order in which nodes were first seen, so that pages neither overlap nor omit a node.
const ORDERS: Readonly<Record<Exclude<NodeSort, 'uptime'>, string>> = {
  firstSeen: 'number',
  lastSeen: 'last_ms',
  nodeId: 'node_id',
  state: STATE,
  heartbeats: 'heartbeats',
};

/**
 * Reads one page; a page beyond the last has no nodes. In the order of the first sighting it follows the primary key. A
 * search or another order reads every node, of which there are at most MAX_NODES (0.1 s for 100,000).
 */
export function readNodePage(database: ReadDatabase, query: NodeQuery): NodePage {
  return database.transaction(() => {
    const { page } = query;
    const filter = filterOf(query);
    const total =
      filter.search === null
        ? countByState(database, filter.state)
        : Number(statement(database, `SELECT count(*) FROM nodes WHERE ${MATCHES}`).pluck().get(filter));
    const numbers = orderedNumbers(database, query, PAGE_NODES, (page - 1) * PAGE_NODES);
    const nodes = listingsOf(database, numbers, query.stripCells);
    return { nodes, page, pages: Math.ceil(total / PAGE_NODES), total };
  })();
}

/**
 * The numbers of all nodes that match, in order, for an export that reads them in parts: 8 bytes a node, of which there
 * are at most MAX_NODES.
 */
export function readNodeOrder(database: ReadDatabase, query: NodeOrderQuery): Float64Array {
  return Float64Array.from(orderedNumbers(database, query, -1, 0));
}

/** The nodes with these numbers, in this order, as they are now; a node that is gone is left out. */
export function readNodeListings(
  database: ReadDatabase,
  numbers: readonly number[],
  stripCells: number,
): readonly NodeListing[] {
  return database.transaction(() => listingsOf(database, numbers, stripCells))();
}

const MATCHES = `(@state IS NULL OR ${STATE} = @state) AND (@search IS NULL OR instr(lower(node_id), @search) > 0)`;

function filterOf({ state, search }: NodeOrderQuery) {
  return {
    state: state === null ? null : NODE_STATES.indexOf(state),
    search: search?.toLowerCase() ?? null,
  };
}

/** Numbers alone, because sorting whole rows would copy them all. A limit of -1 is no limit. */
function orderedNumbers(
  database: ReadDatabase,
  query: NodeOrderQuery,
  limit: number,
  offset: number,
): number[] {
  if (query.sort === 'uptime') return numbersInUptime(database, query, limit, offset);
  const direction = query.descending ? 'DESC' : 'ASC';
  return statement<[ReturnType<typeof filterOf> & { limit: number; offset: number }], number>(
    database,
    `SELECT number FROM nodes WHERE ${MATCHES}
       ORDER BY ${ORDERS[query.sort]} ${direction}, number ${direction} LIMIT @limit OFFSET @offset`,
  )
    .pluck()
    .all({ ...filterOf(query), limit, offset });
}

/** The same in the order of uptime, which is kept for some seconds: a node that is newer is in it later. */
function numbersInUptime(
  database: ReadDatabase,
  query: NodeOrderQuery,
  limit: number,
  offset: number,
): number[] {
  const ordered = numbersByUptime(database, readObservedMs(database), systemClock.monotonicMs());
  const found = new Set(
    statement<[ReturnType<typeof filterOf>], number>(database, `SELECT number FROM nodes WHERE ${MATCHES}`)
      .pluck()
      .all(filterOf(query)),
  );
  const matching = ordered.filter((number) => found.has(number));
  if (query.descending) matching.reverse();
  return matching.slice(offset, limit < 0 ? undefined : offset + limit);
}

function listingsOf(database: ReadDatabase, numbers: readonly number[], stripCells: number): NodeListing[] {
  const observedNowMs = readObservedMs(database);
  const byNumber = statement<[number], Row>(database, `SELECT ${COLUMNS} FROM nodes WHERE number = ?`);
  const rows = numbers.map((number) => byNumber.get(number)).filter((row) => row !== undefined);
  const asked = { windowMs: UPTIME_WINDOW_MS, stripCells };
  return rows.map((row) => toListing(database, row, observedNowMs, asked));
}

function countByState(database: ReadDatabase, stateCode: number | null): number {
  return Number(
    statement(
      database,
      'SELECT coalesce(sum(count), 0) FROM rollup_totals WHERE dimension = ? AND (? IS NULL OR label = ?)',
    )
      .pluck()
      .get(DIMENSION.nodeState, stateCode, stateCode),
  );
}

/** One node with its newest transitions; null if no node has this id. */
export function readNode(database: ReadDatabase, query: OneNodeQuery): NodeHistory | null {
  return database.transaction(() => {
    const row = statement<[string], Row>(database, `SELECT ${COLUMNS} FROM nodes WHERE node_id = ?`).get(
      query.nodeId,
    );
    if (row === undefined) return null;
    const transitions = statement<
      [number, number],
      { at_ms: number; from_state: number; to_state: number; cause: string }
    >(
      database,
      'SELECT at_ms, from_state, to_state, cause FROM transitions WHERE node = ? ORDER BY number DESC LIMIT ?',
    )
      .all(row.number, SHOWN_TRANSITIONS)
      .map((change) => ({
        at: new Date(change.at_ms).toISOString(),
        from: toState(change.from_state),
        to: toState(change.to_state),
        cause: change.cause,
      }));
    return { ...toListing(database, row, readObservedMs(database), query), transitions };
  })();
}

function readObservedMs(database: ReadDatabase): number {
  return Number(
    statement(database, "SELECT value FROM settings_kept WHERE name = 'observed_ms'").pluck().get() ?? 0,
  );
}

function toListing(database: ReadDatabase, row: Row, observedNowMs: number, asked: AskedWindow): NodeListing {
  return {
    nodeId: row.node_id,
    state: toState(row.seen_state),
    firstSeenAt: new Date(row.first_ms).toISOString(),
    lastSeenAt: new Date(row.last_ms).toISOString(),
    heartbeats: row.heartbeats,
    authenticated: row.is_authenticated === 1,
    ...readUptime(database, row, observedNowMs, asked),
  };
}

/** Up to `limit` nodes with numbers above `afterNumber`, in ascending order, to rebuild actors from. */
export function readNodesToResume(database: ReadDatabase, afterNumber: number, limit: number): NodeSign[] {
  return statement<
    [number, number],
    {
      number: number;
      node_id: string;
      life_ms: number;
      left_ms: number;
      heard_observed_ms: number;
      state: number | null;
    }
  >(
    database,
    `SELECT number, node_id, life_ms, left_ms, heard_observed_ms, state FROM nodes WHERE number > ? ORDER BY number LIMIT ?`,
  )
    .all(afterNumber, limit)
    .map((row) => ({
      number: row.number,
      nodeId: row.node_id,
      lifeAtMs: row.life_ms,
      leftAtMs: row.left_ms,
      heardObservedMs: row.heard_observed_ms,
      state: row.state === null ? null : toState(row.state),
    }));
}
