// Invoices in memory and on disk, merged in the same way as tasks (tasks.ts): least values, greatest times, a union of
// reporters.

import type { EarlierInvoice } from '../domain/earlier-rows.ts';
import type { InvoiceCreated } from '../domain/signal.ts';
import type { Database, Statement } from '../../store/database.ts';
import { ADOPTED, AdoptedRows } from './adopted-rows.ts';
import type { LabelDictionary } from './label-dictionary.ts';
import { HashIndex, type RowMemoryOptions } from './hash-index.ts';
import type { HashKey } from './hash-keys.ts';
import { type Cutoffs, KeyWalk } from './key-walk.ts';
import { addReport, leastText, RECEIVED, reportersFromBlob, reportersToBlob } from './reporters.ts';
import { PRUNED_ROWS_MAX, type PrunedTable } from './retention.ts';
import { DIMENSION, type RollupDeltas, slotOf } from './rollups.ts';
import { TwoGenerations } from '../../store/two-generations.ts';
import { statement } from '../../store/statements.ts';

/** The values of an invoice that a report carries. */
type InvoiceValues = Pick<
  InvoiceCreated,
  'idHash' | 'taskIdHash' | 'chainId' | 'operation' | 'steps' | 'memory'
>;

interface Invoice {
  readonly id: number;
  readonly hash: string;
  readonly tag: number;
  firstMs: number;
  lastMs: number;
  createdMs: number;
  taskHash: string | null;
  chain: string | null;
  operation: string | null;
  steps: number;
  memory: number;
  reporters: number[];
  dirty: boolean;
  counted: { readonly firstMs: number; readonly steps: number; readonly memory: number } | null;
}

interface PrunedRow {
  id: number;
  hash: Buffer;
  first_ms: number;
  steps: number;
  memory: number;
}

interface InvoiceRow {
  id: number;
  tag: number;
  task_hash: Buffer | null;
  first_ms: number;
  last_after_ms: number;
  created_after_ms: number;
  chain: number | string | null;
  operation: number | string | null;
  steps: number;
  memory: number;
  reporters: Buffer;
}

/** The table of invoices with its recently used rows in memory. */
export class InvoiceTable implements PrunedTable {
  readonly #hot: TwoGenerations<Invoice>;
  readonly #chains: LabelDictionary;
  readonly #operations: LabelDictionary;
  readonly #index: HashIndex<InvoiceRow>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #walk: KeyWalk<PrunedRow>;
  readonly #delete: Statement<[number]>;
  readonly #adopted: AdoptedRows;
  #dirty: Invoice[] = [];
  #pruned: readonly PrunedRow[] = [];
  #isPassOver = false;

