// The oracle's invoices (docs/federation.md#merging-reports): the reporters of each, and the least of every label.

import type { ExpectedInvoice } from './expected-rows.ts';
import { leastLabel } from './label-order.ts';
import type { InvoiceCreated, Label } from './statement.ts';
import { AMOUNT_BUCKETS, MEMORY_BUCKETS } from './vocabulary.ts';

interface InvoiceMemory {
  readonly reporters: ReadonlySet<string>;
  readonly firstMs: number;
  readonly taskId: Label;
  readonly chain: Label;
  readonly steps: Label;
  readonly memory: Label;
  readonly operation: Label;
}

const EMPTY: InvoiceMemory = {
  reporters: new Set(),
  firstMs: Infinity,
  taskId: null,
  chain: null,
  steps: null,
  memory: null,
  operation: null,
};

function merge(kept: InvoiceMemory, statement: InvoiceCreated, tMs: number): InvoiceMemory {
  return {
    reporters: new Set([...kept.reporters, statement.nodeId]),
    firstMs: Math.min(kept.firstMs, tMs),
    taskId: leastLabel(kept.taskId, statement.taskId, null),
    chain: leastLabel(kept.chain, statement.chain, null),
    steps: leastLabel(kept.steps, statement.steps, AMOUNT_BUCKETS),
    memory: leastLabel(kept.memory, statement.memory, MEMORY_BUCKETS),
    operation: leastLabel(kept.operation, statement.operation, null),
  };
}

function isSame(left: InvoiceMemory, right: InvoiceMemory): boolean {
  return (
    left.reporters.size === right.reporters.size &&
    (['firstMs', 'taskId', 'chain', 'steps', 'memory', 'operation'] as const).every(
      (member) => left[member] === right[member],
    )
  );
}

function invoiceRow(invoice: InvoiceMemory): ExpectedInvoice {
  return {
    task_id_hash: invoice.taskId,
    chain_id: invoice.chain,
    steps_computed_bucket: invoice.steps,
    memory_used_bucket: invoice.memory,
    operation: invoice.operation,
    reporting_nodes: invoice.reporters.size,
  };
}

/** A store of invoices that remembers every reporter. */
export function createInvoices() {
  const invoices = new Map<string, InvoiceMemory>();
  return {
    /** Merges a report; true if it changes anything except last_seen. */
    report(statement: InvoiceCreated, tMs: number): boolean {
      const before = invoices.get(statement.invoiceId) ?? EMPTY;
      const after = merge(before, statement, tMs);
      invoices.set(statement.invoiceId, after);
      return !isSame(before, after);
    },
    rows: (): Map<string, ExpectedInvoice> =>
      new Map([...invoices].map(([id, invoice]) => [id, invoiceRow(invoice)])),
  };
}
