import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pace, PRESENCE_PLACES, ratePerMinute, type Sent } from '../../../src/agent/domain/pace.ts';

/** Sends as much as may leave from `fromMs` to `untilMs`; returns the times. */
function sendAll(pace: Pace, what: Sent, fromMs: number, untilMs: number): number[] {
  const times: number[] = [];
  for (let nowMs = fromMs; nowMs < untilMs; nowMs += Math.max(1, pace.waitMs(what, nowMs))) {
    const free = pace.free(what, nowMs);
    if (free === 0) continue;
    pace.sent(free, what, nowMs);
    for (let each = 0; each < free; each++) times.push(nowMs);
  }
  return times;
}

function mostWithin(times: readonly number[], spanMs: number): number {
  let most = 0;
  let from = 0;
  times.forEach((atMs, index) => {
    while (atMs - (times[from] ?? 0) >= spanMs) from += 1;
    most = Math.max(most, index - from + 1);
  });
  return most;
}

describe('pace', () => {
  it.each<[number | null, number | null, number]>([
    [null, null, 60],
    [30, null, 30],
    [600, null, 60],
    [null, 6_000, 6_000],
    [600, 6_000, 600],
    [600, 10, 10],
  ])('pace - with AGENT_RATE %s and %s told, %i a minute', (setting, told, expected) => {
    expect(ratePerMinute(setting, told)).toBe(expected);
  });

  it.each([
    [60, 56, 5],
    [600, 596, 10],
    [6_000, 5_996, 100],
    [7, 3, 5],
    [1, 1, 1],
  ])('pace - at %i a minute, %i facts leave in a minute, %i in a second', (perMinute, facts, second) => {
    const times = sendAll(new Pace(perMinute), 'facts', 0, 180_000);
    expect(mostWithin(times, 60_000)).toBeLessThanOrEqual(facts);
    expect(mostWithin(times, 60_000)).toBeGreaterThanOrEqual(Math.floor(facts * 0.98));
    expect(mostWithin(times, 1_000)).toBe(Math.min(facts, second));
  });

  it('pace - presence has places when facts have used up theirs, and nothing more', () => {
    const pace = new Pace(60);
    sendAll(pace, 'facts', 0, 30_000);
    expect(pace.free('facts', 30_000)).toBe(0);
    expect(pace.free('presence', 30_000)).toBe(PRESENCE_PLACES);
    pace.sent(PRESENCE_PLACES, 'presence', 30_000);
    expect(pace.free('presence', 30_000)).toBe(0);
    expect(pace.waitMs('presence', 30_000)).toBeGreaterThan(0);
  });

  it('pace - presence within its places takes none of the facts', () => {
    const pace = new Pace(60);
    pace.sent(PRESENCE_PLACES, 'presence', 0);
    expect(sendAll(pace, 'facts', 1_500, 59_000)).toHaveLength(56);
  });

  it('pace - what an earlier process sent counts until it is a minute old, by whatever clock', () => {
    const pace = new Pace(60);
    const wallMs = 1_768_473_000_000;
    pace.restore(
      [
        { atMs: wallMs - 61_000, count: 9 },
        { atMs: wallMs - 50_000, count: 40 },
        { atMs: wallMs + 3_600_000, count: 10 },
      ],
      wallMs,
      5_000,
    );
    // The last ones count as sent now: the clock was set back since.
    expect(pace.free('presence', 5_000)).toBe(0);
    expect(pace.free('presence', 7_000)).toBe(5);
    expect(pace.free('facts', 7_000)).toBe(5);
    pace.sent(5, 'facts', 7_000);
    expect(pace.free('facts', 16_000)).toBe(1);
    expect(pace.free('facts', 16_300)).toBe(5);
  });

  it('pace - a smaller rate holds at once, and a larger one too', () => {
    const pace = new Pace(600);
    sendAll(pace, 'facts', 0, 30_000);
    pace.perMinute = 60;
    expect(pace.free('facts', 30_000)).toBe(0);
    expect(pace.free('presence', 30_000)).toBe(0);
    pace.perMinute = 6_000;
    expect(pace.free('facts', 31_500)).toBe(100);
  });

  it('pace - law: in no minute more than the rate, in no second more than its share', () => {
    const step = fc.record({ afterMs: fc.nat(3_000), what: fc.constantFrom<Sent>('facts', 'presence') });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.array(step, { maxLength: 300 }), (rate, steps) => {
        const pace = new Pace(rate);
        const times: number[] = [];
        let nowMs = 0;
        for (const { afterMs, what } of steps) {
          nowMs += afterMs;
          const free = pace.free(what, nowMs);
          expect(pace.waitMs(what, nowMs) === 0).toBe(free > 0);
          pace.sent(free, what, nowMs);
          for (let each = 0; each < free; each++) times.push(nowMs);
        }
        expect(mostWithin(times, 60_000)).toBeLessThanOrEqual(rate);
        expect(mostWithin(times, 1_000)).toBeLessThanOrEqual(Math.max(5, Math.floor(rate / 60)));
      }),
    );
  });
});
