// What a simulated node writes, in the order of time: each step is one record of the event file or one entry of a log.
// Pure; the writer puts it into files.

import { completedEntry, metricsEntry, otherEntry, receivedEntry, startedEntry } from './node-entries.ts';
import { createdRecord, invoiceRecord, otherRecord, outcomeRecord } from './node-records.ts';
import type { NodePlan, PlannedExecution, PlannedNode, PlannedWork } from './planned-execution.ts';

/** One thing that a node writes. */
export interface NodeStep {
  readonly atMs: number;
  /** The number of the execution that it tells of. */
  readonly execution: number;
  /** A record of the event file, or an entry of the log of this worker with its line end. */
  readonly type: 'record' | 'entry';
  /** 0 for records. */
  readonly worker: number;
  readonly text: string;
}

/** The steps of one node, by time; an entry comes before a record of the same time. Throws a RangeError for no node. */
export function nodeTimeline(plan: NodePlan, nodeIndex: number): readonly NodeStep[] {
  const node = plan.nodes[nodeIndex];
  if (node === undefined) throw new RangeError(`The plan has no node ${nodeIndex}.`);
  const steps = plan.executions.flatMap((execution) => {
    const work = execution.works[nodeIndex] ?? null;
    if (work === null) return [];
    return [
      ...(work.isInLogs ? entriesOf(execution, node, work) : []),
      ...(work.isInEvents ? recordsOf(plan, execution, node, work) : []),
    ];
  });
  // The sort keeps the order of equal times.
  return steps.toSorted((one, other) => one.atMs - other.atMs);
}

function entriesOf(execution: PlannedExecution, node: PlannedNode, work: PlannedWork): NodeStep[] {
  const { receivedMs, startedMs, completedMs, metrics, worker } = work;
  const entry = (atMs: number, text: string): NodeStep => ({
    atMs,
    execution: execution.index,
    type: 'entry',
    worker,
    text,
  });
  const received = [
    entry(receivedMs, receivedEntry(execution, node, receivedMs)),
    entry(receivedMs, otherEntry(execution, node, receivedMs)),
  ];
  // An execution that is never completed never starts: a start without an end would stay open for an hour.
  if (completedMs === null) return received;
  return [
    ...received,
    entry(startedMs, startedEntry(execution, node, startedMs)),
    ...(metrics === null ? [] : [entry(completedMs, metricsEntry(execution, node, completedMs, metrics))]),
    entry(completedMs, completedEntry(execution, node, completedMs)),
  ];
}

function recordsOf(
  plan: NodePlan,
  execution: PlannedExecution,
  node: PlannedNode,
  work: PlannedWork,
): NodeStep[] {
  const { receivedMs, startedMs, completedMs } = work;
  const record = (atMs: number, text: string): NodeStep => ({
    atMs,
    execution: execution.index,
    type: 'record',
    worker: 0,
    text,
  });
  const others = Array.from({ length: plan.othersPerExecution }, (_, at) =>
    record(at % 2 === 0 ? receivedMs : startedMs, otherRecord(plan, execution, node, at)),
  );
  const outcome =
    completedMs === null ? [] : [record(completedMs, outcomeRecord(execution, node, completedMs))];
  const invoices = execution.invoices.map((invoice) =>
    record(completedMs ?? startedMs, invoiceRecord(invoice, execution, node)),
  );
  return [record(receivedMs, createdRecord(execution, node, work)), ...others, ...outcome, ...invoices];
}
