// Says from the plan alone what an aggregator that was empty holds and publishes after the agents of several nodes have
// reported (docs/federation.md#merging-reports, docs/federation.md#statistics). Written a second time from those pages.

import { type ExpectedMessage, expectedMessages, type ReadSources } from './node-oracle.ts';
import { AMOUNT_LABELS, type Label, MEMORY_LABELS, TIME_LABELS } from './oracle-buckets.ts';
import type { NodePlan } from './planned-execution.ts';

/** A node's agent: which sources it reads. Null: the node has no agent. */
export type Agents = readonly (ReadSources | null)[];

/** Public columns of a task without id and times; absent labels are null, booleans 0 or 1. */
export interface ExpectedTaskRow {
  readonly status: 'received' | 'completed' | 'failed';
  readonly success: 0 | 1 | null;
  readonly execution_time_bucket: Label;
  readonly gas_used_bucket: Label;
  readonly cached: 0 | 1 | null;
  readonly chain_id: Label;
  readonly task_type: Label;
  readonly reporting_nodes: number;
}

/** Public columns of an invoice without id and times. */
export interface ExpectedInvoiceRow {
  readonly task_id_hash: Label;
  readonly chain_id: Label;
  readonly steps_computed_bucket: Label;
  readonly memory_used_bucket: Label;
  readonly operation: Label;
  readonly reporting_nodes: number;
}

/** What the aggregator holds and publishes. */
export interface ExpectedNetwork {
  /** By hash. */
  readonly tasks: ReadonlyMap<string, ExpectedTaskRow>;
  /** By hash. */
  readonly invoices: ReadonlyMap<string, ExpectedInvoiceRow>;
  /** Messages by type, of all agents, none twice. */
  readonly messages: Readonly<Record<ExpectedMessage['type'], number>>;
  /** Published numbers, if everything is younger than an hour and every agent is online; all but geography. */
  readonly statistics: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
}

interface Report {
  readonly node: number;
  readonly message: ExpectedMessage;
}

function labelOf({ message }: Report, name: string): Label {
  const value = message.data[name];
  return typeof value === 'string' ? value : null;
}

/** The least label by the order of a vocabulary, or by bytes; absent is the greatest. */
function least(reports: readonly Report[], name: string, vocabulary: readonly string[] | null = null): Label {
  const rank = (label: string) => (vocabulary === null ? label : vocabulary.indexOf(label));
  let found: Label = null;
  for (const report of reports) {
    const label = labelOf(report, name);
    if (label !== null && (found === null || rank(label) < rank(found))) found = label;
  }
  return found;
}

function reporters(reports: readonly Report[]): number {
  return new Set(reports.map(({ node }) => node)).size;
}

/** Failed, time, gas, cached: the least of them is the outcome, as a whole. Absent ranks behind every label. */
function outcomeRank(report: Report): readonly number[] {
  const rank = (name: string, vocabulary: readonly string[]) => {
    const label = labelOf(report, name);
    return label === null ? vocabulary.length : vocabulary.indexOf(label);
  };
  const { success, status, cached } = report.message.data;
  const isFailed = success === undefined ? status !== 'completed' : success === false;
  return [
    isFailed ? 1 : 0,
    rank('executionTimeBucket', TIME_LABELS),
    rank('gasUsedBucket', AMOUNT_LABELS),
    cached === undefined ? 2 : cached === true ? 0 : 1,
  ];
}

function compareRanks(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at === -1 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}

function taskRow(reports: readonly Report[]): ExpectedTaskRow {
  const shared = {
    chain_id: least(reports, 'chainId'),
    task_type: least(reports, 'taskType'),
    reporting_nodes: reporters(reports),
  };
  const [outcome] = reports
    .filter(({ message }) => message.type === 'task_completed')
    .map(outcomeRank)
    .toSorted(compareRanks);
  if (outcome === undefined) {
    const open = { execution_time_bucket: null, gas_used_bucket: null, cached: null };
    return { status: 'received', success: null, ...open, ...shared };
  }
  const [failed = 0, time = 0, gas = 0, cached = 0] = outcome;
  return {
    status: failed === 1 ? 'failed' : 'completed',
    success: failed === 1 ? 0 : 1,
    execution_time_bucket: TIME_LABELS[time] ?? null,
    gas_used_bucket: AMOUNT_LABELS[gas] ?? null,
    cached: cached === 2 ? null : cached === 0 ? 1 : 0,
    ...shared,
  };
}

