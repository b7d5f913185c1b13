import { describe, expect, it } from 'vitest';
import { ACCOUNT_REASONS } from '../../../src/trades/domain/account-reasons.ts';
import {
  firstPace,
  paceAfter,
  pauseAfterFailures,
  retryPauseMs,
  withJitter,
} from '../../../src/trades/domain/poll-pace.ts';

describe('poll pace', () => {
  it('pace - a new trade halves the interval down to 30 s, and forgets empty polls', () => {
    const pace = { intervalMs: 300_000, emptyPolls: 4 };
    expect(paceAfter(pace, 200_000, true)).toEqual({ intervalMs: 100_000, emptyPolls: 0 });
    expect(paceAfter(firstPace(61_000), 61_000, true)).toEqual({ intervalMs: 30_500, emptyPolls: 0 });
    expect(paceAfter(firstPace(60_001), 59_000, true)).toEqual({ intervalMs: 30_000, emptyPolls: 0 });
  });

  it('pace - failures double the wait up to the longest interval', () => {
    const waits = [1, 2, 3, 4, 2_000].map((count) => pauseAfterFailures(firstPace(60_000), 60_000, count));
    expect(waits).toEqual([60_000, 120_000, 240_000, 300_000, 300_000]);
    expect([1, 2, 10].map(retryPauseMs)).toEqual([1_000, 2_000, 512_000]);
  });

  it('pace - jitter is at most a tenth either way', () => {
    expect([0, 0.5, 0.999_999_9].map((random) => withJitter(60_000, random))).toEqual([
      54_000, 60_000, 66_000,
    ]);
    expect(withJitter(0, 0)).toBe(0);
  });
});

describe('account reasons', () => {
  it('account reasons - a refused key names the key, the address and the right', () => {
    expect(ACCOUNT_REASONS.key_refused).toMatch(/key is wrong.*IP addresses.*right/);
    expect(ACCOUNT_REASONS.nonce).toContain('a key of its own');
  });
});
