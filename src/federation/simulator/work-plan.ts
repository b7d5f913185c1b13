// Plans what simulated monitors report about tasks and invoices. Tasks are shared by one to five reporters; some of
// these contradict the others, report out of order, leave labels out or repeat themselves. It makes one statement for
// each work slot.

import type { Random } from '../../lib/random.ts';
import type { PlanOptions } from './plan-options.ts';
import type { InvoiceCreated, Label, Statement, TaskCompleted, TaskReceived } from './statement.ts';
import {
  AMOUNT_BUCKETS,
  CHAINS,
  MEMORY_BUCKETS,
  OPERATIONS,
  TASK_TYPES,
  TIME_BUCKETS,
} from './vocabulary.ts';

/** A moment at which one node (by index) has something to report. */
export interface WorkSlot {
  readonly atMs: number;
  readonly node: number;
}

/** What the planning needs. */
export interface WorkParts {
  readonly options: PlanOptions;
  readonly nodeIds: readonly string[];
  readonly random: Random;
  /** The id hash of the n-th task or invoice. */
  readonly idHash: (kind: 'task' | 'invoice', number: number) => string;
}

/** Numbers of reporters of a task; each entry applies to about one in 21 tasks. */
const REPORTERS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 5, 5];
/** A node with this many queued reports is not made a reporter of another task. */
const MAX_QUEUED = 12;

type Received = Omit<TaskReceived, 'nodeId'>;
type Completed = Omit<TaskCompleted, 'nodeId'>;
type Invoice = Omit<InvoiceCreated, 'nodeId'>;

/**
 * A label for the n-th task or invoice. The first ones walk through the whole vocabulary; later ones favour its
 * beginning, as real loads do.
 */
function labelFor(random: Random, labels: readonly string[], number: number): string {
  const index =
    number < 2 * labels.length
      ? number % labels.length
      : Math.floor(random.next() * random.next() * labels.length * 1.3) % labels.length;
  return labels[index] ?? '';
}

/** What really happened to the n-th task; its reporters report this, with small deviations. */
function makeTask(parts: WorkParts, number: number): { received: Received; completed: Completed } {
  const { random } = parts;
  const chain = labelFor(random, CHAINS, number);
  const taskId = parts.idHash('task', number);
  const cached = random.chance(0.05) ? null : random.chance(0.25);
  return {
    received: { type: 'task_received', taskId, chain, taskType: labelFor(random, TASK_TYPES, number) },
    completed: {
      type: 'task_completed',
      taskId,
      chain,
      failed: random.chance(0.08),
      time: labelFor(random, TIME_BUCKETS, number),
      gas: labelFor(random, AMOUNT_BUCKETS, number),
      cached,
    },
  };
}

function makeInvoice(parts: WorkParts, number: number, task: Received): Invoice {
  const { random } = parts;
  return {
    type: 'invoice_created',
    invoiceId: parts.idHash('invoice', number),
    taskId: random.chance(0.05) ? null : task.taskId,
    chain: task.chain,
    steps: labelFor(random, AMOUNT_BUCKETS, number),
    memory: labelFor(random, MEMORY_BUCKETS, number),
    operation: labelFor(random, OPERATIONS, number),
  };
}

/**
 * Makes reports from the truth: a reporter does not know some labels, and with probability `disagree` it contradicts.
 */
function createReporter(random: Random, disagree: number) {
  const known = (label: Label): Label => (random.chance(0.03) ? null : label);
  return {
    received(truth: Received): Received {
      const contradicts = random.chance(disagree);
      return {
        ...truth,
        chain: known(contradicts && random.chance(0.3) ? random.pick(CHAINS) : truth.chain),
        taskType: known(contradicts ? random.pick(TASK_TYPES) : truth.taskType),
      };
    },
    completed(truth: Completed): Completed {
      const contradicts = random.chance(disagree);
      const way = contradicts ? random.below(4) : -1;
      return {
        ...truth,
        chain: known(way === 3 ? random.pick(CHAINS) : truth.chain),
        failed: way === 0 ? !truth.failed : truth.failed,
        time: known(way === 1 ? random.pick(TIME_BUCKETS) : truth.time),
        gas: known(way === 2 ? random.pick(AMOUNT_BUCKETS) : truth.gas),
        cached: way === 2 ? random.pick([true, false, null]) : truth.cached,
      };
    },
    invoice(truth: Invoice): Invoice {
      const contradicts = random.chance(disagree);
      return {
        ...truth,
        chain: known(truth.chain),
        steps: known(contradicts ? random.pick(AMOUNT_BUCKETS) : truth.steps),
        memory: known(contradicts ? random.pick(MEMORY_BUCKETS) : truth.memory),
        operation: known(contradicts ? random.pick(OPERATIONS) : truth.operation),
      };
    },
  };
}

/** Chooses the nodes that report a task, besides the node that saw it first; busy nodes are skipped. */
function pickReporters(parts: WorkParts, queues: readonly Statement[][], first: number): readonly number[] {
  const wanted = parts.random.pick(REPORTERS);
  const reporters = new Set([first]);
  for (let attempt = 0; attempt < 8 && reporters.size < wanted; attempt += 1) {
    const node = parts.random.below(queues.length);
    if ((queues[node]?.length ?? 0) < MAX_QUEUED) reporters.add(node);
  }
  return [...reporters];
}

/** Makes one statement per slot; `slots` are in order of time. */
export function planWork(slots: readonly WorkSlot[], parts: WorkParts): readonly Statement[] {
  const { random, nodeIds } = parts;
  const report = createReporter(random, parts.options.disagree);
  const queues: Statement[][] = nodeIds.map(() => []);
  let tasks = 0;
  let invoices = 0;

  function beginTask(first: number): void {
    const task = makeTask(parts, tasks);
    tasks += 1;
    const neverEnds = random.chance(0.06);
    const invoice = random.chance(0.7) ? makeInvoice(parts, invoices, task.received) : null;
    if (invoice !== null) invoices += 1;
    for (const node of pickReporters(parts, queues, first)) {
      const nodeId = nodeIds[node] ?? '';
      const statements: Statement[] = [];
      // Some nodes missed the beginning of a task, or report its end before its beginning.
      if (neverEnds || random.chance(0.92)) statements.push({ ...report.received(task.received), nodeId });
      if (!neverEnds) statements.push({ ...report.completed(task.completed), nodeId });
      if (random.chance(0.05)) statements.reverse();
      if (invoice !== null && random.chance(0.7)) statements.push({ ...report.invoice(invoice), nodeId });
      // A monitor that restarts sends its last result again, in another encoding and perhaps with a different result.
      if (!neverEnds && random.chance(0.03)) statements.push({ ...report.completed(task.completed), nodeId });
      queues[node]?.push(...statements);
    }
  }

  return slots.map((slot) => {
    const queue = queues[slot.node];
    if (queue === undefined) throw new RangeError('a work slot of a node that does not exist');
    if (queue.length === 0) beginTask(slot.node);
    const statement = queue.shift();
    if (statement === undefined) throw new Error('a new task left its first reporter nothing to say');
    return statement;
  });
}