function invoiceRow(reports: readonly Report[]): ExpectedInvoiceRow {
  return {
    task_id_hash: least(reports, 'taskIdHash'),
    chain_id: least(reports, 'chainId'),
    steps_computed_bucket: least(reports, 'stepsComputedBucket', AMOUNT_LABELS),
    memory_used_bucket: least(reports, 'memoryUsedBucket', MEMORY_LABELS),
    operation: least(reports, 'operation'),
    reporting_nodes: reporters(reports),
  };
}

/** Percent with one decimal, rounded down. */
function rate(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((part * 1_000) / whole) / 10;
}

function counts(labels: readonly Label[], vocabulary: readonly string[] | null): Record<string, number> {
  const found = new Map<string, number>();
  for (const label of labels) found.set(label ?? 'unknown', (found.get(label ?? 'unknown') ?? 0) + 1);
  if (vocabulary === null) {
    return Object.fromEntries([...found].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
  }
  const unknown = found.get('unknown');
  const all = vocabulary.map((label) => [label, found.get(label) ?? 0] as const);
  return Object.fromEntries(unknown === undefined ? all : [...all, ['unknown', unknown] as const]);
}

/** What an aggregator holds and publishes; `agents` has an element for each node of the plan. */
export function expectedNetwork(plan: NodePlan, agents: Agents, salt: string): ExpectedNetwork {
  const reports = agents.flatMap((sources, node) =>
    sources === null
      ? []
      : expectedMessages(plan, node, salt, sources).map((message): Report => ({ node, message })),
  );
  const isInvoice = ({ message }: Report) => message.type === 'invoice_created';
  const byHash = (some: readonly Report[], name: string) =>
    Map.groupBy(some, (report) => labelOf(report, name) ?? '');
  const tasks = new Map(
    [
      ...byHash(
        reports.filter((report) => !isInvoice(report)),
        'taskIdHash',
      ),
    ].map(([hash, some]) => [hash, taskRow(some)] as const),
  );
  const invoices = new Map(
    [...byHash(reports.filter(isInvoice), 'invoiceIdHash')].map(
      ([hash, some]) => [hash, invoiceRow(some)] as const,
    ),
  );
  const sent = (type: ExpectedMessage['type']) =>
    reports.filter(({ message }) => message.type === type).length;
  const online = agents.filter((sources) => sources !== null).length;
  return {
    tasks,
    invoices,
    messages: {
      task_received: sent('task_received'),
      task_completed: sent('task_completed'),
      invoice_created: sent('invoice_created'),
    },
    statistics: statisticsOf([...tasks.values()], [...invoices.values()], online),
  };
}

function statisticsOf(
  tasks: readonly ExpectedTaskRow[],
  invoices: readonly ExpectedInvoiceRow[],
  online: number,
): ExpectedNetwork['statistics'] {
  const ended = tasks.filter(({ status }) => status !== 'received');
  const failed = ended.filter(({ status }) => status === 'failed').length;
  const cached = ended.filter((task) => task.cached === 1).length;
  return {
    activeNodes: online,
    totalNodes: online,
    totalTasks: tasks.length,
    completedTasks: ended.length - failed,
    failedTasks: failed,
    cachedTasks: cached,
    tasksLast24h: tasks.length,
    totalInvoices: invoices.length,
    invoicesLast24h: invoices.length,
    successRate: rate(ended.length - failed, ended.length),
    cacheHitRate: rate(cached, ended.length),
    executionTimeDistribution: counts(
      ended.map((task) => task.execution_time_bucket),
      TIME_LABELS,
    ),
    gasUsageDistribution: counts(
      ended.map((task) => task.gas_used_bucket),
      AMOUNT_LABELS,
    ),
    stepsComputedDistribution: counts(
      invoices.map((invoice) => invoice.steps_computed_bucket),
      AMOUNT_LABELS,
    ),
    memoryUsedDistribution: counts(
      invoices.map((invoice) => invoice.memory_used_bucket),
      MEMORY_LABELS,
    ),
    chainDistribution: counts(
      tasks.map((task) => task.chain_id),
      null,
    ),
    taskTypeDistribution: counts(
      tasks.map((task) => task.task_type),
      null,
    ),
    onlineNodes: online,
    staleNodes: 0,
    offlineNodes: 0,
  };
}
