import { describe, expect, it } from 'vitest';
import {
  type BackendHealth,
  type BackendSign,
  AWAY_BACKEND,
  FRESH_BACKEND,
  healthAfter,
} from '../../../src/trades/domain/backend-health.ts';
import { forwardWaitMs, restoredWait, retryWait } from '../../../src/trades/domain/delivery-schedule.ts';
import { ingestUrl } from '../../../src/trades/domain/ingest-url.ts';

const HOUR_MS = 3_600_000;

describe('delivery schedule', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [8, 128_000],
    [9, 256_000],
    [10, 300_000],
    [1000, 300_000],
    [5000, 300_000],
  ])('after %i failed attempts a line waits %i ms at most, and half of it at least', (attempts, mostMs) => {
    expect(retryWait(attempts, 0, null)).toEqual({ waitMs: mostMs, mayComeForward: true });
    expect(retryWait(attempts, 0.999_999, null).waitMs).toBeCloseTo(mostMs / 2, -1);
  });

  it.each([
    ['none', 1, null, 1_000, true],
    ['0', 1, 0, 1_000, true],
    ['a shorter one', 5, 3_000, 16_000, true],
    ['a longer one', 1, 60_000, 60_000, false],
    ['an hour', 20, HOUR_MS, HOUR_MS, false],
    ['more than an hour', 1, 2 * HOUR_MS, HOUR_MS, false],
  ])('Retry-After: %s', (_, attempts, retryAfterMs, waitMs, mayComeForward) => {
    expect(retryWait(attempts, 0, retryAfterMs)).toEqual({ waitMs, mayComeForward });
  });

  it.each([
    ['is over', -5_000, 0, true],
    ['is nearly over', 900, 900, true],
    ['goes on', 5_000, 1_000, true],
    ['is the longest of its own', 300_000, 1_000, true],
    ['was asked for', 300_001, 300_001, false],
    ['is from a clock that was ahead', 9 * HOUR_MS, HOUR_MS, false],
  ])('a wait from before the start %s', (_, aheadMs, waitMs, mayComeForward) => {
    expect(restoredWait(1_000_000 + aheadMs, 1_000_000, 0.5)).toEqual({ waitMs, mayComeForward });
  });

  it('lines that come forward are spread over 2 s', () => {
    expect([0, 0.5, 0.999_999].map(forwardWaitMs)).toEqual([0, 1000, 2000]);
  });
});

describe('backend health', () => {
  const away = (failures: number): BackendHealth => ({ isAway: true, failures });
  const failing = (failures: number): BackendHealth => ({ isAway: false, failures });
  it.each<[BackendHealth, BackendSign, BackendHealth]>([
    [FRESH_BACKEND, 'judged', FRESH_BACKEND],
    [FRESH_BACKEND, 'unreached', away(1)],
    [FRESH_BACKEND, 'deferred', away(1)],
    [FRESH_BACKEND, 'failed', failing(1)],
    [failing(1), 'failed', failing(2)],
    [failing(2), 'failed', away(3)],
    [failing(2), 'judged', FRESH_BACKEND],
    [away(1), 'failed', away(2)],
    [away(9), 'judged', FRESH_BACKEND],
    [AWAY_BACKEND, 'judged', FRESH_BACKEND],
    [AWAY_BACKEND, 'unreached', away(4)],
  ])('%j after %s: %j', (before, sign, after) => {
    expect(healthAfter(before, sign)).toEqual(after);
  });
});

describe('ingest URL', () => {
  it.each([
    ['http://localhost:3010', 'http://localhost:3010/api/ingest'],
    ['http://localhost:3010/', 'http://localhost:3010/api/ingest'],
    ['https://example.org/perf', 'https://example.org/perf/api/ingest'],
    ['https://example.org/perf//', 'https://example.org/perf/api/ingest'],
    ['http://[::1]:3010/a%20b/', 'http://[::1]:3010/a%20b/api/ingest'],
  ])('%s leads to %s', (base, whole) => {
    expect(ingestUrl(base).href).toBe(whole);
  });
});
