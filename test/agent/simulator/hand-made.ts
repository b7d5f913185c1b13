// Executions made by hand for tests of the oracle: every number stands in the test.

import type {
  NodePlan,
  PlannedExecution,
  PlannedInvoice,
  PlannedMetrics,
  PlannedWork,
} from '../../../src/agent/simulator/planned-execution.ts';

/** A time that is no multiple of five minutes; rounded down it is {@link ROUNDED_MS}. */
export const AT_MS = Date.parse('2026-01-15T10:33:20.500Z');
export const ROUNDED_MS = Date.parse('2026-01-15T10:30:00Z');
export const SALT = 'f'.repeat(64);

export const METRICS: PlannedMetrics = {
  elapsedNs: 120_000_000,
  exitCode: 0,
  steps: 150_000,
  peakMemory: 17,
  cached: false,
  isNamed: true,
};

export function work(more: Partial<PlannedWork> = {}): PlannedWork {
  return {
    receivedMs: AT_MS,
    startedMs: AT_MS + 100,
    completedMs: AT_MS + 1_000,
    metrics: METRICS,
    worker: 0,
    isInEvents: true,
    isInLogs: true,
    ...more,
  };
}

export function execution(more: Partial<PlannedExecution> = {}): PlannedExecution {
  return {
    index: 0,
    id: { text: '657938a7-ebf1-4899-85ea-494fbca71123', form: 'text' },
    form: 'real',
    program: `rs_${'ab'.repeat(32)}`,
    taskType: null,
    chainId: '43113',
    blockNumber: 47_476_800,
    input: 'canary-abc 0x04cd16f6525110b023435d5a0dca6532acc2c8f7',
    works: [work()],
    invoices: [],
    ...more,
  };
}

export function invoice(more: Partial<PlannedInvoice> = {}): PlannedInvoice {
  return {
    id: { text: 'inv-123', form: 'text' },
    createdMs: AT_MS,
    executionId: { text: '657938a7-ebf1-4899-85ea-494fbca71123', form: 'text' },
    chainId: null,
    operation: 'charge',
    steps: 6_839_448,
    peakMemory: 17,
    shares: 2,
    ...more,
  };
}

export function planOf(executions: readonly PlannedExecution[], nodes = 1): NodePlan {
  const wallet = (node: number) => `0x${String(node).repeat(40)}`;
  return {
    seed: 1,
    nodes: Array.from({ length: nodes }, (_, node) => ({
      wallet: wallet(node),
      eventFile: `${wallet(node)}-eventDB.json`,
    })),
    executions,
    othersPerExecution: 0,
  };
}
