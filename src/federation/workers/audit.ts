// The audit recounts the rows in one read transaction, a page at a time. It compares the counts with what the writer
// stores beside the rows: roll-up cells, totals, pruned totals and positions. It also checks that each hash has one
// row, which no index enforces.

import { effectiveState, UNJUDGED } from '../store/node-row.ts';
import { DIMENSION, OTHER_LABEL, slotOf } from '../store/rollups.ts';
import type { ReadDatabase, Statement } from '../../store/database.ts';
import { invoiceSlots } from '../store/invoices.ts';
import { NO_OUTCOME, STATUS_COMPLETED, STATUS_FAILED, STATUS_RECEIVED, taskSlots } from '../store/tasks.ts';
import { HashSieve } from './hash-sieve.ts';
import { Recount } from './recount.ts';

/** One comparison: how many values were compared, and how many of them differ. */
export interface AuditCheck {
  readonly name: string;
  readonly compared: number;
  readonly differing: number;
}

/** The result of one audit. */
export interface AuditReport {
  readonly checks: readonly AuditCheck[];
  /** Number of differing values in all checks. */
  readonly drift: number;
  /** Number of rows of tasks, invoices and nodes that were read. */
  readonly rows: number;
}

/** What an audit tells its caller. */
export interface AuditParts {
  /** Called after each page with the number of rows read and of all rows. May throw to end the audit. */
  progress(rows: number, ofRows: number): void;
}

/** Rows per page; a page takes some milliseconds. */
const PAGE_ROWS = 5_000;

type AnyRow = readonly [number, ...unknown[]];
type TaskRow = [number, Buffer, number, number | null, number | string | null, number | string | null];
type InvoiceRow = [number, Buffer, number, number, number];
type NodeRow = [number, number | null, number, number];

/** Audits the database as it is at one moment. Writers are not blocked; the write-ahead log grows meanwhile. */
export function audit(database: ReadDatabase, parts: AuditParts): AuditReport {
  return database.transaction(() => new Audit(database, parts).run())();
}

class Audit {
  readonly #database: ReadDatabase;
  readonly #parts: AuditParts;
  readonly #recount = new Recount();
  readonly #checks: AuditCheck[] = [];
  #rowsDone = 0;
  #rowsAll = 1;

  constructor(database: ReadDatabase, parts: AuditParts) {
    this.#database = database;
    this.#parts = parts;
  }

