// The entries of a simulated node's log as texts (docs/agent.md#sources). It decides nothing: what is written stands in
// the plan.

import { idJson, taskMessage } from './node-records.ts';
import type { PlannedExecution, PlannedMetrics, PlannedNode } from './planned-execution.ts';

const RED = '\u001B[31m';
const GREEN = '\u001B[32m';
const PLAIN = '\u001B[39m';
const VERSION = '1.4.2-beta.3';

/** `YYYY-MM-DD HH:MM:SS` in UTC. */
function stamp(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** One entry with its line end. Every third has colours, and every fifth what `docker logs` puts before it. */
function entry(atMs: number, level: string, node: PlannedNode, number: number, words: string): string {
  const name = number % 2 === 0 ? `worker-runner-node-${node.wallet}` : 'worker-runner-node';
  const shown = number % 3 === 0 ? `${GREEN}${level}${PLAIN}` : level;
  const before = number % 5 === 0 ? 'runner-node | ' : '';
  return `${before}${stamp(atMs)} ${shown}: @truebit/${name}:${VERSION} ${words}\n`;
}

/** The entry that a task came. */
export function receivedEntry(execution: PlannedExecution, node: PlannedNode, atMs: number): string {
  const { index, id, form } = execution;
  const type = execution.taskType === null ? '' : `"taskType":${JSON.stringify(execution.taskType)},`;
  const flat = `{"executionId":${idJson(id)},${type}"chainId":${execution.chainId},"taskId":${JSON.stringify(execution.program)}}`;
  const whole = `{"executionId":${idJson(id)},"type":"task_created","payload":${taskMessage(execution, node)}}`;
  const json = form === 'flat' ? flat : whole;
  const lines = index % 2 === 0 ? ` ${json}` : `\n${json.replaceAll(',"', ',\n  "')}`;
  return entry(atMs, 'info', node, index, `Message received from task_created:${lines}`);
}

/** The entry that the work began. */
export function startedEntry({ index, id }: PlannedExecution, node: PlannedNode, atMs: number): string {
  const words =
    index % 2 === 0 ? `Starting task execution ${id.text}` : `Starting task execution: ${id.text}`;
  return entry(atMs, 'debug', node, index + 1, words);
}

/** The entry with the metrics of the work. */
export function metricsEntry(
  { index, id }: PlannedExecution,
  node: PlannedNode,
  atMs: number,
  metrics: PlannedMetrics,
): string {
  const { exitCode, steps, cached, elapsedNs, peakMemory } = metrics;
  const isText = index % 4 === 1;
  const said = {
    ...(metrics.isNamed ? { executionId: id.text } : {}),
    elapsed: isText ? String(elapsedNs) : elapsedNs,
    wasi: exitCode === null ? {} : { exitCode },
    metering: {
      limits: { gas: 60_000_000_000, memory: 1_024 },
      last: steps === null ? {} : { steps },
      peak: { memory: peakMemory, call: 12, frame: 333 },
    },
    execution: {
      wasm: { size: 123_456, hash: 'ab'.repeat(32) },
      prepare: cached === null ? {} : { cached },
    },
  };
  const json = index % 2 === 0 ? JSON.stringify(said) : JSON.stringify(said, null, 2);
  const words = `Command execution stdout: ${json}`;
  return entry(atMs, exitCode === 0 ? 'info' : 'warn', node, index + 2, words);
}

/** The entry that the work ended. */
export function completedEntry({ index, id }: PlannedExecution, node: PlannedNode, atMs: number): string {
  return entry(atMs, 'info', node, index + 3, `Execution ${id.text} completed`);
}

/** An entry of no meaning for the federation, with what must not leave the node. */
export function otherEntry(execution: PlannedExecution, node: PlannedNode, atMs: number): string {
  const words = [
    `Node with address ${node.wallet} requested registration`,
    `Using slot 1/4`,
    `InvoiceSubscriber got {"type":"invoice","invoiceId":"other-${execution.index}"}`,
    `${RED}Command execution stderr: ${execution.input}${PLAIN}\n    at main (task.js:1:1)`,
    `Message published to compute_outcome: {"executionId":${idJson(execution.id)}}`,
  ];
  const chosen = words[execution.index % words.length] ?? '';
  return entry(atMs, execution.index % 7 === 0 ? 'error' : 'verbose', node, execution.index + 4, chosen);
}
