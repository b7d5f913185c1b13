// The oracle's tasks (docs/federation.md#outcome-of-a-task): the reporters of each, the least outcome, and the least
// labels.

import type { ExpectedTask } from './expected-rows.ts';
import { leastLabel } from './label-order.ts';
import type { Label, TaskCompleted, TaskReceived } from './statement.ts';
import { AMOUNT_BUCKETS, TIME_BUCKETS } from './vocabulary.ts';

/** Failed, execution-time index, gas index, cached (true 0, false 1, absent 2): the least tuple is the outcome. */
type Outcome = readonly [failed: number, time: number, gas: number, cached: number];

interface TaskMemory {
  readonly reports: Set<string>;
  readonly reporters: Set<string>;
  firstMs: number;
  outcome: Outcome | null;
  chain: Label;
  taskType: Label;
}

function rank(vocabulary: readonly string[], label: Label): number {
  return label === null ? vocabulary.length : vocabulary.indexOf(label);
}

function outcomeOf(statement: TaskCompleted): Outcome {
  const cached = statement.cached === null ? 2 : statement.cached ? 0 : 1;
  return [
    statement.failed ? 1 : 0,
    rank(TIME_BUCKETS, statement.time),
    rank(AMOUNT_BUCKETS, statement.gas),
    cached,
  ];
}

function isLess(left: Outcome, right: Outcome): boolean {
  const at = left.findIndex((part, index) => part !== right[index]);
  return at !== -1 && (left[at] ?? 0) < (right[at] ?? 0);
}

function emptyTask(): TaskMemory {
  const reports = { reports: new Set<string>(), reporters: new Set<string>() };
  return { ...reports, firstMs: Infinity, outcome: null, chain: null, taskType: null };
}

function taskRow(task: TaskMemory): ExpectedTask {
  const { outcome } = task;
  const shared = { chain_id: task.chain, task_type: task.taskType, reporting_nodes: task.reporters.size };
  if (outcome === null) {
    const open = { execution_time_bucket: null, gas_used_bucket: null, cached: null } as const;
    return { status: 'received', success: null, ...open, ...shared };
  }
  const [failed, time, gas, cached] = outcome;
  return {
    status: failed === 1 ? 'failed' : 'completed',
    success: failed === 1 ? 0 : 1,
    execution_time_bucket: TIME_BUCKETS[time] ?? null,
    gas_used_bucket: AMOUNT_BUCKETS[gas] ?? null,
    cached: cached === 2 ? null : cached === 0 ? 1 : 0,
    ...shared,
  };
}

/** A store of tasks that remembers every report. */
export function createTasks() {
  const tasks = new Map<string, TaskMemory>();
  return {
    /** Merges a report; true if it changes anything except last_seen. */
    report(statement: TaskReceived | TaskCompleted, tMs: number): boolean {
      const task = tasks.get(statement.taskId) ?? emptyTask();
      tasks.set(statement.taskId, task);
      const before = { ...task };
      const report = `${statement.type}/${statement.nodeId}`;
      const repeated = task.reports.has(report);
      task.reports.add(report);
      task.reporters.add(statement.nodeId);
      task.firstMs = Math.min(task.firstMs, tMs);
      task.chain = leastLabel(task.chain, statement.chain, null);
      if (statement.type === 'task_received') {
        task.taskType = leastLabel(task.taskType, statement.taskType, null);
      } else {
        const outcome = outcomeOf(statement);
        if (task.outcome === null || isLess(outcome, task.outcome)) task.outcome = outcome;
      }
      const same =
        before.firstMs === task.firstMs &&
        before.chain === task.chain &&
        before.taskType === task.taskType &&
        before.outcome === task.outcome;
      return !(repeated && same);
    },
    rows: (): Map<string, ExpectedTask> => new Map([...tasks].map(([id, task]) => [id, taskRow(task)])),
  };
}
