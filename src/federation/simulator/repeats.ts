// What one node has reported about one task or invoice: the key of a report, and reports that are made equal to the
// first one with the same key.

import type { Statement } from './statement.ts';

/** The key of a report of a task or an invoice: its kind, node and id. Null for a presence message. */
export function reportKey(statement: Statement): string | null {
  switch (statement.type) {
    case 'task_received':
    case 'task_completed':
      return `${statement.type}/${statement.nodeId}/${statement.taskId}`;
    case 'invoice_created':
      return `${statement.type}/${statement.nodeId}/${statement.invoiceId}`;
    case 'heartbeat':
    case 'node_joined':
    case 'node_left':
      return null;
  }
}

/** The statements with each later report of a key replaced by the first one of that key. */
export function repeatedAsBefore(statements: readonly Statement[]): readonly Statement[] {
  const first = new Map<string, Statement>();
  return statements.map((statement) => {
    const key = reportKey(statement);
    if (key === null) return statement;
    const before = first.get(key);
    if (before === undefined) first.set(key, statement);
    return before ?? statement;
  });
}
