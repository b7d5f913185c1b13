import { describe, expect, it } from 'vitest';
import { makeNodePlan, STANDARD_PLAN } from '../../../src/agent/simulator/node-plan.ts';
import {
  expectedMessages,
  knownExecutions,
  saltedHash,
  secretsOf,
} from '../../../src/agent/simulator/node-oracle.ts';
import {
  activeLabel,
  amountLabel,
  memoryLabel,
  timeLabel,
  totalLabel,
} from '../../../src/agent/simulator/oracle-buckets.ts';
import { AT_MS, execution, invoice, METRICS, planOf, ROUNDED_MS, SALT, work } from './hand-made.ts';

const EXECUTION_HASH = '714bcb9203195b33df12370f29e7578c308798a140a04f10852e1269a893a2d6';
const INVOICE_HASH = 'f38c25d3218d3358e5784f276296032a71def67d58b0e1948f99b8f5f4109c81';

describe('oracle - hashes and buckets', () => {
  it.each([
    ['657938a7-ebf1-4899-85ea-494fbca71123', EXECUTION_HASH],
    ['1792917253851031498', '1ed252c0986b083c171320beba7338f0a70c4b8b5bf4252c3fd6e7a2707277ad'],
    ['inv-123', INVOICE_HASH],
  ])('oracle - the hash of %s', (id, hash) => expect(saltedHash(SALT, id)).toBe(hash));

  it.each<[number | null, string | null]>([
    [null, null],
    [0, null],
    [-1, null],
    [99_999_999, '<100ms'],
    [100_000_000, '100-500ms'],
    [500_000_000, '500ms-1s'],
    [59_999_999_999, '30s-1m'],
    [60_000_000_000, '>1m'],
  ])('oracle - %s ns are %s', (ns, label) => expect(timeLabel(ns)).toBe(label));

  it.each([
    [1, '<100K'],
    [99_999, '<100K'],
    [100_000, '100K-1M'],
    [1e8 - 1, '10M-100M'],
    [1e8, '>100M'],
  ])('oracle - an amount of %s is %s', (amount, label) => expect(amountLabel(amount)).toBe(label));

  it.each([
    [17, '<64MB'],
    [1_024, '64-256MB'],
    [16_384, '>1GB'],
    [65_535, '>1GB'],
    [65_536, '<64MB'],
    [64 * 2 ** 20, '64-256MB'],
    [2 ** 30, '>1GB'],
  ])('oracle - a peak of %s is %s', (peak, label) => expect(memoryLabel(peak)).toBe(label));

  it.each([
    [0, '0', '0'],
    [1, '1', '1-10'],
    [3, '2-3', '1-10'],
    [5, '4-5', '1-10'],
    [6, '>5', '1-10'],
    [10, '>5', '10-50'],
    [50, '>5', '50-100'],
    [999, '>5', '500-1K'],
    [1_000, '>5', '>1K'],
  ])('oracle - %s executions are %s active and %s in all', (count, active, total) =>
    expect([activeLabel(count), totalLabel(count)]).toEqual([active, total]),
  );
});

describe('oracle - messages', () => {
  it('oracle - a completed execution with an invoice gives three messages', () => {
    const plan = planOf([execution({ invoices: [invoice()] })]);
    expect(expectedMessages(plan, 0, SALT)).toEqual([
      {
        type: 'task_received',
        data: { chainId: '43113', taskType: 'rs', taskIdHash: EXECUTION_HASH },
        timestampMs: ROUNDED_MS,
      },
      {
        type: 'task_completed',
        data: {
          chainId: '43113',
          taskIdHash: EXECUTION_HASH,
          status: 'completed',
          success: true,
          executionTimeBucket: '100-500ms',
          gasUsedBucket: '100K-1M',
          cached: false,
        },
        timestampMs: ROUNDED_MS,
      },
      {
        type: 'invoice_created',
        data: {
          invoiceIdHash: INVOICE_HASH,
          taskIdHash: EXECUTION_HASH,
          chainId: '43113',
          stepsComputedBucket: '1M-10M',
          memoryUsedBucket: '<64MB',
          operation: 'charge',
        },
        timestampMs: ROUNDED_MS,
      },
    ]);
  });

  const second = execution({ index: 1, id: { text: 'second', form: 'text' } });
  const overlapping = work({ startedMs: AT_MS + 500, completedMs: AT_MS + 2_000 });
  const unnamed = work({ metrics: { ...METRICS, isNamed: false } });
  it.each<[string, Parameters<typeof planOf>[0], object]>([
    [
      'failed',
      [execution({ works: [work({ metrics: { ...METRICS, exitCode: 137 } })] })],
      { status: 'failed', success: false },
    ],
    [
      'of unknown exit code',
      [execution({ works: [work({ metrics: { ...METRICS, exitCode: null } })] })],
      { status: 'completed', executionTimeBucket: '100-500ms' },
    ],
    ['without metrics', [execution({ works: [work({ metrics: null })] })], { status: 'completed' }],
    ['whose metrics are its own, for it is alone', [execution({ works: [unnamed] })], { success: true }],
    [
      'whose metrics may be those of another',
      [execution({ works: [unnamed] }), { ...second, works: [overlapping] }],
      { status: 'completed' },
    ],
  ])('oracle - a completion %s', (_name, executions, data) => {
    const found = expectedMessages(planOf(executions), 0, SALT).find(({ type }) => type === 'task_completed');
    expect(found?.data).toMatchObject(data);
    if (!('success' in data)) expect(found?.data).not.toHaveProperty('success');
  });

  it('oracle - without logs there are no metrics, and what only logs tell is not known', () => {
    const plan = planOf([execution(), execution({ index: 1, works: [work({ isInEvents: false })] })]);
    const sources = { events: true, logs: false };
    const messages = expectedMessages(plan, 0, SALT, sources);
    expect(messages.map(({ type }) => type)).toEqual(['task_received', 'task_completed']);
    expect(messages[1]?.data).toEqual({ chainId: '43113', taskIdHash: EXECUTION_HASH, status: 'completed' });
    expect(knownExecutions(plan, 0, sources)).toBe(1);
    expect(knownExecutions(plan, 0)).toBe(2);
  });

  it('oracle - an invoice without an execution names no task, and an API task has no steps', () => {
    const lonely = invoice({ executionId: null, chainId: '7', steps: null, peakMemory: null });
    const messages = expectedMessages(planOf([execution({ invoices: [lonely] })]), 0, SALT);
    expect(messages.at(-1)?.data).toEqual({
      invoiceIdHash: INVOICE_HASH,
      chainId: '7',
      operation: 'charge',
    });
  });

  it('oracle - no secret of a plan stands in a message', () => {
    const plan = makeNodePlan({ ...STANDARD_PLAN, nodes: 2 });
    const text = JSON.stringify([0, 1].map((node) => expectedMessages(plan, node, SALT))).toLowerCase();
    expect(secretsOf(plan).length).toBeGreaterThan(150);
    expect(secretsOf(plan).filter((secret) => text.includes(secret.toLowerCase()))).toEqual([]);
  });
});
