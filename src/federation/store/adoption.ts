// Converts the earlier aggregator's database to the federation's schema, in place and inside one transaction: it
// renames the earlier tables, creates the new ones, merges every row by the writer's rules, and drops the earlier
// tables. Tables of other programs stay as they are.

import { type EarlierNode, EarlierReader, type EarlierRow, type SkipReason } from '../domain/earlier-rows.ts';
import { EarlierNumbers } from '../domain/earlier-numbers.ts';
import { judge, type LifecycleThresholds } from '../../lifecycle/lifecycle.ts';
import { writeDurably } from '../../lib/durable.ts';
import type { Adoption, Database } from '../../store/database.ts';
import { type AdoptionCounts, numbersFromRollups, type RowCounts, reportLines } from './adoption-report.ts';
import { EARLIER_TABLES } from './federation-database.ts';
import { FederationWriter } from './writer.ts';

const ASIDE = 'earlier_';
/** Number of rows merged in memory before they are written. */
const CHUNK_ROWS = 20_000;
const REPORT = 'adoption_report';

/** The circumstances of an adoption; `nowMs` is this machine's wall clock. */
export interface AdoptionOptions {
  readonly nowMs: number;
  readonly thresholds: LifecycleThresholds;
  readonly aggregatorId: string | null;
  /** Called after every chunk of rows with the number of rows done and of all rows. */
  progress(rows: number, ofRows: number): void;
}

/** The adoption of an earlier aggregator's database, for `openWriter`. */
export function earlierAggregator(options: AdoptionOptions): Adoption {
  return {
    adopt: (database, createSchema) => adopt(database, createSchema, options),
  };
}

function adopt(database: Database, createSchema: () => void, options: AdoptionOptions): void {
  const tables = EARLIER_TABLES.filter((table) => has(database, table));
  for (const table of tables) database.exec(`ALTER TABLE ${table} RENAME TO ${ASIDE}${table}`);
  createSchema();
  const rows = new Rows(database, tables, options);
  const counts = rows.run();
  for (const table of tables) database.exec(`DROP TABLE ${ASIDE}${table}`);
  const { before, completedDespiteZero, unknownLabels } = rows;
  const after = numbersFromRollups(database);
  const lines = reportLines({ before, after, counts, completedDespiteZero, unknownLabels });
  database
    .prepare('INSERT INTO settings_kept (name, value) VALUES (?, ?)')
    .run(REPORT, JSON.stringify({ lines, told: false }));
}

/**
 * Tells the report once: line by line through `tell`, and in a file beside the database. After a crash before that, the
 * next start tells it.
 */
export function tellAdoption(database: Database, path: string, tell: (line: string) => void): void {
  const text = database.prepare('SELECT value FROM settings_kept WHERE name = ?').pluck().get(REPORT);
  if (typeof text !== 'string') return;
  const report = JSON.parse(text) as { lines: string[]; told: boolean };
  if (report.told) return;
  for (const line of report.lines) tell(line);
  const file = `${path}.adoption.txt`;
  writeDurably(file, `${report.lines.join('\n')}\n`);
  tell(`this report is in ${file}, the database as it was in ${path}.before-adoption`);
  database
    .prepare('UPDATE settings_kept SET value = ? WHERE name = ?')
    .run(JSON.stringify({ ...report, told: true }), REPORT);
}

/** Moves the rows from the renamed tables to the writer. */
class Rows {
  readonly #database: Database;
  readonly #tables: readonly string[];
  readonly #options: AdoptionOptions;
  readonly #reader = new EarlierReader();
  readonly #numbers = new EarlierNumbers();
  readonly #writer: FederationWriter;
  #rowsDone = 0;
  #rowsAll = 0;
  /**
   * The newest sighting in the file, ms since the epoch. A node's silence is counted up to it, because the earlier
   * aggregator stopped listening then.
   */
  #newestMs = 0;

