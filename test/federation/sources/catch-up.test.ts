import { describe, expect, it } from 'vitest';
import { CatchUp } from '../../../src/federation/sources/catch-up.ts';
import { Stall } from '../../../src/federation/sources/stall.ts';

/** The local wall clock, which stands in for the broker's clock until a message was read live. */
const NOW_MS = 1_000_000;
const AGE_MAX_MS = 10_000;

interface Situation {
  readonly mode?: 'jetstream' | 'core' | null;
  readonly isPaused?: boolean;
  readonly targetSeq?: number;
  readonly committedSeq?: number;
  /** Age of the newest message read. */
  readonly ageMs?: number;
  readonly pending?: number;
  /** Messages that the stream holds but does not deliver. */
  readonly withheld?: number;
  /** Broker's clock minus the local clock, if a message was read live. */
  readonly offsetMs?: number;
}

function judge({ ageMs = 0, withheld = 0, offsetMs, ...fields }: Situation) {
  const stall = new Stall(30_000);
  stall.looked({ readSeq: 0, lastSeq: withheld, unread: withheld, atMs: 0 });
  const catchUp = new CatchUp({ nowMs: () => NOW_MS, monotonicMs: () => 500 }, stall, AGE_MAX_MS);
  Object.assign(catchUp, { mode: 'jetstream', ...fields });
  if (offsetMs !== undefined) {
    catchUp.brokerClock.ended(0);
    catchUp.brokerClock.read(NOW_MS + offsetMs, 500);
  }
  catchUp.newestMs = NOW_MS - ageMs;
  const { isCatchingUp, unreadAgeMs, clockOffsetMs } = catchUp;
  return { isCatchingUp, unreadAgeMs, clockOffsetMs };
}

describe('catch-up: judged from numbers', () => {
  it.each<[string, Situation, boolean, number, number | null]>([
    ['never attached', { mode: null }, true, 0, null],
    ['plain NATS', { mode: 'core', pending: 5, ageMs: 20_000, targetSeq: 9 }, false, 0, null],
    ['at the end', { targetSeq: 9, committedSeq: 9 }, false, 0, null],
    ['read but not committed', { targetSeq: 9, committedSeq: 8 }, true, 0, null],
    ['committed beyond the target', { targetSeq: 9, committedSeq: 12 }, false, 0, null],
    ['a little behind', { pending: 5, ageMs: AGE_MAX_MS }, false, AGE_MAX_MS, null],
    ['far behind', { pending: 5, ageMs: AGE_MAX_MS + 1 }, true, AGE_MAX_MS + 1, null],
    ['a quiet stream', { pending: 0, ageMs: 60_000 }, false, 0, null],
    ['paused for a moment', { isPaused: true, ageMs: 5000 }, false, 0, null],
    ['paused for long', { isPaused: true, ageMs: 60_000 }, true, 0, null],
    ['what waits is not given', { pending: 5, withheld: 5, ageMs: 60_000 }, false, 60_000, null],
    ['not given, and not caught up before', { pending: 5, withheld: 5, targetSeq: 5 }, true, 0, null],
    ['by the clock of the broker, ahead', { pending: 5, ageMs: 0, offsetMs: 11_000 }, true, 11_000, 11_000],
    ['by the clock of the broker, behind', { pending: 5, ageMs: 9_000, offsetMs: -9_000 }, false, 0, -9_000],
    ['a message from the future', { pending: 5, ageMs: -5000 }, false, 0, null],
  ])('catch-up - %s', (_name, situation, isCatchingUp, unreadAgeMs, clockOffsetMs) => {
    expect(judge(situation)).toEqual({ isCatchingUp, unreadAgeMs, clockOffsetMs });
  });

  it('catch-up - catching up begins before the next sequence to read and ends at the end of the stream', () => {
    const catchUp = new CatchUp({ nowMs: () => NOW_MS, monotonicMs: () => 0 }, new Stall(0), AGE_MAX_MS);
    catchUp.mode = 'jetstream';
    catchUp.begin(11, 20, NOW_MS - 60_000);
    expect(catchUp).toMatchObject({ readSeq: 10, committedSeq: 10, targetSeq: 20, isCatchingUp: true });
    catchUp.committedSeq = 20;
    expect(catchUp.isCatchingUp).toBe(false);
  });

  it('catch-up - a waiting message is not older than the last check that found none', () => {
    const catchUp = new CatchUp({ nowMs: () => NOW_MS, monotonicMs: () => 0.25 }, new Stall(0), AGE_MAX_MS);
    catchUp.mode = 'jetstream';
    catchUp.begin(11, 20, NOW_MS - 60_000);
    catchUp.pending = 10;
    catchUp.nothingUnread(NOW_MS - 4000);
    expect(catchUp).toMatchObject({ pending: 0, isCatchingUp: false, unreadAgeMs: 0 });
    catchUp.pending = 3;
    expect(catchUp).toMatchObject({ isCatchingUp: false, unreadAgeMs: 4000 });
    catchUp.nothingUnread(NOW_MS - 9000);
    expect(catchUp.newestMs).toBe(NOW_MS - 4000);
  });
});
