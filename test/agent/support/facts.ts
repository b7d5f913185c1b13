// Facts of sources, as short as a test needs them.

import type { ExecutionMetrics, SourceFact } from '../../../src/agent/domain/source-facts.ts';

export const CHAIN = '43113';

export function receivedFact(
  executionId: string,
  atMs: number | null,
  chainId: string | null = CHAIN,
): SourceFact {
  return { kind: 'received', executionId, chainId, taskType: 'api', atMs };
}

export function startedFact(executionId: string, atMs: number | null): SourceFact {
  return { kind: 'started', executionId, atMs };
}

export function metricsFact(
  executionId: string | null,
  atMs: number | null,
  metrics: Partial<ExecutionMetrics> = {},
): SourceFact {
  const all = { elapsedMs: 750, exitCode: 0, steps: 5_000_000, isCached: false, ...metrics };
  return { kind: 'metrics', executionId, metrics: all, atMs };
}

export function completedFact(executionId: string, atMs: number | null): SourceFact {
  return { kind: 'completed', executionId, atMs };
}

export function invoiceFact(
  invoiceId: string,
  executionId: string | null,
  atMs: number | null,
  chainId: string | null = null,
): SourceFact {
  return {
    kind: 'invoice',
    invoiceId,
    executionId,
    chainId,
    steps: 5_000_000,
    peakMemoryBytes: 100 * 2 ** 20,
    operation: 'charge',
    atMs,
  };
}
