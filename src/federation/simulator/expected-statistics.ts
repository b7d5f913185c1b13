// Computes the published numbers (docs/federation.md#statistics) from the expected rows.

import type {
  Counts,
  ExpectedInvoice,
  ExpectedNode,
  ExpectedStatistics,
  ExpectedTask,
} from './expected-rows.ts';
import type { Label } from './statement.ts';
import { AMOUNT_BUCKETS, MEMORY_BUCKETS, TIME_BUCKETS } from './vocabulary.ts';

/** Maximum number of labels of an open vocabulary that are published by name; the rest is `other`. */
const OPEN_LABELS_MAX = 50;

/** Percent, rounded down to one decimal; 0 of 0 is 0. */
export function percentRoundedDown(part: number, whole: number): number {
  if (whole === 0) return 0;
  const thousand = part * 1000;
  return (thousand - (thousand % whole)) / whole / 10;
}

function count(labels: readonly Label[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label ?? 'unknown', (counts.get(label ?? 'unknown') ?? 0) + 1);
  return counts;
}

/** A closed distribution: every label in order, zeros included, and `unknown` only if it is not zero. */
function closed(labels: readonly Label[], vocabulary: readonly string[]): Counts {
  const counts = count(labels);
  const unknown = counts.get('unknown') ?? 0;
  const known = vocabulary.map((label) => [label, counts.get(label) ?? 0] as const);
  return Object.fromEntries(unknown === 0 ? known : [...known, ['unknown', unknown] as const]);
}

/** An open distribution: the 50 largest labels by count and then label, the rest as `other`. */
function open(labels: readonly Label[]): Counts {
  const sorted = [...count(labels)].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const rest = sorted.slice(OPEN_LABELS_MAX).reduce((sum, [, labelCount]) => sum + labelCount, 0);
  const named = sorted.slice(0, OPEN_LABELS_MAX);
  return Object.fromEntries(rest === 0 ? named : [...named, ['other', rest]]);
}

/** The statistics of a database with exactly these rows, all recent and with no silent node. */
export function expectedStatistics(rows: {
  readonly tasks: ReadonlyMap<string, ExpectedTask>;
  readonly invoices: ReadonlyMap<string, ExpectedInvoice>;
  readonly nodes: ReadonlyMap<string, ExpectedNode>;
}): ExpectedStatistics {
  const tasks = [...rows.tasks.values()];
  const invoices = [...rows.invoices.values()];
  const ended = tasks.filter((task) => task.status !== 'received');
  const failedTasks = ended.filter((task) => task.status === 'failed').length;
  const cachedTasks = ended.filter((task) => task.cached === 1).length;
  const completedTasks = ended.length - failedTasks;
  const offlineNodes = [...rows.nodes.values()].filter((node) => node.left).length;
  const onlineNodes = rows.nodes.size - offlineNodes;
  const times = ended.map((task) => task.execution_time_bucket);
  const gas = ended.map((task) => task.gas_used_bucket);
  const steps = invoices.map((invoice) => invoice.steps_computed_bucket);
  const memory = invoices.map((invoice) => invoice.memory_used_bucket);
  return {
    activeNodes: onlineNodes,
    totalNodes: rows.nodes.size,
    totalTasks: tasks.length,
    completedTasks,
    failedTasks,
    cachedTasks,
    tasksLast24h: tasks.length,
    successRate: percentRoundedDown(completedTasks, ended.length),
    cacheHitRate: percentRoundedDown(cachedTasks, ended.length),
    totalInvoices: invoices.length,
    invoicesLast24h: invoices.length,
    executionTimeDistribution: closed(times, TIME_BUCKETS),
    gasUsageDistribution: closed(gas, AMOUNT_BUCKETS),
    stepsComputedDistribution: closed(steps, AMOUNT_BUCKETS),
    memoryUsedDistribution: closed(memory, MEMORY_BUCKETS),
    chainDistribution: open(tasks.map((task) => task.chain_id)),
    taskTypeDistribution: open(tasks.map((task) => task.task_type)),
    onlineNodes,
    staleNodes: 0,
    offlineNodes,
  };
}
