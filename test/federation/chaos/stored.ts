// The content of a database on which two readers of one stream must agree: read through the public tables, with the
// node ids of reporters resolved. Ids and `created_at` differ by process, states by waiting times.

import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { reportersFromBlob } from '../../../src/federation/store/reporters.ts';
import { DIMENSION } from '../../../src/federation/store/rollups.ts';

export type StoredRow = Readonly<Record<string, unknown>>;

const OWN_COLUMNS = new Set(['id', 'created_at']);

export interface Position {
  readonly incarnation: string;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly applied: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly rate_limited: number;
  readonly quarantined: number;
  readonly ignored: number;
  readonly lost: number;
}

export interface Stored {
  readonly tasks: ReadonlyMap<string, StoredRow>;
  readonly invoices: ReadonlyMap<string, StoredRow>;
  readonly nodes: ReadonlyMap<string, StoredRow>;
  readonly positions: ReadonlyMap<string, Position>;
  /** SQLite's integrity check of the file; `ok`. */
  readonly integrity: string;
}

export function readStored(databasePath: string): Stored {
  const database = new Sqlite(databasePath, { readonly: true, fileMustExist: true });
  const all = (sql: string) => database.prepare<[], Record<string, unknown>>(sql).all();
  try {
    const nodeIds = new Map(
      all('SELECT id, node_id FROM active_nodes').map((row) => [row['id'], row['node_id']]),
    );
    const reportersOf = new Map(
      ['tasks', 'invoices'].flatMap((table) =>
        all(`SELECT lower(hex(hash)) AS hash, reporters FROM ${table}`).map(({ hash, reporters }) => [
          `${table} ${String(hash)}`,
          reportersFromBlob(reporters as Buffer)
            // Node number × 4 + kinds; a node that is gone keeps its number.
            .map((entry) => `${String(nodeIds.get(entry >>> 2) ?? `#${entry >>> 2}`)}:${entry & 3}`)
            .toSorted()
            .join(' '),
        ]),
      ),
    );
    const facts = (table: 'tasks' | 'invoices', key: string) =>
      new Map(
        all(`SELECT * FROM aggregated_${table}`).map((row) => [
          String(row[key]),
          { ...shared(row), reporters: reportersOf.get(`${table} ${String(row[key])}`) },
        ]),
      );
    const nodes = all('SELECT * FROM active_nodes').map(
      (row) => [String(row['node_id']), shared(row)] as const,
    );
    return {
      tasks: facts('tasks', 'task_id_hash'),
      invoices: facts('invoices', 'invoice_id_hash'),
      nodes: new Map(nodes),
      positions: new Map(positionsOf(database).map((row) => [row.incarnation, row])),
      integrity: String(database.pragma('integrity_check', { simple: true })),
    };
  } finally {
    database.close();
  }
}

/** Without the columns that differ by process. */
function shared(row: StoredRow): StoredRow {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !OWN_COLUMNS.has(column)));
}

/**
 * All incarnations in the order in which they were begun; empty if there is no database yet, or none that can be read.
 */
export function readPositions(databasePath: string): readonly Position[] {
  return read(databasePath, positionsOf) ?? [];
}

/**
 * How many counts retention and eviction have moved into the pruned totals so far; it rises with every row that goes.
 */
export function readPruned(databasePath: string): number {
  return read(databasePath, (database) => sumOf(database, 'pruned_totals', '')) ?? 0;
}

/** Tasks, invoices and nodes that were removed. */
export function readPrunedRows(databasePath: string): number {
  const { taskStatus, invoices, nodeState } = DIMENSION;
  const dimensions = [taskStatus, invoices, nodeState].join(', ');
  return (
    read(databasePath, (database) =>
      sumOf(database, 'pruned_totals', `WHERE dimension IN (${dimensions})`),
    ) ?? 0
  );
}

function sumOf(database: Sqlite.Database, table: string, where: string): number {
  return Number(database.prepare(`SELECT coalesce(sum(count), 0) FROM ${table} ${where}`).pluck().get());
}

function positionsOf(database: Sqlite.Database): Position[] {
  return database.prepare<[], Position>('SELECT * FROM ingest_position ORDER BY rowid').all();
}

function read<Answer>(databasePath: string, ask: (database: Sqlite.Database) => Answer): Answer | null {
  if (!existsSync(databasePath)) return null;
  let database: Sqlite.Database | null = null;
  try {
    database = new Sqlite(databasePath, { readonly: true, fileMustExist: true, timeout: 1000 });
    return ask(database);
  } catch {
    // The file is being made or recovered: ask again later.
    return null;
  } finally {
    database?.close();
  }
}
