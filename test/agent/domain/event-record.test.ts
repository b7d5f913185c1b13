// What one record of an event file says: kinds, where ids and values are looked for, and the forms that nodes write.

import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../src/agent/domain/event-record.ts';
import type { SourceFact, UnreadReason } from '../../../src/agent/domain/source-facts.ts';
import { ID_BYTES_MAX } from '../../../src/agent/domain/task-labels.ts';
import { digitsKept, PlainRecord } from '../sources/plain-records.ts';

const HEX = '0123456789abcdef'.repeat(4);
const UUID = '657938a7-ebf1-4899-85ea-494fbca71123';
const DIGITS = '1792917253851031498';

const read = (record: unknown): SourceFact | UnreadReason => readText(JSON.stringify(record));
const readText = (text: string): SourceFact | UnreadReason => readRecord(new PlainRecord(digitsKept(text)));

const RECEIVED = { kind: 'received', executionId: 'a', chainId: null, taskType: null, atMs: null };
const INVOICE = {
  kind: 'invoice',
  invoiceId: 'i',
  executionId: null,
  chainId: null,
  steps: null,
  peakMemoryBytes: null,
  operation: null,
  atMs: null,
};

describe('event record', () => {
  it('event record - a task as a node writes it', () => {
    const message = {
      executionId: UUID,
      taskId: `rs_${HEX}`,
      chainId: '43113',
      input: { a: [1] },
      stepGasPrice: 5e-7,
    };
    const record = { id: 1, payload: { type: 'task_created', timestamp: 1_725_385_103_522, message } };
    expect(read(record)).toEqual({
      kind: 'received',
      executionId: UUID,
      chainId: '43113',
      taskType: 'rs',
      atMs: 1_725_385_103_522,
    });
  });

  it('event record - an invoice as a node writes it', () => {
    const message = {
      invoiceId: DIGITS,
      executionId: UUID,
      taskId: `rs_${HEX}/1.0.0`,
      chainId: '43113',
      taskCreated_timeStamp: 1_725_385_103_522,
      lineItem: [
        { operation: 'charge', total_steps_computed: 2_000_000, peak_memory_used: 17 },
        { operation: 'pay', total_steps_computed: 1, peak_memory_used: 1 },
      ],
    };
    expect(read({ payload: { type: 'invoice', message } })).toEqual({
      kind: 'invoice',
      invoiceId: DIGITS,
      executionId: UUID,
      chainId: '43113',
      steps: 2_000_000,
      peakMemoryBytes: 17 * 65_536,
      operation: 'charge',
      atMs: 1_725_385_103_522,
    });
  });

  it.each<[string, object, object]>([
    [
      'flat',
      { type: 'task_created', executionId: 'a', chainId: 5, taskType: 'rust', timestamp: 1_725_385_103 },
      { chainId: '5', taskType: 'rust', atMs: 1_725_385_103_000 },
    ],
    [
      'flat with a message',
      { type: 'task_created', timestamp: 1_725_385_103, message: { executionId: 'a', chainId: '5' } },
      { chainId: '5', atMs: 1_725_385_103_000 },
    ],
    [
      'the id of P is first',
      {
        executionId: 'r',
        payload: { type: 'task_created', executionId: 'a', message: { executionId: 'm' } },
      },
      {},
    ],
    [
      'then that of M',
      { executionId: 'r', payload: { type: 'task_created', message: { executionId: 'a' } } },
      {},
    ],
    ['then that of R', { executionId: 'a', payload: { type: 'task_created', message: {} } }, {}],
    [
      'an id of no form is passed over',
      { executionId: 'a', payload: { type: 'task_created', executionId: '', message: { executionId: {} } } },
      {},
    ],
    [
      'the message of R is none of its payload',
      { message: { chainId: '5' }, payload: { type: 'task_created', executionId: 'a' } },
      {},
    ],
    [
      'labels are those of M only',
      { payload: { type: 'task_created', executionId: 'a', chainId: '5', taskType: 'x', message: {} } },
      {},
    ],
    [
      'the time is that of P only',
      { payload: { type: 'task_created', executionId: 'a', message: { timestamp: 1_725_385_103 } } },
      {},
    ],
    [
      'labels of another form are absent',
      {
        type: 'task_created',
        executionId: 'a',
        chainId: '0x5',
        taskType: 'Rust!',
        taskId: 'none',
        timestamp: 'soon',
      },
      {},
    ],
    ['a payload that is no object is none', { type: 'task_created', executionId: 'a', payload: [] }, {}],
    [
      'a message that is no object is none',
      { type: 'task_created', executionId: 'a', chainId: '5', message: 'text' },
      { chainId: '5' },
    ],
  ])('event record - task: %s', (_, record, more) => {
    expect(read(record)).toEqual({ ...RECEIVED, ...more });
  });

  it.each<[string, object, number | null]>([
    [
      'flat',
      { type: 'computed_outcome', executionId: 'a', timestamp: '2024-09-03T17:38:23.522Z' },
      1_725_385_103_522,
    ],
    [
      'in P',
      { payload: { type: 'computed_outcome', executionId: 'a', timestamp: '1725385103' } },
      1_725_385_103_000,
    ],
    [
      'in M',
      { payload: { type: 'computed_outcome', message: { executionId: 'a', timestamp: 1_725_385_103 } } },
      1_725_385_103_000,
    ],
    [
      'in R',
      { executionId: 'a', timestamp: 1_725_385_103, payload: { type: 'computed_outcome' } },
      1_725_385_103_000,
    ],
    ['without a time', { type: 'computed_outcome', executionId: 'a' }, null],
  ])('event record - outcome: %s', (_, record, atMs) => {
    expect(read(record)).toEqual({ kind: 'completed', executionId: 'a', atMs });
  });

  it.each<[string, object, object]>([
    ['without an execution', { type: 'invoice', invoiceId: 'i' }, {}],
    ['an execution of no form is none', { type: 'invoice', invoiceId: 'i', executionId: '' }, {}],
    [
      'in R',
      { invoiceId: 'i', executionId: 'e', chainId: '5', payload: { type: 'invoice' } },
      { executionId: 'e', chainId: '5' },
    ],
    [
      'of an API task',
      { payload: { type: 'invoice', message: { invoiceId: 'i', lineItem: [{ operation: 'charge' }] } } },
      { operation: 'charge' },
    ],
    [
      'numbers as decimal strings',
      {
        type: 'invoice',
        invoiceId: 'i',
        lineItem: [{ total_steps_computed: '12345', peak_memory_used: '65536' }],
      },
      { steps: 12_345, peakMemoryBytes: 65_536 },
    ],
    [
      'an item that is no object',
      { type: 'invoice', invoiceId: 'i', lineItem: [7, { operation: 'pay' }] },
      {},
    ],
    ['no list of items', { type: 'invoice', invoiceId: 'i', lineItem: { operation: 'pay' } }, {}],
    [
      'an operation of another form',
      { type: 'invoice', invoiceId: 'i', lineItem: [{ operation: 'Charge it' }] },
      {},
    ],
  ])('event record - invoice: %s', (_, record, more) => {
    expect(read(record)).toEqual({ ...INVOICE, ...more });
  });

  it.each<[string, string | null]>([
    [DIGITS, DIGITS],
    [`"${DIGITS}"`, DIGITS],
    ['7', '7'],
    ['1e3', '1e3'],
    [`"${'x'.repeat(ID_BYTES_MAX)}"`, 'x'.repeat(ID_BYTES_MAX)],
    [`"${'x'.repeat(ID_BYTES_MAX + 1)}"`, null],
    ['""', null],
    ['null', null],
    ['true', null],
    ['{}', null],
    ['["a"]', null],
  ])('event record - id %s', (id, executionId) => {
    const result = readText(`{"type":"computed_outcome","executionId":${id}}`);
    expect(result).toEqual(executionId === null ? 'invalid' : { kind: 'completed', executionId, atMs: null });
  });

  it.each<[string, UnreadReason]>([
    ['{"type":"task_created"}', 'invalid'],
    ['{"type":"invoice","executionId":"a"}', 'invalid'],
    ['{"type":"invoice","payload":{"type":"task_created"}}', 'invalid'],
    ['{"type":"task_created","payload":{},"executionId":"a"}', 'other'],
    ['{"type":"heartbeat","executionId":"a"}', 'other'],
    ['{"type":7}', 'other'],
    ['{}', 'other'],
    ['7', 'invalid'],
    ['null', 'invalid'],
    ['[{"type":"task_created","executionId":"a"}]', 'invalid'],
  ])('event record - %s is %s', (text, reason) => {
    expect(readText(text)).toBe(reason);
  });
});
