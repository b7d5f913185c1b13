// The edges of every range: the lower edge belongs to it, the upper edge to the next one.

import { describe, expect, it } from 'vitest';
import {
  activeTasksBucket,
  executionTimeBucket,
  gasUsedBucket,
  memoryUsedBucket,
  stepsComputedBucket,
  totalTasksBucket,
} from '../../../src/agent/domain/buckets.ts';

const MEBIBYTE = 2 ** 20;

type Row = readonly [value: number, label: string];

describe('buckets', () => {
  const TIMES: readonly Row[] = [
    [0.000_001, '<100ms'],
    [99.999, '<100ms'],
    [100, '100-500ms'],
    [499.999, '100-500ms'],
    [500, '500ms-1s'],
    [999.9, '500ms-1s'],
    [1_000, '1-5s'],
    [4_999, '1-5s'],
    [5_000, '5-10s'],
    [9_999.999, '5-10s'],
    [10_000, '10-30s'],
    [29_999, '10-30s'],
    [30_000, '30s-1m'],
    [59_999.999, '30s-1m'],
    [60_000, '>1m'],
    [Number.MAX_VALUE, '>1m'],
  ];
  it.each(TIMES)('execution time - %d ms is %s', (value, label) => {
    expect(executionTimeBucket(value)).toBe(label);
  });

  const STEPS: readonly Row[] = [
    [1, '<100K'],
    [99_999, '<100K'],
    [1e5, '100K-1M'],
    [999_999, '100K-1M'],
    [1e6, '1M-10M'],
    [9_999_999, '1M-10M'],
    [1e7, '10M-100M'],
    [99_999_999, '10M-100M'],
    [1e8, '>100M'],
  ];
  it.each(STEPS)('steps - %d is %s, as gas and on an invoice', (value, label) => {
    expect(gasUsedBucket(value)).toBe(label);
    expect(stepsComputedBucket(value)).toBe(label);
  });

  const MEMORY: readonly Row[] = [
    [1, '<64MB'],
    [64 * MEBIBYTE - 1, '<64MB'],
    [64 * MEBIBYTE, '64-256MB'],
    [256 * MEBIBYTE - 1, '64-256MB'],
    [256 * MEBIBYTE, '256MB-1GB'],
    [2 ** 30 - 1, '256MB-1GB'],
    [2 ** 30, '>1GB'],
  ];
  it.each(MEMORY)('memory - %d bytes is %s', (value, label) => {
    expect(memoryUsedBucket(value)).toBe(label);
  });

  const ACTIVE: readonly Row[] = [
    [0, '0'],
    [1, '1'],
    [2, '2-3'],
    [3, '2-3'],
    [4, '4-5'],
    [5, '4-5'],
    [6, '>5'],
    [1e9, '>5'],
  ];
  it.each(ACTIVE)('active tasks - %d is %s', (value, label) => {
    expect(activeTasksBucket(value)).toBe(label);
  });

  const TOTAL: readonly Row[] = [
    [0, '0'],
    [1, '1-10'],
    [9, '1-10'],
    [10, '10-50'],
    [49, '10-50'],
    [50, '50-100'],
    [99, '50-100'],
    [100, '100-500'],
    [499, '100-500'],
    [500, '500-1K'],
    [999, '500-1K'],
    [1_000, '>1K'],
  ];
  it.each(TOTAL)('total tasks - %d is %s', (value, label) => {
    expect(totalTasksBucket(value)).toBe(label);
  });

  it.each([null, 0, -1, Number.NaN, Infinity, -Infinity])('amounts - %s is left out', (value) => {
    for (const bucket of [executionTimeBucket, gasUsedBucket, stepsComputedBucket, memoryUsedBucket]) {
      expect(bucket(value)).toBeNull();
    }
  });

  it.each([-1, Number.NaN, Infinity])('numbers of tasks - %s is left out', (value) => {
    expect(activeTasksBucket(value)).toBeNull();
    expect(totalTasksBucket(value)).toBeNull();
  });
});
