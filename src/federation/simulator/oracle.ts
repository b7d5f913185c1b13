// The oracle computes what the aggregator must store after a list of messages, from docs/federation.md#time-and-order
// alone. It imports nothing from the federation's domain, reads statements instead of bytes, and stores everything in
// plain maps: it is slow and uses much memory, and it is hard to get wrong.

import type { Expected } from './expected-rows.ts';
import { expectedStatistics } from './expected-statistics.ts';
import { createInvoices } from './oracle-invoices.ts';
import { createNodes } from './oracle-nodes.ts';
import { createTasks } from './oracle-tasks.ts';
import type { Statement } from './statement.ts';
import type { MessageType } from './vocabulary.ts';

/** Takes messages and computes the expectation. */
export interface Oracle {
  /**
   * Takes the next message in stream order and returns its expected outcome. `tMs` is the broker's time; without it
   * every message is later than the one before. Pass it for all messages or for none.
   */
  record(message: { readonly content: Statement }, tMs?: number): 'applied' | 'duplicate';
  /** The expectation after everything recorded so far. */
  expected(): Expected;
}

type Tally = Record<MessageType, { applied: number; duplicate: number }>;

function emptyTally(): Tally {
  const zero = () => ({ applied: 0, duplicate: 0 });
  return {
    task_received: zero(),
    task_completed: zero(),
    invoice_created: zero(),
    heartbeat: zero(),
    node_joined: zero(),
    node_left: zero(),
  };
}

/** Makes an oracle without messages. */
export function createOracle(): Oracle {
  const tasks = createTasks();
  const invoices = createInvoices();
  const nodes = createNodes();
  const messages = emptyTally();
  let recorded = 0;

  /** True if the message changes more than last_seen; a presence message always does. */
  function report(statement: Statement, tMs: number): boolean {
    if (statement.type === 'task_received' || statement.type === 'task_completed')
      return tasks.report(statement, tMs);
    return statement.type === 'invoice_created' ? invoices.report(statement, tMs) : true;
  }

  return {
    record({ content }, tMs) {
      recorded += 1;
      const atMs = tMs ?? recorded;
      const nodeChanged = nodes.see(content, atMs);
      const outcome = report(content, atMs) || nodeChanged ? 'applied' : 'duplicate';
      messages[content.type][outcome] += 1;
      return outcome;
    },
    expected() {
      const rows = { tasks: tasks.rows(), invoices: invoices.rows(), nodes: nodes.rows() };
      return { messages: structuredClone(messages), statistics: expectedStatistics(rows), ...rows };
    },
  };
}
