// The uptime of nodes, from their stored changes of state: of one node over any window, and the order of all nodes by it.

import { type StateChange, UPTIME_WINDOW_MS, uptime, uptimeStrip } from '../../lifecycle/uptime.ts';
import { NODE_STATES, type NodeState } from '../../lifecycle/node-state.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** The published state: the actor's, or, for a node that no actor has judged, offline if it left and otherwise online. */
export const STATE = 'coalesce(state, CASE WHEN left_ms > 0 AND left_ms >= life_ms THEN 2 ELSE 0 END)';
/** Time for which a thread keeps the order of all nodes by uptime, in ms. */
export const ORDER_KEPT_MS = 10_000;

/** What the uptime of a node follows from, beside its changes of state. */
export interface UptimeRow {
  readonly number: number;
  readonly seen_state: number;
  readonly first_observed_ms: number;
}

/** The window that is asked for: its length in ms of observed time, and the cells of its strip; 0 is no strip. */
export interface AskedWindow {
  readonly windowMs: number;
  readonly stripCells: number;
}

/** The uptime of one node, and its strip if cells are asked for. */
export function readUptime(
  database: ReadDatabase,
  row: UptimeRow,
  observedNowMs: number,
  { windowMs, stripCells }: AskedWindow,
): { readonly uptime: number | null; readonly strip?: readonly (number | null)[] } {
  const changes: StateChange[] = statement<
    [number, number],
    { observed_ms: number; from_state: number; to_state: number }
  >(
    database,
    'SELECT observed_ms, from_state, to_state FROM transitions WHERE node = ? AND observed_ms > ? ORDER BY number',
  )
    .all(row.number, observedNowMs - windowMs)
    .map((change) => ({
      observedMs: change.observed_ms,
      from: toState(change.from_state),
      to: toState(change.to_state),
    }));
  const state = toState(row.seen_state);
  const knownMs = knownFromMs(database, row);
  return {
    uptime: uptime(state, knownMs, changes, observedNowMs, windowMs),
    ...(stripCells > 0 && {
      strip: uptimeStrip(state, knownMs, changes, observedNowMs, stripCells, windowMs),
    }),
  };
}

/** Since when the state is known: since the first sight, or, if the oldest changes were deleted, since the oldest left. */
function knownFromMs(database: ReadDatabase, { number, first_observed_ms }: UptimeRow): number {
  const oldest = statement<[number], { number: number; observed_ms: number }>(
    database,
    'SELECT number, observed_ms FROM transitions WHERE node = ? ORDER BY number LIMIT 1',
  ).get(number);
  if (oldest === undefined || oldest.number === 1) return first_observed_ms;
  return Math.max(first_observed_ms, oldest.observed_ms);
}

/** The state with this code. */
export function toState(code: number): NodeState {
  const state = NODE_STATES[code];
  if (state === undefined) throw new Error(`node state ${code} is unknown`);
  return state;
}

interface Order {
  /** The numbers of all nodes, least uptime first; a node of which no time was observed yet comes first. */
  readonly numbers: readonly number[];
  readonly untilMs: number;
}

const orders = new WeakMap<ReadDatabase, Order>();

const OFFLINE = NODE_STATES.indexOf('offline');
/**
 * Of each node the sum of the moments at which it came up, minus those at which it went down, within the window, and how
 * much oftener it came up: from these, the time up follows without a list of changes. And its oldest stored change.
 */
const CHANGES = `SELECT node, coalesce(sum(observed_ms * step) FILTER (WHERE observed_ms > ?), 0),
    coalesce(sum(step) FILTER (WHERE observed_ms > ?), 0), min(number), min(observed_ms)
  FROM (SELECT node, number, observed_ms, (to_state <> ${OFFLINE}) - (from_state <> ${OFFLINE}) AS step FROM transitions)
  GROUP BY node`;

/**
 * The numbers of all nodes by their uptime of the last 24 h, least first; equal ones by number. It reads all nodes and
 * all changes (0.3 s for 100,000 nodes with 6 each, 0.9 s with 42 each); each thread keeps the result for ORDER_KEPT_MS.
 * `nowMs` is on the monotonic clock.
 */
export function numbersByUptime(
  database: ReadDatabase,
  observedNowMs: number,
  nowMs: number,
): readonly number[] {
  const kept = orders.get(database);
  if (kept !== undefined && nowMs < kept.untilMs) return kept.numbers;
  const changes = new Map(
    statement<
      [number, number],
      [node: number, momentsMs: number, steps: number, oldest: number, oldestMs: number]
    >(database, CHANGES)
      .raw()
      .all(observedNowMs - UPTIME_WINDOW_MS, observedNowMs - UPTIME_WINDOW_MS)
      .map(([node, ...sums]) => [node, sums]),
  );
  const rows = statement<[], UptimeRow>(
    database,
    `SELECT number, ${STATE} AS seen_state, first_observed_ms FROM nodes ORDER BY number`,
  ).all();
  const shares = rows.map((row) => {
    const [momentsMs = 0, steps = 0, oldest = 1, oldestMs = 0] = changes.get(row.number) ?? [];
    const knownMs = oldest === 1 ? row.first_observed_ms : Math.max(row.first_observed_ms, oldestMs);
    const startMs = Math.max(knownMs, observedNowMs - UPTIME_WINDOW_MS);
    const isUp = row.seen_state === OFFLINE ? 0 : 1;
    const upMs = observedNowMs * isUp - momentsMs - startMs * (isUp - steps);
    return { number: row.number, share: observedNowMs > startMs ? upMs / (observedNowMs - startMs) : -1 };
  });
  shares.sort((one, other) => one.share - other.share || one.number - other.number);
  const numbers = shares.map(({ number }) => number);
  orders.set(database, { numbers, untilMs: nowMs + ORDER_KEPT_MS });
  return numbers;
}
