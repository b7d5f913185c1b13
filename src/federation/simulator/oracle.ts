// The oracle: what the aggregator must hold after a list of messages, computed from section 3 of the specification and
// from nothing else. It imports nothing from src/domain, reads statements instead of bytes, and keeps everything in
// plain maps: slow, large and hard to get wrong.

import type { Expected } from './expected-rows.ts';
import { expectedStatistics } from './expected-statistics.ts';
import { createInvoices } from './oracle-invoices.ts';
import { createNodes } from './oracle-nodes.ts';
import { createTasks } from './oracle-tasks.ts';
import type { Statement } from './statement.ts';
import type { MessageType } from './vocabulary.ts';

export interface Oracle {
  /**
   * Takes one message, in stream order, and says what it counts as. `tMs` is the broker's time; without it every
   * message is later than the one before. Give it for all messages or for none.
   */
  record(message: { readonly content: Statement }, tMs?: number): 'applied' | 'duplicate';
  /** What follows from everything recorded so far. */
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

/** An oracle that has seen nothing. */
export function createOracle(): Oracle {
  const tasks = createTasks();
  const invoices = createInvoices();
  const nodes = createNodes();
  const messages = emptyTally();
  let recorded = 0;

  /** True if it changes more than a last_seen; presence always does. */
  function report(said: Statement, tMs: number): boolean {
    if (said.type === 'task_received' || said.type === 'task_completed') return tasks.report(said, tMs);
    return said.type === 'invoice_created' ? invoices.report(said, tMs) : true;
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
