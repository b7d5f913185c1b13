// The records of a simulated node's event file as JSON texts, in the forms that nodes write (docs/agent.md#sources).
// Ids keep their digits. It decides nothing: what is written stands in the plan.

import { plannedHex } from './node-plan.ts';
import type {
  NodePlan,
  PlannedExecution,
  PlannedId,
  PlannedInvoice,
  PlannedNode,
  PlannedWork,
} from './planned-execution.ts';

/** A JSON text of these members in this order; values are JSON texts, and undefined members are left out. */
function object(members: Readonly<Record<string, string | undefined>>): string {
  const written = Object.entries(members).filter(([, value]) => value !== undefined);
  return `{${written.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

const text = (value: string | number | boolean | null): string => JSON.stringify(value);

/** An id as JSON: a string, or its digits as a number. */
export function idJson({ text: id, form }: PlannedId): string {
  return form === 'number' ? id : text(id);
}

function signature(...parts: readonly (string | number)[]): string {
  return object({ v: '28', r: text(plannedHex(64, 'r', ...parts)), s: text(plannedHex(64, 's', ...parts)) });
}

/** A time as nodes write it: milliseconds, seconds or ISO text. */
function time(atMs: number, execution: PlannedExecution): string {
  if (execution.form === 'flat') return text(new Date(atMs).toISOString());
  return execution.index % 3 === 0 ? String(Math.floor(atMs / 1_000)) : String(atMs);
}

/** What the hub sent, with everything that must not leave the node. Logs hold it too. */
export function taskMessage(execution: PlannedExecution, node: PlannedNode): string {
  const { index, blockNumber, chainId } = execution;
  return object({
    type: text('dispatch_task'),
    taskId: text(execution.program),
    taskType: execution.taskType === null ? undefined : text(execution.taskType),
    executionId: idJson(execution.id),
    msgHash: text(plannedHex(64, 'message', index)),
    signature: signature('task', index),
    limits: object({
      gas: text('60000000000'),
      call: text('65536'),
      frame: text('524288'),
      memory: text('1024'),
    }),
    econParams: object({ reward: text('0'), requiredSolutions: '2', totalSolutions: '2' }),
    workers: object({ blockNumber: String(blockNumber), setNodes: `[${text(node.wallet)}]` }),
    ledgerName: text('evm'),
    blockHash: text(`0x${plannedHex(64, 'block', blockNumber)}`),
    blockNumber: String(blockNumber),
    chainId: text(chainId),
    taskRequesterAddress: text(`0x${plannedHex(40, 'requester', index)}`),
    senderAddress: text(node.wallet),
    input: text(JSON.stringify({ Input: execution.input, source: 'function main(){return "}"}' })),
  });
}

/** The record that a node received a task. */
export function createdRecord(execution: PlannedExecution, node: PlannedNode, work: PlannedWork): string {
  const { index, form } = execution;
  if (form === 'flat') {
    return object({
      type: text('task_created'),
      executionId: idJson(execution.id),
      chainId: execution.chainId,
      taskType: execution.taskType === null ? undefined : text(execution.taskType),
      taskId: text(execution.program),
      wallet: text(node.wallet),
      timestamp: time(work.receivedMs, execution),
    });
  }
  return object({
    messageId: text(plannedHex(32, 'created', index)),
    type: text('received_message'),
    payload: object({
      // The id stands before or behind the message, or in it alone.
      executionId: form === 'payload' ? undefined : idJson(execution.id),
      message: taskMessage(execution, node),
      type: text('task_created'),
      sequencerAddress: text(node.wallet),
      timestamp: time(work.receivedMs, execution),
      msgHash: text(plannedHex(64, 'hash', index)),
      signature: signature('created', index),
    }),
  });
}

/** The record that a node computed an outcome. */
export function outcomeRecord(execution: PlannedExecution, node: PlannedNode, completedMs: number): string {
  const { index, form } = execution;
  const id = idJson(execution.id);
  const rest = {
    timestamp: time(completedMs, execution),
    senderAddress: text(node.wallet),
    encryptedSolution: text(plannedHex(200, 'solution', index)),
    signature: signature('outcome', index),
    msgHash: text(plannedHex(64, 'outcome', index)),
  };
  const type = text('computed_outcome');
  if (form !== 'payload') return object({ type, executionId: id, ...rest });
  const place = index % 3;
  return object({
    executionId: place === 0 ? id : undefined,
    payload: object({
      type,
      executionId: place === 1 ? id : undefined,
      message: place === 2 ? object({ executionId: id }) : undefined,
      ...rest,
    }),
  });
}

function lineItems(invoice: PlannedInvoice, execution: PlannedExecution, node: PlannedNode): string {
  const { steps, peakMemory, shares } = invoice;
  const isText = execution.form === 'flat';
  const number = (value: number) => (isText ? text(String(value)) : String(value));
  const work = {
    total_steps_computed: steps === null ? undefined : number(steps),
    peak_memory_used: peakMemory === null ? undefined : number(peakMemory),
    totalTransferredBytes: steps === null ? object({ request: '0', response: '0' }) : undefined,
  };
  const requester = text(`0x${plannedHex(40, 'requester', execution.index)}`);
  const first = object({ operation: text(invoice.operation), account: requester, ...work });
  // Other steps than the first one's: only the first counts.
  const others = Array.from({ length: shares }, (_, at) =>
    object({
      operation: text(at === 2 ? 'penalty' : 'pay'),
      account: text(node.wallet),
      total_steps_computed: String(12_345 + at),
      peak_memory_used: '99',
    }),
  );
  return `[${[first, ...others].join(',')}]`;
}

/** The record of an invoice. */
export function invoiceRecord(
  invoice: PlannedInvoice,
  execution: PlannedExecution,
  node: PlannedNode,
): string {
  const type = text('invoice');
  const ids = {
    invoiceId: idJson(invoice.id),
    executionId: invoice.executionId === null ? undefined : idJson(invoice.executionId),
  };
  const rest = {
    taskId: text(`${execution.program}/1.0.0`),
    taskCreated_timeStamp: time(invoice.createdMs, execution),
    chainId: invoice.chainId === null ? undefined : text(invoice.chainId),
    [invoice.steps === null ? 'byteGasPrice' : 'stepGasPrice']: invoice.steps === null ? '0.0002' : '5e-7',
    accounting_signature: signature('invoice', execution.index),
    lineItem: lineItems(invoice, execution, node),
  };
  if (execution.form !== 'payload') return object({ type, ...ids, ...rest });
  const isBeside = execution.index % 2 === 0;
  return object({ ...(isBeside ? ids : {}), payload: object({ type, ...(isBeside ? {} : ids), ...rest }) });
}

const OTHER_KINDS = [
  'node_outcome',
  'solutions_revealed',
  'execution_completed',
  'register_node',
  'heartbeat',
  'solution_request',
] as const;

/** A record of another kind: nodes keep every message to and from the hub. It looks like one that counts. */
export function otherRecord(
  plan: Pick<NodePlan, 'seed'>,
  execution: PlannedExecution,
  node: PlannedNode,
  at: number,
): string {
  const kind = OTHER_KINDS[(execution.index + at) % OTHER_KINDS.length] ?? 'heartbeat';
  const inside = { executionId: idJson(execution.id), invoiceId: text(`other-${execution.index}`) };
  const message = object({ type: text('task_created'), ...inside, chainId: text('999') });
  if (at % 2 === 0) return object({ type: text(kind), ...inside, message, nodeAddress: text(node.wallet) });
  return object({
    messageId: text(plannedHex(32, 'other', plan.seed, execution.index, at)),
    type: text('computed_outcome'),
    payload: object({ type: text(kind), message, data: text(`\u{1f980} }] ${execution.input}`) }),
  });
}