  constructor(database: Database, tables: readonly string[], options: AdoptionOptions) {
    this.#database = database;
    this.#tables = tables;
    this.#options = options;
    this.#writer = new FederationWriter(
      database,
      { limits: NO_LIMITS, generationSize: CHUNK_ROWS, transitionsPerNodeMax: 0 },
      options.aggregatorId,
    );
  }

  /** The numbers that the earlier aggregator would have published from the rows read so far. */
  get before() {
    return this.#numbers.numbers;
  }

  get completedDespiteZero() {
    return this.#reader.completedDespiteZero;
  }

  get unknownLabels() {
    return this.#reader.unknownLabels;
  }

  run(): AdoptionCounts {
    for (const table of this.#tables) this.#rowsAll += this.#count(table);
    const { nowMs, thresholds } = this.#options;
    const tasks = this.#take('aggregated_tasks', (row) => {
      this.#numbers.task(row);
      const task = this.#reader.task(row);
      if (typeof task === 'string') return task;
      this.#saw(task.lastMs);
      return this.#writer.adopt({ type: 'task', task });
    });
    const invoices = this.#take('aggregated_invoices', (row) => {
      this.#numbers.invoice();
      const invoice = this.#reader.invoice(row);
      if (typeof invoice === 'string') return invoice;
      this.#saw(invoice.lastMs);
      return this.#writer.adopt({ type: 'invoice', invoice });
    });
    // All nodes are read first, because the silence of each depends on the newest sighting of all.
    const heard: EarlierNode[] = [];
    const nodes = this.#take('active_nodes', (row) => {
      this.#numbers.node(row);
      const node = this.#reader.node(row);
      if (typeof node === 'string') return node;
      this.#saw(node.lastMs);
      heard.push(node);
      return true;
    });
    for (const node of heard) {
      const silenceMs = Math.max(0, this.#newestMs - node.lastMs);
      const lastMs = Math.min(node.lastMs, nowMs);
      const signs = { lifeAtMs: node.hasLeft ? 0 : lastMs, leftAtMs: node.hasLeft ? lastMs : 0, silenceMs };
      this.#writer.adopt({ type: 'node', node, silenceMs, state: judge(signs, thresholds), nowMs });
    }
    const history = this.#take('network_stats_history', (row) => {
      const statistics = this.#reader.statistics(row);
      return typeof statistics === 'string'
        ? statistics
        : this.#writer.adopt({ type: 'statistics', statistics });
    });
    this.#writer.commit(nowMs, 0);
    return { tasks, invoices, nodes, history };
  }

  /**
   * Reads a table in the order of its ids. `take` returns whether a row was new (true) or merged (false), or why it was
   * skipped.
   */
  #take(table: string, take: (row: EarlierRow) => boolean | SkipReason): RowCounts {
    const counts = { before: 0, merged: 0, badId: 0, noTime: 0 };
    if (!this.#tables.includes(table)) return { ...counts, after: 0 };
    const page = this.#database.prepare<[number, number], EarlierRow & { rowid: number }>(
      `SELECT rowid AS rowid, * FROM ${ASIDE}${table} WHERE rowid > ? ORDER BY rowid LIMIT ?`,
    );
    for (let after = -Number.MAX_SAFE_INTEGER; ; ) {
      const rows = page.all(after, CHUNK_ROWS);
      const last = rows.at(-1);
      if (last === undefined) break;
      for (const row of rows) {
        const taken = take(row);
        counts.before++;
        if (taken === false) counts.merged++;
        if (taken === 'bad_id') counts.badId++;
        if (taken === 'no_time') counts.noTime++;
      }
      after = last.rowid;
      this.#writer.commit(this.#options.nowMs, 0);
      this.#rowsDone += rows.length;
      this.#options.progress(this.#rowsDone, this.#rowsAll);
    }
    return { ...counts, after: counts.before - counts.merged - counts.badId - counts.noTime };
  }

  #saw(lastMs: number): void {
    this.#newestMs = Math.max(this.#newestMs, Math.min(lastMs, this.#options.nowMs));
  }

  #count(table: string): number {
    return Number(this.#database.prepare(`SELECT count(*) FROM ${ASIDE}${table}`).pluck().get());
  }
}

const NO_LIMITS = { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 0, maxNodes: 0 };

function has(database: Database, table: string): boolean {
  return (
    database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table) !== undefined
  );
}