  run(): AuditReport {
    const [tasks, invoices, nodes] = ['tasks', 'invoices', 'nodes'].map((table) =>
      this.#number(`SELECT count(*) FROM ${table}`),
    );
    const rows = (tasks ?? 0) + (invoices ?? 0) + (nodes ?? 0);
    this.#rowsAll = Math.max(1, rows);
    const taskHashes = this.#readTasks(tasks ?? 0);
    const invoiceHashes = this.#readInvoices(invoices ?? 0);
    this.#readNodes();
    this.#compareCells();
    this.#comparePruned(nodes ?? 0);
    this.#checkPublished();
    this.#check('each task has one row', tasks ?? 0, this.#repeated('tasks', taskHashes));
    this.#check('each invoice has one row', invoices ?? 0, this.#repeated('invoices', invoiceHashes));
    this.#checkAdopted();
    this.#checkPositions();
    const drift = this.#checks.reduce((sum, { differing }) => sum + differing, 0);
    return { checks: this.#checks, drift, rows };
  }

  #readTasks(rows: number): HashSieve {
    const sieve = new HashSieve(rows);
    const page = this.#database.prepare<[number, number], TaskRow>(
      'SELECT id, hash, first_ms, outcome, chain, type FROM tasks WHERE id > ? ORDER BY id LIMIT ?',
    );
    this.#pages(page, (row) => {
      const [, hash, firstMs, outcome, chain, type] = row;
      sieve.add(hash);
      this.#recount.add(firstMs, taskSlots(labelOf(chain), labelOf(type), outcome ?? NO_OUTCOME));
    });
    return sieve;
  }

  #readInvoices(rows: number): HashSieve {
    const sieve = new HashSieve(rows);
    const page = this.#database.prepare<[number, number], InvoiceRow>(
      'SELECT id, hash, first_ms, steps, memory FROM invoices WHERE id > ? ORDER BY id LIMIT ?',
    );
    this.#pages(page, (row) => {
      const [, hash, firstMs, steps, memory] = row;
      sieve.add(hash);
      this.#recount.add(firstMs, invoiceSlots({ steps, memory }));
    });
    return sieve;
  }

  #readNodes(): void {
    const page = this.#database.prepare<[number, number], NodeRow>(
      'SELECT number, state, life_ms, left_ms FROM nodes WHERE number > ? ORDER BY number LIMIT ?',
    );
    this.#pages(page, ([, state, lifeMs, leftMs]) => {
      const seen = effectiveState({ state: state ?? UNJUDGED, lifeMs, leftMs });
      this.#recount.addTotal(slotOf(DIMENSION.nodeState, seen));
    });
  }

  /**
   * Reads a table in the order of its key, the first column. The statement takes the key after which to continue and a
   * number of rows.
   */
  #pages<Row extends AnyRow>(page: Statement<[number, number], Row>, take: (row: Row) => void): void {
    page.raw();
    for (let after = -1; ; ) {
      const rows = page.all(after, PAGE_ROWS);
      for (const row of rows) take(row);
      this.#rowsDone += rows.length;
      this.#parts.progress(this.#rowsDone, this.#rowsAll);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE_ROWS) return;
      [after] = last;
    }
  }

  #compareCells(): void {
    const cells = <Row>(sql: string) => this.#database.prepare<[], Row>(sql).raw().iterate() as Iterable<Row>;
    type Cell = [number, number, number, number];
    for (const [minute, dimension, label, count] of cells<Cell>(
      'SELECT minute, dimension, label, count FROM rollup_minutes',
    ))
      this.#recount.minuteCell(minute, slotOf(dimension, label), count);
    for (const [hour, dimension, label, count] of cells<Cell>(
      'SELECT hour, dimension, label, count FROM rollup_hours',
    ))
      this.#recount.hourCell(hour, slotOf(dimension, label), count);
    for (const [dimension, label, count] of cells<[number, number, number]>(
      'SELECT dimension, label, count FROM rollup_totals',
    ))
      this.#recount.totalCell(slotOf(dimension, label), count);
    const { minutes, hours, totals } = this.#recount.compare();
    this.#check('minutes are the rows, hour by hour', minutes.compared, minutes.differing);
    this.#check('hours are the rows', hours.compared, hours.differing);
    this.#check('totals are the rows', totals.compared, totals.differing);
  }

  /**
   * All − live = pruned: rows that were deleted are counted equally in every dimension, and every node number has a row
   * or was pruned.
   */
  #comparePruned(nodes: number): void {
    const sums = new Map<number, number>();
    const statuses = new Map<number, number>();
    const pruned = this.#database
      .prepare<[], { dimension: number; label: number; count: number }>(
        'SELECT dimension, label, count FROM pruned_totals',
      )
      .all();
    for (const { dimension, label, count } of pruned) {
      sums.set(dimension, (sums.get(dimension) ?? 0) + count);
      if (dimension === DIMENSION.taskStatus) statuses.set(label, count);
    }
    const prunedOf = (dimension: number) => sums.get(dimension) ?? 0;
    const tasks = [STATUS_RECEIVED, STATUS_COMPLETED, STATUS_FAILED].reduce(
      (sum, status) => sum + (statuses.get(status) ?? 0),
      0,
    );
    const finished = (statuses.get(STATUS_COMPLETED) ?? 0) + (statuses.get(STATUS_FAILED) ?? 0);
    const numbered = this.#number("SELECT value FROM settings_kept WHERE name = 'next_node_number'");
    const equal: [number, number][] = [
      [prunedOf(DIMENSION.taskStatus), tasks],
      [prunedOf(DIMENSION.chain), tasks],
      [prunedOf(DIMENSION.taskType), tasks],
      [prunedOf(DIMENSION.executionTime), finished],
      [prunedOf(DIMENSION.gas), finished],
      [Math.max(prunedOf(DIMENSION.cached), finished), finished],
      [prunedOf(DIMENSION.steps), prunedOf(DIMENSION.invoices)],
      [prunedOf(DIMENSION.memory), prunedOf(DIMENSION.invoices)],
      // Numbers are never reused, so every number assigned so far has a row or was pruned.
      [numbered === 0 ? 0 : numbered - 1, numbered === 0 ? 0 : nodes + prunedOf(DIMENSION.nodeState)],
    ];
    this.#check('all − live = pruned', equal.length, equal.filter(([a, b]) => a !== b).length);
  }

  /** Lifetime totals do not shrink: none may be below the value published last. */
  #checkPublished(): void {
    const all = (dimension: number) =>
      this.#number(
        `SELECT coalesce(sum(count), 0) FROM (SELECT dimension, count FROM rollup_totals
           UNION ALL SELECT dimension, count FROM pruned_totals) WHERE dimension = ${dimension}`,
      );
    // Rows without distributions come from an earlier aggregator, which counted differently.
    const row = this.#database
      .prepare<[], { tasks: number; invoices: number; nodes: number }>(
        `SELECT total_tasks AS tasks, total_invoices AS invoices, total_nodes_seen AS nodes FROM network_stats
         WHERE stat_period = 'all' AND chain_distribution IS NOT NULL ORDER BY recorded_at DESC LIMIT 1`,
      )
      .get();
    if (row === undefined) return;
    const pairs: [number, number][] = [
      [row.tasks, all(DIMENSION.taskStatus)],
      [row.invoices, all(DIMENSION.invoices)],
      [row.nodes, all(DIMENSION.nodeState)],
    ];
    this.#check(
      'totals are not below those published',
      pairs.length,
      pairs.filter(([published, now]) => published > now).length,
    );
  }

  /** How many of the suspected hashes have more than one row. */
  #repeated(table: string, sieve: HashSieve): number {
    if (sieve.suspects === 0) return 0;
    const counts = new Map<string, number>();
    const page = this.#database.prepare<[number, number], [number, Buffer]>(
      `SELECT id, hash FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`,
    );
    this.#pages(page, ([, hash]) => {
      if (!sieve.isSuspect(hash)) return;
      const text = hash.toString('hex');
      counts.set(text, (counts.get(text) ?? 0) + 1);
    });
    return [...counts.values()].filter((count) => count > 1).length;
  }

  #checkAdopted(): void {
    const orphans = (kind: number, table: string, key: string) =>
      this.#number(
        `SELECT count(*) FROM adopted WHERE kind = ${kind}
           AND NOT EXISTS (SELECT 1 FROM ${table} WHERE ${table}.${key} = adopted.id)`,
      );
    const differing =
      orphans(0, 'tasks', 'id') + orphans(1, 'invoices', 'id') + orphans(2, 'nodes', 'number');
    this.#check('adopted rows exist', this.#number('SELECT count(*) FROM adopted'), differing);
  }

  #checkPositions(): void {
    const differing = this.#number(
      `SELECT count(*) FROM ingest_position WHERE last_seq - first_seq + 1 <>
         applied + duplicate + rejected + rate_limited + quarantined + ignored + lost + elsewhere`,
    );
    const compared = this.#number('SELECT count(*) FROM ingest_position');
    this.#check('each sequence read has one outcome', compared, differing);
  }

  #check(name: string, compared: number, differing: number): void {
    this.#checks.push({ name, compared, differing });
  }

  #number(sql: string): number {
    return Number(this.#database.prepare(sql).pluck().get() ?? 0);
  }
}

/** The roll-up label for the value of a column: 0 if absent, its number, or other. */
function labelOf(column: number | string | null): number {
  if (column === null) return 0;
  return typeof column === 'number' ? column : OTHER_LABEL;
}
