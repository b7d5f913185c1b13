// Questions about nodes: a page of the list for people, and all nodes once, at start, for the actors to be rebuilt from.

import type { NodeSign } from '../../domain/federation/facts.ts';
import type { NodePage } from '../../domain/federation/statistics.ts';
import { type StateChange, UPTIME_WINDOW_MS, uptime } from '../../domain/federation/uptime.ts';
import { NODE_STATES, type NodeState } from '../../domain/federation/vocabulary.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { DIMENSION } from '../../store/federation/rollups.ts';

const PAGE_NODES = 100;
// The state people see: the actor's, or, of a node that no actor has judged, offline if it left and else online.
const STATE = 'coalesce(state, CASE WHEN left_ms > 0 AND left_ms >= life_ms THEN 2 ELSE 0 END)';

interface Row {
  number: number;
  node_id: string;
  first_ms: number;
  last_ms: number;
  first_observed_ms: number;
  heartbeats: number;
  seen_state: number;
}

/** One page, in the order in which nodes were first seen; a page beyond the last has no nodes. */
export function readNodePage(database: ReadDatabase, state: NodeState | null, page: number): NodePage {
  return database.transaction(() => {
    const stateCode = state === null ? null : NODE_STATES.indexOf(state);
    const total = Number(
      database
        .prepare(
          'SELECT coalesce(sum(count), 0) FROM rollup_totals WHERE dimension = ? AND (? IS NULL OR label = ?)',
        )
        .pluck()
        .get(DIMENSION.nodeState, stateCode, stateCode),
    );
    const observedNowMs = Number(
      database.prepare("SELECT value FROM settings_kept WHERE name = 'observed_ms'").pluck().get() ?? 0,
    );
    const rows = database
      .prepare<[number | null, number | null, number, number], Row>(
        `SELECT number, node_id, first_ms, last_ms, first_observed_ms, heartbeats, ${STATE} AS seen_state FROM nodes
         WHERE ? IS NULL OR ${STATE} = ? ORDER BY number LIMIT ? OFFSET ?`,
      )
      .all(stateCode, stateCode, PAGE_NODES, (page - 1) * PAGE_NODES);
    const changes = database.prepare<
      [number, number],
      { observed_ms: number; from_state: number; to_state: number }
    >(
      'SELECT observed_ms, from_state, to_state FROM transitions WHERE node = ? AND observed_ms > ? ORDER BY number',
    );
    const nodes = rows.map((row) => {
      const seenState = toState(row.seen_state);
      const inWindow: StateChange[] = changes
        .all(row.number, observedNowMs - UPTIME_WINDOW_MS)
        .map((change) => ({
          observedMs: change.observed_ms,
          from: toState(change.from_state),
          to: toState(change.to_state),
        }));
      return {
        nodeId: row.node_id,
        state: seenState,
        firstSeenAt: new Date(row.first_ms).toISOString(),
        lastSeenAt: new Date(row.last_ms).toISOString(),
        heartbeats: row.heartbeats,
        uptime: uptime(seenState, row.first_observed_ms, inWindow, observedNowMs),
      };
    });
    return { nodes, page, pages: Math.ceil(total / PAGE_NODES), total };
  })();
}

/** Up to `limit` nodes with numbers above `afterNumber`, for actors to be rebuilt from. */
export function readNodesToResume(database: ReadDatabase, afterNumber: number, limit: number): NodeSign[] {
  return database
    .prepare<
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

function toState(code: number): NodeState {
  const state = NODE_STATES[code];
  if (state === undefined) throw new Error(`node state ${code} is unknown`);
  return state;
}
