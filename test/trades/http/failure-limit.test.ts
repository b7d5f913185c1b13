// How many registrations of one address may fail, and what counts as one address.

import { describe, expect, it } from 'vitest';
import { FAILURES_PER_MINUTE_MAX, FailureLimit, networkOf } from '../../../src/trades/http/failure-limit.ts';

const START_MS = 5_000;

describe('failure limit', () => {
  it('failure limit - blocks after so many, and lets one more try for each that is forgotten', () => {
    const limit = new FailureLimit();
    for (let count = 0; count < FAILURES_PER_MINUTE_MAX; count += 1) {
      expect(limit.isBlocked('192.0.2.1', START_MS)).toBe(false);
      limit.note('192.0.2.1', START_MS);
    }
    const everyMs = 60_000 / FAILURES_PER_MINUTE_MAX;
    expect(limit.isBlocked('192.0.2.1', START_MS)).toBe(true);
    expect(limit.isBlocked('192.0.2.2', START_MS)).toBe(false);
    expect(limit.isBlocked('192.0.2.1', START_MS + everyMs - 1)).toBe(true);
    expect(limit.isBlocked('192.0.2.1', START_MS + everyMs)).toBe(false);
    limit.note('192.0.2.1', START_MS + everyMs);
    expect(limit.isBlocked('192.0.2.1', START_MS + everyMs)).toBe(true);
    expect(limit.isBlocked('192.0.2.1', START_MS + 120_000)).toBe(false);
  });

  it('failure limit - remembers so many addresses, those that failed last', () => {
    const limit = new FailureLimit(2);
    const failOften = (address: string) => {
      for (let count = 0; count < FAILURES_PER_MINUTE_MAX; count += 1) limit.note(address, START_MS);
    };
    for (const address of ['a', 'b', 'a', 'c']) failOften(address);
    expect(limit.remembered).toBe(2);
    expect(['a', 'b', 'c'].map((address) => limit.isBlocked(address, START_MS))).toEqual([true, false, true]);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, ''],
  ])('failure limit - %s counts as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
