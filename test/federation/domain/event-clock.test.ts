import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventClock, longestGapMs } from '../../../src/federation/domain/event-clock.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
const HOUR_MS = 3_600_000;

const START = { lastMs: 0, nowMs: 0, observedMs: 0 };
const GAP_MAX_MS = longestGapMs(300_000);
/** The clock's reading after each of these times, as read from a stream. */
const shown = (times: readonly number[], clock = new EventClock(START, GAP_MAX_MS)) =>
  times.map((atMs) => clock.pass(atMs, 0, false));

describe('event clock', () => {
  it.each([
    ['the first event sets it', [NOW_MS], [NOW_MS]],
    ['it goes on with the times', [NOW_MS, NOW_MS + 5, NOW_MS + 5], [NOW_MS, NOW_MS + 5, NOW_MS + 5]],
    ['a step forward is taken', [NOW_MS, NOW_MS + HOUR_MS], [NOW_MS, NOW_MS + HOUR_MS]],
    [
      'a step back is a second forward, and then it goes on at the same pace',
      [NOW_MS, NOW_MS - HOUR_MS, NOW_MS - HOUR_MS + 30],
      [NOW_MS, NOW_MS + 1000, NOW_MS + 1030],
    ],
    [
      'a small step back is as much forward',
      [NOW_MS, NOW_MS - 3, NOW_MS + 30],
      [NOW_MS, NOW_MS + 3, NOW_MS + 36],
    ],
    [
      'a clock that was an hour ahead leaves it an hour ahead',
      [NOW_MS, NOW_MS + HOUR_MS, NOW_MS + 10],
      [NOW_MS, NOW_MS + HOUR_MS, NOW_MS + HOUR_MS + 1000],
    ],
  ])('event clock - %s', (_what, times, expected) => {
    expect(shown(times)).toEqual(expected);
  });

  it.each([
    ['a later event', 30, 30],
    ['one of the same time', 0, 0],
    ['one of a clock that was set back', -HOUR_MS, 0],
  ])('event clock - previews its reading for %s without moving', (_what, byMs, expectedMs) => {
    const clock = new EventClock(START, GAP_MAX_MS);
    shown([NOW_MS], clock);
    expect([clock.at(NOW_MS + byMs), clock.at(NOW_MS)]).toEqual([NOW_MS + expectedMs, NOW_MS]);
  });

  it.each([
    ['what passed on the observed clock', 7000, 7000],
    ['at least a millisecond', 0, 1],
  ])('event clock - on plain NATS a step back is %s', (_what, passedMs, expectedMs) => {
    const clock = new EventClock(START, GAP_MAX_MS);
    clock.pass(NOW_MS, 500, true);
    expect(clock.pass(NOW_MS - HOUR_MS, 500 + passedMs, true)).toBe(NOW_MS + expectedMs);
  });

  it.each([
    ['a step that only makes less of the time that passed', 30_000, 29_000, 30_000],
    ['no step in what rounding makes', 30_000, 29_999, 29_999],
    ['time without the broker, which the observed clock does not count', 10_000, 60_000, 60_000],
  ])('event clock - on plain NATS it sees %s', (_what, passedMs, byMs, expectedMs) => {
    const clock = new EventClock(START, GAP_MAX_MS);
    clock.pass(NOW_MS, 500, true);
    expect(clock.pass(NOW_MS + byMs, 500 + passedMs, true)).toBe(NOW_MS + expectedMs);
  });

  it('event clock - times that only rise are shown unchanged', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 4e12 })), (times) => {
        const rising = times.toSorted((a, b) => a - b);
        expect(shown(rising)).toEqual(rising);
      }),
    );
  });

  it('event clock - it never goes back, and a restart does not change its readings', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 4e12 }), { minLength: 1 }), fc.nat(), (times, cut) => {
        const whole = shown(times);
        expect(whole).toEqual(whole.toSorted((a, b) => a - b));
        const clock = new EventClock(START, GAP_MAX_MS);
        const before = shown(times.slice(0, cut % times.length), clock);
        const after = shown(times.slice(before.length), new EventClock(clock.state, GAP_MAX_MS));
        expect([...before, ...after]).toEqual(whole);
      }),
    );
  });

  it.each([
    ['the first event sets it', [], 0, false, 0],
    ['a gap of two beats is taken whole', [60_000], 0, false, 60_000],
    ['of a longer gap so much is taken', [61_000], 0, false, 60_000],
    ['of a step of 400 days too', [400 * 24 * HOUR_MS], 0, false, 60_000],
    ['of each gap', [HOUR_MS, HOUR_MS, 1000], 0, false, 121_000],
    ['a step back is a second forward', [HOUR_MS, -HOUR_MS], 0, false, 61_000],
    ['on plain NATS a long gap that was observed is taken whole', [HOUR_MS], HOUR_MS, true, HOUR_MS],
    ['on plain NATS a step is not', [HOUR_MS], 1000, true, 60_000],
  ])('event clock - without long gaps: %s', (_what, gapsMs, passedMs, isPlain, expectedMs) => {
    let clock = new EventClock(START, GAP_MAX_MS);
    let [atMs, observedMs] = [NOW_MS, 0];
    clock.pass(atMs, observedMs, isPlain);
    for (const gapMs of gapsMs) {
      clock = new EventClock(clock.state, GAP_MAX_MS);
      clock.pass((atMs += gapMs), (observedMs += passedMs), isPlain);
    }
    expect(clock.presentMs - NOW_MS).toBe(expectedMs);
  });

  it('event clock - without long gaps it never goes back either, and equals the normal clock where there are no gaps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -HOUR_MS, max: HOUR_MS }), { minLength: 1 }), (gapsMs) => {
        const clock = new EventClock(START, GAP_MAX_MS);
        let atMs = NOW_MS;
        const all = gapsMs.map((gapMs) => ({
          nowMs: clock.pass((atMs += gapMs), 0, false),
          presentMs: clock.presentMs,
        }));
        const present = all.map(({ presentMs }) => presentMs);
        expect(present).toEqual(present.toSorted((a, b) => a - b));
        const hasLongGap = gapsMs.slice(1).some((gapMs) => gapMs > GAP_MAX_MS);
        expect(all.every(({ nowMs, presentMs }) => nowMs === presentMs)).toBe(!hasLongGap);
      }),
    );
  });
});
