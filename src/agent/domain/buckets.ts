// Exact numbers become the ranges that a message may carry (docs/agent.md#messages). The lower edge of a range belongs to
// it, the upper edge to the next one, and nothing is rounded before. This file reads no source and builds no message.

import {
  ACTIVE_TASKS,
  EXECUTION_TIMES,
  GAS_AMOUNTS,
  MEMORY_SIZES,
  STEP_COUNTS,
  TOTAL_TASKS,
} from '../../federation/domain/vocabulary.ts';

const MEBIBYTE = 1_048_576;

// Each list has the edges between the labels: one fewer than there are labels.
const TIME_EDGES_MS = [100, 500, 1_000, 5_000, 10_000, 30_000, 60_000];
const STEP_EDGES = [100_000, 1_000_000, 10_000_000, 100_000_000];
const MEMORY_EDGES_BYTES = [64 * MEBIBYTE, 256 * MEBIBYTE, 1_024 * MEBIBYTE];
const ACTIVE_EDGES = [1, 2, 4, 6];
const TOTAL_EDGES = [1, 10, 50, 100, 500, 1_000];

/** Label of `executionTimeBucket` for milliseconds. Null if absent, not finite or not above 0: then it is left out. */
export function executionTimeBucket(elapsedMs: number | null): string | null {
  return amountLabel(EXECUTION_TIMES, TIME_EDGES_MS, elapsedMs);
}

/** Label of `gasUsedBucket` for metered steps. Null if absent, not finite or not above 0. */
export function gasUsedBucket(steps: number | null): string | null {
  return amountLabel(GAS_AMOUNTS, STEP_EDGES, steps);
}

/** Label of `stepsComputedBucket` for the steps of an invoice. Null if absent, not finite or not above 0. */
export function stepsComputedBucket(steps: number | null): string | null {
  return amountLabel(STEP_COUNTS, STEP_EDGES, steps);
}

/** Label of `memoryUsedBucket` for bytes. Null if absent, not finite or not above 0. */
export function memoryUsedBucket(bytes: number | null): string | null {
  return amountLabel(MEMORY_SIZES, MEMORY_EDGES_BYTES, bytes);
}

/** Label of `activeTasksBucket`, from 0 up. Null if the number is not finite or below 0. */
export function activeTasksBucket(count: number): string | null {
  return countLabel(ACTIVE_TASKS, ACTIVE_EDGES, count);
}

/** Label of `totalTasksBucket`, from 0 up. Null if the number is not finite or below 0. */
export function totalTasksBucket(count: number): string | null {
  return countLabel(TOTAL_TASKS, TOTAL_EDGES, count);
}

function amountLabel(
  labels: readonly string[],
  edges: readonly number[],
  value: number | null,
): string | null {
  return value === null || value <= 0 ? null : countLabel(labels, edges, value);
}

function countLabel(labels: readonly string[], edges: readonly number[], value: number): string | null {
  if (!Number.isFinite(value) || value < 0) return null;
  const index = edges.findIndex((edge) => value < edge);
  return (index === -1 ? labels[edges.length] : labels[index]) ?? null;
}
