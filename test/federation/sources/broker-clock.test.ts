import { describe, expect, it } from 'vitest';
import { BrokerClock } from '../../../src/federation/sources/broker-clock.ts';

/** The estimated time of the broker at local time 20,000 ms after these readings. */
function shown(
  ...said: readonly (readonly ['ended', number] | readonly ['read', number, number] | 'away')[]
) {
  const clock = new BrokerClock();
  for (const what of said) {
    if (what === 'away') clock.away();
    else if (what[0] === 'ended') clock.ended(what[1]);
    else clock.read(what[1], what[2]);
  }
  return clock.nowMs(20_000);
}

describe('broker clock', () => {
  it.each([
    ['nothing read', shown(), null],
    ['a backlog only', shown(['read', 1, 10], ['read', 2, 11]), null],
    ['the end of the stream only', shown(['ended', 100]), null],
    ['a backlog, then its end', shown(['read', 1, 10], ['ended', 12]), null],
    ['a message behind the end', shown(['ended', 12], ['read', 70_000, 1000]), 89_000],
    ['the newest of several', shown(['ended', 12], ['read', 1, 900], ['read', 70_000, 1000]), 89_000],
    ['a message at the bound', shown(['ended', 1000], ['read', 70_000, 6000]), 84_000],
    ['a message after a stall', shown(['ended', 1000], ['read', 70_000, 6001]), null],
    [
      'a live message, then a backlog',
      shown(['ended', 12], ['read', 70_000, 1000], ['read', 5, 9000]),
      89_000,
    ],
    ['one that may have waited', shown(['ended', 100], 'away', ['read', 70_000, 1000]), null],
    [
      'a live message, then a broker whose clock was set back',
      shown(['ended', 100], ['read', 7_000_000, 1000], ['ended', 900], ['read', 70_000, 2000]),
      88_000,
    ],
    ['an end told late', shown(['ended', 9000], ['ended', 1000], ['read', 70_000, 10_000]), 80_000],
  ])('broker clock - %s', (_what, atMs, expectedMs) => {
    expect(atMs).toBe(expectedMs);
  });
});
