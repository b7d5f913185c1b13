import { describe, expect, it } from 'vitest';
import { BrokerClock } from '../../src/sources/federation/broker-clock.ts';

const NOON_MS = Date.parse('2026-03-04T12:00:00.000Z');

/** One message each, with what waits behind it. The broker's clock is what it is; the monotonic clock began elsewhere. */
function after(
  ...events: (readonly [atMs: number, heardMs: number, pending: number] | 'drained' | 'away')[]
) {
  const clock = new BrokerClock();
  for (const event of events) {
    if (event === 'drained') clock.drained();
    else if (event === 'away') clock.away();
    else clock.read({ atMs: NOON_MS + event[0], heardMs: event[1], pending: event[2] });
  }
  const nowMs = clock.nowMs(100_000);
  return nowMs === null ? null : nowMs - NOON_MS;
}

describe('the clock of the broker', () => {
  it.each([
    ['is not known before a message', [], null],
    [
      'is not known from a backlog',
      [
        [-60_000, 50, 2],
        [-60_000, 51, 1],
        [-60_000, 52, 0],
      ],
      null,
    ],
    [
      'is known from a message that came behind the last',
      [
        [-60_000, 52, 0],
        [5, 10_000, 0],
      ],
      90_005,
    ],
    ['is known from a message that came to a drained stream', ['drained', [5, 10_000, 0]], 90_005],
    [
      'is not known from the first of several that waited',
      ['drained', [-9000, 10_000, 1], [-8000, 10_001, 0]],
      null,
    ],
    ['is not known from one that may have waited', ['drained', 'away', [-9000, 10_000, 0]], null],
    ['stays known while we are away', ['drained', [5, 10_000, 0], 'away', [-9000, 20_000, 3]], 90_005],
    ['is learned anew after it was set', ['drained', [5, 10_000, 0], [-3_600_000, 20_000, 0]], -3_520_000],
  ] as const)('%s', (_name, events, nowMs) => {
    expect(after(...events)).toBe(nowMs);
  });
});
