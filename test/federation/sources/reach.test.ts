import { describe, expect, it } from 'vitest';
import { CatchUp } from '../../../src/federation/sources/catch-up.ts';
import { KnownReach, type Reach } from '../../../src/federation/sources/reach.ts';
import { Stall } from '../../../src/federation/sources/stall.ts';

/** The local wall clock, 40 days ahead of the broker's. */
const WALL_MS = 40 * 86_400_000;
const CHANGED_MS = 5000;
const NEXT_SEQ = 8;
const AT_END = { atMs: 4000, seq: 7 };

describe('reach', () => {
  it.each<[string, Partial<Reach>, number | null, number]>([
    ['a broker whose clock is known', { brokerAheadMs: 70 }, NEXT_SEQ, CHANGED_MS + 70],
    ['the same at the end of the stream', { brokerAheadMs: 70, end: AT_END }, NEXT_SEQ, CHANGED_MS + 70],
    ['the end of the stream', { end: AT_END }, NEXT_SEQ, -Infinity],
    ['an end that is read but not taken yet', { end: AT_END }, 7, WALL_MS],
    ['an end of long ago', { end: { ...AT_END, atMs: CHANGED_MS - 10_001 } }, NEXT_SEQ, WALL_MS],
    ['an end of a moment ago', { end: { ...AT_END, atMs: CHANGED_MS - 10_000 } }, NEXT_SEQ, -Infinity],
    ['a stream that is left', { end: AT_END }, null, WALL_MS],
    ['nothing known', {}, NEXT_SEQ, WALL_MS],
  ])('reach - the time of a change with %s', (_what, reach, nextSeq, expectedMs) => {
    const known = new KnownReach();
    known.reported({ brokerAheadMs: null, end: null, ...reach });
    expect(known.brokerMs(CHANGED_MS, WALL_MS, nextSeq)).toBe(expectedMs);
  });

  it.each<[string, Reach['end'], number | null, boolean]>([
    ['after it', { atMs: CHANGED_MS + 1, seq: 7 }, NEXT_SEQ, true],
    ['before it', { atMs: CHANGED_MS, seq: 7 }, NEXT_SEQ, false],
    ['after it, with messages not taken yet', { atMs: CHANGED_MS + 1, seq: 8 }, NEXT_SEQ, false],
    ['after it, in a stream that is left', { atMs: CHANGED_MS + 1, seq: 7 }, null, false],
    ['never', null, NEXT_SEQ, false],
  ])(
    'reach - a change is behind us if the end of the stream was reached %s',
    (_what, end, nextSeq, expected) => {
      const known = new KnownReach();
      known.changed(CHANGED_MS);
      known.reported({ brokerAheadMs: null, end });
      expect(known.isBehindChanges(nextSeq)).toBe(expected);
      known.left();
      expect(known.isBehindChanges(nextSeq)).toBe(false);
    },
  );

  it('reach - it is sent as a time of the clock that the threads share', () => {
    let monotonicMs = 1000;
    const catchUp = new CatchUp({ nowMs: () => WALL_MS, monotonicMs: () => monotonicMs }, new Stall(1), 1);
    catchUp.begin(8, 9, 0);
    expect(catchUp.reach(501_000)).toEqual({ brokerAheadMs: null, end: null });
    catchUp.ended(1000);
    catchUp.readSeq = 9;
    catchUp.brokerClock.read(70_000, 1200);
    monotonicMs = 2000;
    expect(catchUp.reach(502_000)).toEqual({
      brokerAheadMs: 70_800 - 502_000,
      end: { atMs: 501_000, seq: 7 },
    });
    catchUp.ended(900);
    expect(catchUp.reach(502_000).end).toEqual({ atMs: 501_000, seq: 7 });
    catchUp.left();
    expect(catchUp.reach(502_000).end).toBeNull();
  });
});
