import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isForgotten, NO_INFORMATION_MS, retryWaitMs } from '../../../src/mining/domain/delivery-schedule.ts';

const { backoff_ms: vector } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../vectors.json', import.meta.url)), 'utf8'),
) as { readonly backoff_ms: readonly number[] };

describe('delivery schedule', () => {
  it.each(['pool', 'wallet'] as const)(
    'delivery schedule - the waits of the vectors, and the last one for ever, in %s mode',
    (mode) => {
      expect(vector.map((_wait, index) => retryWaitMs(mode, index + 1, 0, null))).toEqual(vector);
      expect(retryWaitMs(mode, 6, 0, null)).toBe(16_000);
      expect(retryWaitMs(mode, 10_000, 0, null)).toBe(16_000);
    },
  );

  it('delivery schedule - chance shortens the waits of a pool by up to half, and those of a wallet not at all', () => {
    expect(retryWaitMs('pool', 5, 0.999, null)).toBe(8008);
    expect(retryWaitMs('wallet', 5, 0.999, null)).toBe(16_000);
  });

  it.each([
    [1, 500, 1000],
    [1, 5000, 5000],
    [5, 5000, 16_000],
    [1, 3_600_000, 60_000],
  ])(
    'delivery schedule - after %d failures and with Retry-After %d ms it waits %d ms',
    (failures, retryAfterMs, waitMs) => {
      expect(retryWaitMs('pool', failures, 0, retryAfterMs)).toBe(waitMs);
    },
  );

  it('delivery schedule - an entry is dropped after 240 s without information, and never while information comes', () => {
    expect(NO_INFORMATION_MS).toBe(240_000);
    expect(isForgotten(0, -Infinity, 239_999)).toBe(false);
    expect(isForgotten(0, -Infinity, 240_000)).toBe(true);
    expect(isForgotten(0, 100_000, 339_999)).toBe(false);
    expect(isForgotten(0, 100_000, 340_000)).toBe(true);
    expect(isForgotten(300_000, 100_000, 340_000)).toBe(false);
  });
});
