// What must hold whenever everything delivered is on disk: rows, statistics and roll-ups against the oracle and a
// recount, states against the truth, chains of transitions, and the sums of the position. Each check throws with the
// difference.

import { isDeepStrictEqual } from 'node:util';
import type { NodeTransition } from '../../../src/lifecycle/node-state.ts';
import { readGeography } from '../../../src/federation/workers/geography.ts';
import type { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import type { ReadDatabase } from '../../../src/store/database.ts';
import type { ExpectedInvoice, ExpectedTask } from '../../../src/federation/simulator/expected-rows.ts';
import { expectedStatistics } from '../../../src/federation/simulator/expected-statistics.ts';
import {
  AMOUNT_BUCKETS,
  MEMORY_BUCKETS,
  PERIODS,
  TIME_BUCKETS,
} from '../../../src/federation/simulator/vocabulary.ts';
import { type GroundTruth, type State, STATES } from './ground-truth.ts';
import { type Kind, KINDS } from './incarnations.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const WINDOW_MS = { '1h': HOUR_MS, '24h': 24 * HOUR_MS, '7d': 7 * 24 * HOUR_MS };

export interface Rows {
  readonly tasks: Map<string, ExpectedTask>;
  readonly invoices: Map<string, ExpectedInvoice>;
  readonly nodes: Map<string, NodeRow>;
  /** First and last sighting as public text, by table and id. */
  readonly times: Map<string, string>;
}

interface NodeRow {
  readonly total_tasks_bucket: string | null;
  readonly active_tasks_bucket: string | null;
  readonly continent_bucket: string | null;
  readonly location_bucket: string | null;
  readonly heartbeat_count: number;
  readonly status: State;
}

/** Reports a difference between two maps by its first entry. */
export function expectSame<T>(
  what: string,
  actual: ReadonlyMap<string, T>,
  expected: ReadonlyMap<string, T>,
): void {
  for (const [key, value] of expected) {
    if (!isDeepStrictEqual(actual.get(key), value))
      throw new Error(
        `${what} ${key}: ${JSON.stringify(actual.get(key))}, expected ${JSON.stringify(value)}`,
      );
  }
  for (const key of actual.keys())
    if (!expected.has(key)) throw new Error(`${what} ${key} should not be there`);
}

/** The ids that have rows. */
export function readIds(database: ReadDatabase): Record<Kind, Set<string>> {
  const ids = (sql: string) => new Set(database.prepare<[], string>(sql).pluck().all());
  return {
    task: ids('SELECT lower(hex(hash)) FROM tasks'),
    invoice: ids('SELECT lower(hex(hash)) FROM invoices'),
    node: ids('SELECT node_id FROM nodes'),
  };
}

/** The rows of the public tables by their keys, and their times. */
export function readRows(database: ReadDatabase): Rows {
  const times = new Map<string, string>();
  const read = <Row>(table: string, key: string, columns: string): Map<string, Row> => {
    const rows = new Map<string, Row>();
    const all = database
      .prepare<[], Record<string, unknown>>(
        `SELECT ${key} AS key, first_seen_at, last_seen_at, ${columns} FROM ${table}`,
      )
      .all();
    for (const { key: id, first_seen_at, last_seen_at, ...row } of all) {
      times.set(`${table} ${String(id)}`, `${String(first_seen_at)} ${String(last_seen_at)}`);
      rows.set(String(id), row as Row);
    }
    return rows;
  };
  return {
    tasks: read(
      'aggregated_tasks',
      'task_id_hash',
      'status, success, execution_time_bucket, gas_used_bucket, cached, chain_id, task_type, reporting_nodes',
    ),
    invoices: read(
      'aggregated_invoices',
      'invoice_id_hash',
      'task_id_hash, chain_id, steps_computed_bucket, memory_used_bucket, operation, reporting_nodes',
    ),
    nodes: read(
      'active_nodes',
      'node_id',
      'total_tasks_bucket, active_tasks_bucket, continent_bucket, location_bucket, heartbeat_count, status',
    ),
    times,
  };
}

/** Rows, to the last column that docs/federation.md#merging-reports decides, and their times. */
export function expectOracleRows(rows: Rows, truth: GroundTruth): void {
  const expected = truth.oracle.expected();
  const { incarnations, tasks, invoices, nodeTimes } = truth;
  expectSame('task', rows.tasks, incarnations.living('task', tasks.keys(), expected.tasks));
  expectSame('invoice', rows.invoices, incarnations.living('invoice', invoices.keys(), expected.invoices));
  const living = incarnations.living('node', nodeTimes.keys(), expected.nodes);
  const withoutLeft = new Map([...living].map(([id, { left: _left, ...node }]) => [id, node]));
  const withoutStatus = new Map([...rows.nodes].map(([id, { status: _status, ...node }]) => [id, node]));
  expectSame('node', withoutStatus, withoutLeft);
  const times = new Map<string, string>();
  const add = (table: string, of: GroundTruth['tasks']) => {
    for (const [id, { firstMs, lastMs }] of of)
      times.set(`${table} ${id}`, `${new Date(firstMs).toISOString()} ${new Date(lastMs).toISOString()}`);
  };
  add('aggregated_tasks', truth.tasks);
  add('aggregated_invoices', truth.invoices);
  add('active_nodes', withoutAhead(truth.nodeTimes, rows));
  expectSame('times of', rows.times, times);
}

/**
 * A node's last sighting is the greatest time of its messages, unless a clock was ahead: then a later message takes
 * that back, if rows as old as itself are not deleted. So it lies between the newest message and the greatest time.
 */
function withoutAhead(nodes: GroundTruth['nodeTimes'], rows: Rows): GroundTruth['nodeTimes'] {
  return new Map(
    [...nodes].map(([id, times]) => {
      const [, shown = ''] = rows.times.get(`active_nodes ${id}`)?.split(' ') ?? [];
      const lastMs = Date.parse(shown);
      const isBetween = lastMs >= times.newestMs && lastMs < times.lastMs;
      return [id, isBetween ? { ...times, lastMs } : times];
    }),
  );
}

/**
 * All four periods, computed by the oracle: `all` from everything it ever knew, windows from the rows they must count.
 */
export function expectStatistics(
  query: StatisticsQuery,
  rows: Rows,
  truth: GroundTruth,
  nowMs: number,
): void {
  const { periods } = query.run(nowMs);
  const states = { online: 0, stale: 0, offline: 0 };
  for (const { status } of rows.nodes.values()) states[status]++;
  const { endedNodes } = truth.incarnations;
  const nodes = {
    activeNodes: states.online + states.stale,
    totalNodes: rows.nodes.size + endedNodes,
    onlineNodes: states.online,
    staleNodes: states.stale,
    offlineNodes: states.offline + endedNodes,
  };
  const minuteMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const within = <Row>(of: ReadonlyMap<string, Row>, times: GroundTruth['tasks'], windowMs: number) =>
    new Map(
      [...of].filter(([id]) => {
        const afterMs = (times.get(id)?.firstMs ?? 0) - minuteMs;
        return afterMs >= -windowMs && afterMs < windowMs;
      }),
    );
  const count = (windowMs: number) =>
    expectedStatistics({
      tasks: within(rows.tasks, truth.tasks, windowMs),
      invoices: within(rows.invoices, truth.invoices, windowMs),
      nodes: new Map(),
    });
  const day = count(WINDOW_MS['24h']);
  const { tasks, invoices } = truth.oracle.expected();
  for (const period of PERIODS) {
    const { continentDistribution: _c, locationDistribution: _l, ...actual } = periods[period];
    const expected = {
      ...(period === 'all'
        ? expectedStatistics({ tasks, invoices, nodes: new Map() })
        : count(WINDOW_MS[period])),
      ...nodes,
      tasksLast24h: day.totalTasks,
      invoicesLast24h: day.totalInvoices,
    };
    if (!isDeepStrictEqual(actual, expected))
      throw new Error(
        `statistics ${period}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`,
      );
  }
}

/**
 * No row stays for longer than retention and the hour between two passes, three commits for the tables, and an hour
 * more for what came late, by the least time that was deleted by meanwhile; what was old when it was read has some
 * hours from then. While the broker is away only ticks make commits.
 */
export function expectPruned(
  truth: GroundTruth,
  { retentionMs, tickMs }: { readonly retentionMs: number; readonly tickMs: number },
  nowMs: number,
): void {
  if (retentionMs === 0) return;
  const lateMs = 2 * HOUR_MS + 3 * tickMs;
  const before = truth.deletions.findLastIndex(({ trueMs }) => trueMs <= nowMs - lateMs);
  const oldestMs =
    Math.min(...truth.deletions.slice(Math.max(0, before)).map(({ deletionMs }) => deletionMs)) -
    retentionMs -
    lateMs;
  const storedBeforeMs = nowMs - 4 * HOUR_MS - 3 * tickMs;
  const kinds = { task: truth.tasks, invoice: truth.invoices, node: truth.nodeTimes };
  for (const kind of KINDS) {
    for (const [id, { lastMs, storedMs }] of kinds[kind]) {
      if (lastMs < oldestMs && storedMs < storedBeforeMs)
        throw new Error(`${id} should have been pruned ${oldestMs - lastMs} ms ago`);
    }
  }
}

/** Continents and places of active nodes, with no cell too small to be shown. */
export function expectGeography(database: ReadDatabase, rows: Rows): void {
  const continents: Record<string, number> = {};
  const places: Record<string, number> = {};
  for (const { status, continent_bucket, location_bucket } of rows.nodes.values()) {
    if (status === 'offline') continue;
    const [continent, place] = [continent_bucket ?? 'unknown', location_bucket ?? 'unknown'];
    continents[continent] = (continents[continent] ?? 0) + 1;
    places[place] = (places[place] ?? 0) + 1;
  }
  const { continentDistribution, locationDistribution } = readGeography(database, 1);
  if (
    !isDeepStrictEqual({ ...continentDistribution }, continents) ||
    !isDeepStrictEqual({ ...locationDistribution }, places)
  )
    throw new Error(
      `places: ${JSON.stringify([continentDistribution, locationDistribution, continents, places])}`,
    );
}

/** Every roll-up cell is the recount of the public rows: minutes, hours, totals; nothing else, nothing negative. */
export function expectRollups(database: ReadDatabase, rows: Rows): void {
  const labels = new Map(
    database
      .prepare<[], { dimension: number; label_id: number; label: string }>('SELECT * FROM labels')
      .all()
      .map(({ dimension, label_id, label }) => [`${dimension} ${label}`, label_id]),
  );
  const minutes = new Map<string, number>();
  const hours = new Map<string, number>();
  const totals = new Map<string, number>();
  const bump = (cells: Map<string, number>, key: string) => cells.set(key, (cells.get(key) ?? 0) + 1);
  const add = (id: string, dimension: number, label: number) => {
    const firstMs = Date.parse((rows.times.get(id) ?? '').slice(0, 24));
    bump(minutes, `${Math.floor(firstMs / MINUTE_MS)} ${dimension} ${label}`);
    bump(hours, `${Math.floor(firstMs / HOUR_MS)} ${dimension} ${label}`);
    bump(totals, `${dimension} ${label}`);
  };
  const open = (dimension: number, label: string | null) =>
    label === null ? 0 : (labels.get(`${dimension} ${label}`) ?? 4095);
  const closed = (vocabulary: readonly string[], label: string | null) =>
    label === null ? vocabulary.length : vocabulary.indexOf(label);
  for (const [hash, task] of rows.tasks) {
    const id = `aggregated_tasks ${hash}`;
    add(id, 0, ['received', 'completed', 'failed'].indexOf(task.status));
    add(id, 4, open(4, task.chain_id));
    add(id, 5, open(5, task.task_type));
    if (task.status === 'received') continue;
    if (task.cached === 1) add(id, 1, 0);
    add(id, 2, closed(TIME_BUCKETS, task.execution_time_bucket));
    add(id, 3, closed(AMOUNT_BUCKETS, task.gas_used_bucket));
  }
  for (const [hash, invoice] of rows.invoices) {
    const id = `aggregated_invoices ${hash}`;
    add(id, 6, 0);
    add(id, 7, closed(AMOUNT_BUCKETS, invoice.steps_computed_bucket));
    add(id, 8, closed(MEMORY_BUCKETS, invoice.memory_used_bucket));
  }
  for (const { status } of rows.nodes.values()) bump(totals, `9 ${STATES.indexOf(status)}`);
  const read = (table: string, key: string) =>
    new Map(
      database
        .prepare<[], { key: string; count: number }>(`SELECT ${key} AS key, count FROM ${table}`)
        .all()
        .map(({ key: cell, count }) => [cell, count]),
    );
  expectSame('minute', read('rollup_minutes', "minute || ' ' || dimension || ' ' || label"), minutes);
  expectSame('hour', read('rollup_hours', "hour || ' ' || dimension || ' ' || label"), hours);
  expectSame('total', read('rollup_totals', "dimension || ' ' || label"), totals);
}

/**
 * Stored states are the actors', are allowed by the truth, and every node's transitions are a chain that leads there.
 */
export function expectStates(
  database: ReadDatabase,
  rows: Rows,
  truth: GroundTruth,
  counts: Readonly<Record<State, number>>,
  transitionsPerNodeMax: number,
): void {
  const stored = { online: 0, stale: 0, offline: 0 };
  for (const [nodeId, { status }] of rows.nodes) {
    stored[status]++;
    const known = truth.stateOf(nodeId);
    if (known !== status)
      throw new Error(`${nodeId} is stored as ${status}, its actor said ${String(known)}`);
    const allowed = truth.allowedStates(nodeId);
    if (!allowed.has(status))
      throw new Error(
        `${nodeId} is ${status}, allowed: ${[...allowed].join(' or ')}; ${truth.describe(nodeId)}`,
      );
  }
  if (counts.online !== stored.online || counts.stale !== stored.stale || counts.offline > stored.offline)
    throw new Error(`actors ${JSON.stringify(counts)}, rows ${JSON.stringify(stored)}`);
  const transitions = database
    .prepare<[], { node_id: string; from_state: State; to_state: State; at: string; cause: string }>(
      'SELECT node_id, from_state, to_state, at, cause FROM node_transitions',
    )
    .all();
  const last = new Map<string, State>();
  transitions.forEach(({ node_id, from_state, to_state }) => {
    const before = last.get(node_id);
    if (from_state === to_state) throw new Error(`${node_id} went from ${from_state} to itself`);
    if (before !== undefined && before !== from_state)
      throw new Error(`${node_id} went to ${before} and then from ${from_state}`);
    last.set(node_id, to_state);
  });
  for (const [nodeId, state] of last) {
    if (rows.nodes.get(nodeId)?.status !== state)
      throw new Error(`${nodeId} went to ${state} and is not there`);
  }
  const expected = latestOf(truth.transitions, transitionsPerNodeMax);
  const list = (of: readonly string[]) => of.toSorted().join('\n');
  const actual = list(
    transitions.map((row) => `${row.node_id} ${row.at} ${row.from_state} ${row.to_state} ${row.cause}`),
  );
  const decided = list(
    expected.map(
      (fact) => `${fact.nodeId} ${new Date(fact.atMs).toISOString()} ${fact.from} ${fact.to} ${fact.cause}`,
    ),
  );
  if (actual !== decided)
    throw new Error(`stored transitions are not those decided:\n${actual}\n---\n${decided}`);
}

/** Of each node's transitions the newest. */
function latestOf(transitions: readonly NodeTransition[], perNodeMax: number): NodeTransition[] {
  const byNode = new Map<string, NodeTransition[]>();
  for (const fact of transitions) {
    if (fact.from === null) continue;
    const facts = byNode.get(fact.nodeId);
    if (facts === undefined) byNode.set(fact.nodeId, [fact]);
    else facts.push(fact);
  }
  return [...byNode.values()].flatMap((facts) => facts.slice(-perNodeMax));
}

/** last_seq − first_seq + 1 is the sum of the outcomes, in every row; all rows together hold what was delivered. */
export function expectPosition(database: ReadDatabase, truth: GroundTruth): void {
  const rows = database.prepare<[], Record<string, number>>('SELECT * FROM ingest_position').all();
  const outcomes = ['applied', 'duplicate', 'rejected', 'rate_limited', 'quarantined', 'ignored'] as const;
  const of = (row: Record<string, number>, name: string) => row[name] ?? NaN;
  for (const row of rows) {
    const sum = [...outcomes, 'lost', 'elsewhere'].reduce((total, name) => total + of(row, name), 0);
    if (of(row, 'last_seq') - of(row, 'first_seq') + 1 !== sum)
      throw new Error(`the position does not add up: ${JSON.stringify(row)}`);
  }
  for (const outcome of outcomes) {
    const sum = rows.reduce((total, row) => total + of(row, outcome), 0);
    if (sum !== (truth.tallies[outcome] ?? 0))
      throw new Error(`the position counts ${sum} ${outcome}, delivered were ${truth.tallies[outcome] ?? 0}`);
  }
}