  constructor(
    database: Database,
    chains: LabelDictionary,
    operations: LabelDictionary,
    options: RowMemoryOptions,
  ) {
    this.#hot = new TwoGenerations(options.generationSize);
    this.#chains = chains;
    this.#operations = operations;
    this.#index = new HashIndex(database, {
      table: 'invoices',
      columns:
        'id, tag, task_hash, first_ms, last_after_ms, created_after_ms, chain, operation, steps, memory, reporters',
      placesLog2: options.placesLog2,
    });
    this.#insert = statement(
      database,
      `INSERT INTO invoices (first_ms, last_after_ms, created_after_ms, task_hash, chain, operation, steps, memory, reporters, id, hash, tag)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = statement(
      database,
      `UPDATE invoices SET first_ms = ?, last_after_ms = ?, created_after_ms = ?, task_hash = ?, chain = ?, operation = ?,
         steps = ?, memory = ?, reporters = ? WHERE id = ?`,
    );
    this.#walk = new KeyWalk(database, {
      table: 'invoices',
      key: 'id',
      lastMs: 'first_ms + last_after_ms',
      columns: ['id', 'hash', 'first_ms', 'steps', 'memory'],
      adopted: ADOPTED.invoice,
    });
    this.#adopted = new AdoptedRows(database, ADOPTED.invoice);
    this.#delete = statement(database, 'DELETE FROM invoices WHERE id = ?');
  }

  /**
   * Merges a report of an invoice; returns true if it changed anything except `last_seen`. With `isInOrder`, an earlier
   * time only shows that a clock was set back, and does not count as a change.
   */
  created(signal: InvoiceCreated, node: number, atMs: number, nowMs: number, isInOrder = false): boolean {
    const invoice = this.#touch(signal, atMs, nowMs);
    const isNewReport = addReport(invoice.reporters, node, RECEIVED);
    const isEarlier = see(invoice, atMs, atMs);
    return merge(invoice, signal) || isNewReport || (isEarlier && !isInOrder);
  }

  /**
   * Adopts an invoice of the earlier aggregator. One with the same hash that was adopted before is merged with it. True
   * if it was new.
   */
  adopt(earlier: EarlierInvoice): boolean {
    const invoice = this.#touch(earlier, earlier.firstMs, earlier.createdMs);
    see(invoice, earlier.firstMs, earlier.lastMs);
    merge(invoice, earlier);
    return this.#adopted.add(invoice.id, earlier.reportingNodes);
  }

  /**
   * Writes every changed row and its roll-up changes, inside the caller's transaction. May be repeated after a failure.
   */
  write(rollups: RollupDeltas): void {
    this.#pruned = [];
    this.#isPassOver = false;
    for (const invoice of this.#dirty) {
      count(invoice, rollups);
      const values = [
        invoice.firstMs,
        invoice.lastMs - invoice.firstMs,
        invoice.createdMs - invoice.firstMs,
        invoice.taskHash === null ? null : Buffer.from(invoice.taskHash, 'hex'),
        this.#chains.columnOf(invoice.chain),
        this.#operations.columnOf(invoice.operation),
        invoice.steps,
        invoice.memory,
        reportersToBlob(invoice.reporters),
        invoice.id,
      ];
      if (invoice.counted === null)
        this.#insert.run(...values, Buffer.from(invoice.hash, 'hex'), invoice.tag);
      else this.#update.run(...values);
    }
    this.#index.write();
  }

  /** A step of retention, after {@link write} in the same transaction. */
  prune(afterId: number, cutoffs: Cutoffs, rollups: RollupDeltas) {
    const { rows, afterKey, isEnd } = this.#walk.step(afterId, cutoffs, PRUNED_ROWS_MAX);
    for (const row of rows) {
      for (const slot of invoiceSlots(row)) rollups.prune(row.first_ms, slot);
      this.#delete.run(row.id);
      this.#adopted.delete(row.id);
    }
    this.#pruned = rows;
    this.#isPassOver = isEnd;
    return { afterKey, isEnd, rows: rows.length };
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    for (const invoice of this.#dirty) {
      invoice.dirty = false;
      invoice.counted = { firstMs: invoice.firstMs, steps: invoice.steps, memory: invoice.memory };
    }
    this.#dirty = [];
    for (const row of this.#pruned) this.#hot.delete(row.hash.toString('hex'));
    this.#pruned = [];
    this.#index.committed();
    if (this.#isPassOver) this.#index.forgetEmpty();
    this.#hot.rotateIfFull();
  }

  #touch(signal: InvoiceValues, atMs: number, nowMs: number): Invoice {
    let invoice = this.#hot.get(signal.idHash);
    if (invoice === undefined) {
      const key = this.#index.keyOf(signal.idHash);
      invoice = this.#load(signal.idHash, key) ?? {
        id: this.#index.take(key),
        hash: signal.idHash,
        tag: key.tag,
        firstMs: atMs,
        lastMs: atMs,
        createdMs: nowMs,
        taskHash: signal.taskIdHash,
        chain: signal.chainId,
        operation: signal.operation,
        steps: signal.steps,
        memory: signal.memory,
        reporters: [],
        dirty: false,
        counted: null,
      };
      this.#hot.set(signal.idHash, invoice);
    }
    if (!invoice.dirty) {
      invoice.dirty = true;
      this.#dirty.push(invoice);
    }
    return invoice;
  }

  #load(hash: string, key: HashKey): Invoice | undefined {
    const row = this.#index.find(hash, key);
    if (row === undefined) return undefined;
    return {
      id: row.id,
      hash,
      tag: row.tag,
      firstMs: row.first_ms,
      lastMs: row.first_ms + row.last_after_ms,
      createdMs: row.first_ms + row.created_after_ms,
      taskHash: row.task_hash === null ? null : row.task_hash.toString('hex'),
      chain: this.#chains.textOf(row.chain),
      operation: this.#operations.textOf(row.operation),
      steps: row.steps,
      memory: row.memory,
      reporters: reportersFromBlob(row.reporters),
      dirty: false,
      counted: { firstMs: row.first_ms, steps: row.steps, memory: row.memory },
    };
  }
}

/** Merges the times of a sighting; true if the first sighting became earlier. */
function see(invoice: Invoice, firstMs: number, lastMs: number): boolean {
  if (lastMs > invoice.lastMs) invoice.lastMs = lastMs;
  if (firstMs >= invoice.firstMs) return false;
  invoice.firstMs = firstMs;
  return true;
}

/** Merges a report's values; true if it changed anything. */
function merge(invoice: Invoice, report: InvoiceValues): boolean {
  const taskHash = leastText(invoice.taskHash, report.taskIdHash);
  const chain = leastText(invoice.chain, report.chainId);
  const operation = leastText(invoice.operation, report.operation);
  const steps = Math.min(invoice.steps, report.steps);
  const memory = Math.min(invoice.memory, report.memory);
  const changed =
    taskHash !== invoice.taskHash ||
    chain !== invoice.chain ||
    operation !== invoice.operation ||
    steps !== invoice.steps ||
    memory !== invoice.memory;
  invoice.taskHash = taskHash;
  invoice.chain = chain;
  invoice.operation = operation;
  invoice.steps = steps;
  invoice.memory = memory;
  return changed;
}

function count(invoice: Invoice, rollups: RollupDeltas): void {
  const before = invoice.counted;
  if (before !== null) for (const slot of invoiceSlots(before)) rollups.add(before.firstMs, slot, -1);
  for (const slot of invoiceSlots(invoice)) rollups.add(invoice.firstMs, slot, 1);
}

/** The roll-up slots in which an invoice counts. */
export function invoiceSlots({ steps, memory }: Pick<Invoice, 'steps' | 'memory'>): readonly number[] {
  return [slotOf(DIMENSION.invoices, 0), slotOf(DIMENSION.steps, steps), slotOf(DIMENSION.memory, memory)];
}
