// Tasks, invoices and states as deployed monitors keep them: rows of their database, and the node's own records.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readCompleted,
  readInvoice,
  readNodeStatus,
  readReceived,
} from '../../../src/agent/library/monitor-forms.ts';

const HEX = 'a1'.repeat(32);
const AT = '2026-01-15T10:12:00.000Z';
const AT_MS = Date.parse(AT);

describe('received', () => {
  it.each([
    [
      'a row of the database',
      { id: 7, execution_id: 'e', chain_id: 1, task_type: 'wasm', received_at: AT, input_data: 'secret' },
      { executionId: 'e', chainId: '1', taskType: 'wasm', atMs: AT_MS },
    ],
    [
      'the name of a program as its type',
      { execution_id: 'e', task_type: `rs_${HEX}`, received_at: AT_MS / 1000 },
      { executionId: 'e', chainId: null, taskType: 'rs', atMs: AT_MS },
    ],
    [
      'labels that are none',
      { id: 12, chain_id: '0x1', task_type: 'unknown', received_at: new Date(Number.NaN) },
      { executionId: '12', chainId: null, taskType: null, atMs: null },
    ],
    [
      'a date',
      { execution_id: 5n, received_at: new Date(AT_MS) },
      { executionId: '5', chainId: null, taskType: null, atMs: AT_MS },
    ],
  ])('%s', (_case, task, fact) => {
    expect(readReceived(task)).toEqual(fact);
  });

  it.each([
    null,
    undefined,
    5,
    'e',
    [],
    {},
    { execution_id: '' },
    { execution_id: 'x'.repeat(257) },
    { execution_id: 2 ** 60 },
  ])('%j is none', (task) => {
    expect(readReceived(task)).toBeNull();
    expect(readCompleted(task)).toBeNull();
    expect(readInvoice(task)).toBeNull();
  });
});

describe('completed', () => {
  it.each([
    ['completed', undefined, false],
    ['success', undefined, false],
    ['unknown', undefined, false],
    ['failed', undefined, true],
    ['timeout', undefined, true],
    [undefined, undefined, false],
    ['failed', 0, true],
  ])('status %j with exit code %j: failed is %s', (status, exit_code, hasFailed) => {
    expect(readCompleted({ execution_id: 'e', status, exit_code })).toMatchObject({ hasFailed });
  });

  it('numbers may be texts, and flags 0 and 1', () => {
    const row = {
      execution_id: 'e',
      exit_code: '1',
      elapsed_ms: '420.5',
      gas_used: '25',
      cached: 0,
      completed_at: AT,
    };
    expect(readCompleted(row)).toMatchObject({
      metrics: { elapsedMs: 420.5, exitCode: 1, steps: 25, isCached: false },
      atMs: AT_MS,
    });
    expect(readCompleted({ execution_id: 'e', cached: 'no' })?.metrics).toEqual({
      elapsedMs: null,
      exitCode: null,
      steps: null,
      isCached: null,
    });
  });
});

describe('invoice', () => {
  const details = {
    invoiceId: 'i',
    executionId: 'e',
    chainId: '1',
    taskId: `rs_${HEX}/1.0.0`,
    taskCreated_timeStamp: AT_MS,
    lineItem: [{ operation: 'charge', total_steps_computed: 5, peak_memory_used: 17 }, { operation: 'pay' }],
  };
  const fact = {
    invoiceId: 'i',
    executionId: 'e',
    chainId: '1',
    steps: 5,
    peakMemoryBytes: 17 * 65_536,
    operation: 'charge',
    atMs: AT_MS,
  };

  it.each([
    ['with details', { id: 3, details }],
    ['with details as text', { id: 3, details: JSON.stringify(details) }],
    ['the record itself', details],
  ])('%s', (_case, invoice) => {
    expect(readInvoice(invoice)).toEqual(fact);
  });

  it('in snake_case, without an execution, and by the number of its row', () => {
    expect(readInvoice({ invoice_id: 'i', execution_id: 'e', chain_id: 1, timestamp: AT })).toMatchObject({
      invoiceId: 'i',
      executionId: 'e',
      chainId: '1',
      atMs: AT_MS,
    });
    expect(readInvoice({ id: 3, details: { operation: 'PAY' } })).toMatchObject({
      invoiceId: '3',
      executionId: null,
      operation: null,
    });
  });

  it('of a text every number keeps its digits', () => {
    expect(readInvoice({ details: '{"invoiceId":1792917253851031498}' })?.invoiceId).toBe(
      '1792917253851031498',
    );
  });
});

describe('state of the node', () => {
  it.each([
    [{}, { isOnline: true, active: 0, total: 0, continent: null, location: null }],
    [
      { connected: false, activeTasks: 2 },
      { isOnline: false, active: 2, total: 0, continent: null, location: null },
    ],
    [
      { continent: 'eu', location: '48.24,11.5', totalTasks: '7' },
      { isOnline: true, active: 0, total: 7, continent: 'EU', location: '48.0,11.5' },
    ],
    [null, { isOnline: true, active: 0, total: 0, continent: null, location: null }],
  ])('%j', (status, state) => {
    expect(readNodeStatus(status)).toEqual(state);
  });
});

it('forms law - nothing that a program hands over makes them throw', () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
      fc.json(),
      (value, text) => {
        for (const read of [readReceived, readCompleted, readInvoice, readNodeStatus]) {
          read(value);
          read({ execution_id: value, id: value, details: value, received_at: value, cached: value });
          read({ details: text });
        }
      },
    ),
  );
});
