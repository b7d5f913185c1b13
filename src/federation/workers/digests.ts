// Digests of stored rows, by which two replicas of a cluster are compared. Rows count whatever their order; what each replica
// decides for itself is left out: the state of nodes, the moment of an insert, its own clocks.

import { hash } from 'node:crypto';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type {
  DigestAnswer,
  DigestRange,
  DigestRequest,
  DigestSummary,
  RowDigest,
  SourceAccounts,
} from '../domain/digests.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { readAppliedPosition } from '../store/applied-position.ts';
import { DIMENSION } from '../store/rollups.ts';

/** Answers one request, from one moment of the database. */
export function readDigests(database: ReadDatabase, request: DigestRequest): DigestAnswer {
  return database.transaction(() => {
    const { progress } = readAppliedPosition(database);
    return request.type === 'summary'
      ? { type: request.type, progress, ...summaryOf(database) }
      : { type: request.type, progress, digests: digestsOf(database, request) };
  })();
}

/** The digests of the small tables, the ends of the large ones, and the accounts of every input stream. */
function summaryOf(database: ReadDatabase): Omit<DigestSummary, 'type' | 'progress'> {
  const last = (table: string, column: string) =>
    Number(statement(database, `SELECT coalesce(max(${column}), 0) FROM ${table}`).pluck().get());
  return {
    lastIds: { tasks: last('tasks', 'id'), invoices: last('invoices', 'id'), nodes: last('nodes', 'number') },
    labels: digestOf(rowsOf(database, 'SELECT dimension, label FROM labels')),
    commands: digestOf(rowsOf(database, 'SELECT id, previous, replica, at_ms, command FROM commands')),
    sources: statement<[], SourceAccounts>(database, ACCOUNTS).all(),
  };
}

const ACCOUNTS = `SELECT stream, incarnation, first_seq AS first, last_seq AS upto,
    applied + duplicate + rejected + rate_limited + quarantined + ignored AS outcomes, lost, elsewhere,
    applied, duplicate, rejected, rate_limited AS rateLimited, quarantined, ignored
  FROM ingest_position ORDER BY stream, incarnation`;

/** Rows last seen before `keptMs` are left out, because each replica prunes them at a moment of its own. */
function digestsOf(database: ReadDatabase, range: DigestRange): Readonly<Record<string, RowDigest>> {
  const { table, after, upto, keptMs } = range;
  const rows = (sql: string) => rowsOf(database, sql, { after, upto, keptMs });
  switch (table) {
    case 'tasks':
      return { tasks: digestOf(rows(TASKS)), taskReporters: digestOf(rows(reporters('tasks'))) };
    case 'invoices':
      return { invoices: digestOf(rows(INVOICES)), invoiceReporters: digestOf(rows(reporters('invoices'))) };
    case 'nodes':
      return { nodes: digestOf(rows(NODES)) };
    default:
      return unreachable(table);
  }
}

// Labels as text: a label may have another number in another replica.
const label = (dimension: number, column: string) => `CASE typeof(${column}) WHEN 'integer' THEN
    (SELECT label FROM labels WHERE dimension = ${dimension} AND label_id = ${column}) ELSE ${column} END`;
const KEPT = 'id > @after AND id <= @upto AND first_ms + last_after_ms >= @keptMs';

const TASKS = `SELECT hash, first_ms, last_after_ms, ${label(DIMENSION.chain, 'chain')},
    ${label(DIMENSION.taskType, 'type')}, outcome FROM tasks WHERE ${KEPT}`;
const INVOICES = `SELECT hash, task_hash, first_ms, last_after_ms, ${label(DIMENSION.chain, 'chain')},
    ${label(DIMENSION.operation, 'operation')}, steps, memory FROM invoices WHERE ${KEPT}`;
const reporters = (table: string) => `SELECT hash, reporters FROM ${table} WHERE ${KEPT}`;
const NODES = `SELECT number, node_id, first_ms, last_ms, life_ms, left_ms, total_tasks, active_tasks, continent, location,
    heartbeats FROM nodes WHERE number > @after AND number <= @upto AND last_ms >= @keptMs`;

type Values = readonly unknown[];

function rowsOf(
  database: ReadDatabase,
  sql: string,
  values: Omit<DigestRange, 'type' | 'table'> | null = null,
): Iterable<Values> {
  const rows = statement<unknown[], Values>(database, sql).raw();
  return values === null ? rows.iterate() : rows.iterate(values);
}

/** Sums of hashes do not depend on the order of the rows, and the sums of ranges add up to that of a table. */
function digestOf(rows: Iterable<Values>): RowDigest {
  let count = 0;
  let sum = 0n;
  for (const row of rows) {
    count++;
    sum += hash('sha256', textOf(row), 'buffer').readBigUInt64LE(0);
  }
  return { rows: count, sum: BigInt.asUintN(64, sum).toString(16).padStart(16, '0') };
}

function textOf(row: Values): string {
  return JSON.stringify(row.map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value)));
}
