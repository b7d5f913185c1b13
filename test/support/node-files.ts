// Event files of a node for tests and benches, written without a plan: as many executions as wanted, each with a task, an
// outcome and an invoice, all ids different.

import { closeSync, openSync, writeSync } from 'node:fs';

const BATCH = 200;
const FIRST_MS = 1_725_385_103_522;

/** Writes a file with this many executions. */
export function smallEventFile(path: string, executions: number): void {
  const file = openSync(path, 'w');
  writeSync(file, '{"records":[');
  for (let number = 0; number < executions; number++)
    writeSync(file, `${number === 0 ? '' : ','}${recordsOf('small', number, 'x')}`);
  writeSync(file, ']}');
  closeSync(file);
}

/** Writes a file of at least so many bytes; returns the number of its executions. */
export function largeEventFile(path: string, bytes: number): number {
  const file = openSync(path, 'w');
  const input = 'x'.repeat(300);
  let written = writeSync(file, '{"records":[');
  let executions = 0;
  while (written < bytes) {
    let text = '';
    for (let index = 0; index < BATCH; index++) {
      text += `${recordsOf('large', executions, input)},${otherRecords(executions, input)},`;
      executions += 1;
    }
    written += writeSync(file, text);
  }
  writeSync(file, '{"payload":{"type":"ping"}}]}');
  closeSync(file);
  return executions;
}

/** What else a node keeps of an execution: its messages to and from the hub, which are the most of its file. */
function otherRecords(number: number, input: string): string {
  const types = ['task_bid', 'task_assigned', 'task_progress', 'verification', 'task_ack', 'ping'];
  const records = types.map((type) => ({
    payload: { type, timestamp: FIRST_MS + number * 1_000, message: { chainId: '43113', input, number } },
  }));
  return records.map((record) => JSON.stringify(record)).join(',');
}

/** The three records of one execution; ids of invoices are numbers of 22 digits. */
function recordsOf(name: string, number: number, input: string): string {
  const executionId = `${name}-${number}-0f0c0a54-7d0f-4b8e-9d5c-1c2f6b7a9e10`;
  const timestamp = FIRST_MS + number * 1_000;
  const taskId = `rs_${'0f'.repeat(32)}`;
  const message = { executionId, taskId, chainId: '43113', input };
  const created = { payload: { type: 'task_created', timestamp, message } };
  const outcome = {
    payload: { type: 'computed_outcome', timestamp, message: { executionId, outcome: input } },
  };
  const lineItem = [
    { type: 'charge', total_steps_computed: 1_234_567, peak_memory_used: 17, operation: 'charge' },
  ];
  const invoice = JSON.stringify({
    payload: {
      type: 'invoice',
      message: {
        executionId,
        chainId: '43113',
        taskCreated_timeStamp: timestamp,
        stepGasPrice: 5e-7,
        lineItem,
      },
    },
  });
  // A number would lose its last digits.
  const invoiceId = `${name === 'large' ? 2 : 1}7929172538510${String(number).padStart(8, '0')}`;
  return [
    JSON.stringify(created),
    JSON.stringify(outcome),
    invoice.replace('"executionId"', `"invoiceId":${invoiceId},"executionId"`),
  ].join(',');
}
