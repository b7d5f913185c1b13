import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, isWithin, type Pace, pace } from '../../src/lib/pace.ts';

const START_MS = Date.UTC(2026, 0, 15, 10, 30);
const NODE = pace(60, 60_000, 120);

/** Sends messages at these event times in this order; returns which were admitted. The state is one number. */
function sender(limit: Pace) {
  let dueMs = 0;
  return (timesMs: readonly number[]) =>
    timesMs.filter((atMs) => {
      if (!isWithin(limit, dueMs, atMs)) return false;
      dueMs = advance(limit, dueMs, atMs);
      return true;
    });
}
const times = (count: number, atMs: number, everyMs = 0) =>
  Array.from({ length: count }, (_, index) => atMs + index * everyMs);

describe('limits', () => {
  it('limits - 120 messages at once are admitted, the 121st is not', () => {
    expect(sender(NODE)(times(200, START_MS))).toHaveLength(120);
  });

  it('limits - after a burst one more message a second is admitted, and not a millisecond earlier', () => {
    const send = sender(NODE);
    send(times(120, START_MS));
    expect(send([START_MS + 999])).toHaveLength(0);
    expect(send([START_MS + 1000, START_MS + 1000])).toHaveLength(1);
    expect(send([START_MS + 1999])).toHaveLength(0);
    expect(send(times(100, START_MS + 61_000))).toHaveLength(60);
    expect(send(times(500, START_MS + 3_600_000))).toHaveLength(120);
  });

  it('limits - 60 evenly spaced messages a minute are admitted for a day', () => {
    expect(sender(NODE)(times(86_400, START_MS, 1000))).toHaveLength(86_400);
  });

  it('limits - of five messages a second for a minute, the burst and one for each second are admitted', () => {
    expect(sender(NODE)(times(300, START_MS, 200))).toHaveLength(120 + 59);
  });

  it('limits - a monitor that resets its own 60 a minute at its own minute is never refused', () => {
    const send = sender(NODE);
    for (let minute = 0; minute < 60; minute++) {
      // It sends everything at the end of one minute and at the start of the next, then nothing for a minute.
      const edgeMs = START_MS + minute * 120_000;
      expect(send([...times(60, edgeMs - 1), ...times(60, edgeMs)])).toHaveLength(120);
    }
  });

  it('limits - a refused message uses up no place', () => {
    const patient = sender(NODE);
    const impatient = sender(NODE);
    patient(times(120, START_MS));
    impatient([...times(120, START_MS), ...times(5000, START_MS), ...times(999, START_MS, 1)]);
    const laterMs = START_MS + 30_000;
    expect(impatient(times(100, laterMs))).toEqual(patient(times(100, laterMs)));
  });

  it('limits - a message that is late by less than the length of the burst is admitted and uses up one place', () => {
    const send = sender(NODE);
    expect(send([START_MS, START_MS - 118_000, START_MS - 117_000])).toHaveLength(3);
    expect(send([START_MS - 118_000])).toHaveLength(0);
    expect(send(times(200, START_MS))).toHaveLength(117);
  });

  it('limits - 90 messages from half a minute are admitted in any order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 60, maxLength: 90 }),
        (offsets) => {
          // A burst of 120 just allows a message that is 30 s late after 89 others.
          expect(sender(NODE)(offsets.map((offset) => START_MS + offset))).toHaveLength(offsets.length);
        },
      ),
    );
  });

  it('limits - reading a backlog quickly or slowly gives the same decisions, because only event times count', () => {
    const events = [...times(400, START_MS, 100), ...times(400, START_MS + 900_000, 700)];
    const send = sender(NODE);
    expect(events.filter((atMs) => send([atMs]).length > 0)).toEqual(sender(NODE)(events));
  });

  const pattern = fc
    .array(
      fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 200_000 })),
      {
        maxLength: 400,
      },
    )
    .map((gaps) => {
      let atMs = START_MS;
      return gaps.map((gap) => (atMs += gap));
    });

  it('limits - no stretch of time admits more than burst and rate allow, and a message is refused only when they are used up', () => {
    fc.assert(
      fc.property(pattern, (arrivals) => {
        const admitted = sender(NODE)(arrivals);
        admitted.forEach((fromMs, first) => {
          admitted.slice(first).forEach((toMs, more) => {
            expect(more + 1).toBeLessThanOrEqual(120 + Math.floor((toMs - fromMs) / 1000));
          });
        });
        // A refused message had no place left: some stretch that ends with it is full.
        const refused = arrivals.filter((atMs) => !admitted.includes(atMs));
        for (const atMs of refused) {
          const before = admitted.filter((time) => time <= atMs);
          const isFull = before.some((fromMs, first) => {
            return before.length - first + 1 > 120 + Math.floor((atMs - fromMs) / 1000);
          });
          expect(isFull).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    // limit, per ms, burst: as many at once as the burst says, at the times that brokers give
    [60, 60_000, 120],
    [1, 60_000, 1],
    [60, 60_000, 1],
    [6000, 60_000, 6000],
    [100, 1000, 100],
    [1000, 1000, 1000],
    [59, 60_000, 120],
    [60, 1000, 60],
    [6000, 1000, 6000],
  ])('limits - %i in %i ms with burst %i: exactly the burst is admitted at once', (count, perMs, burst) => {
    expect(sender(pace(count, perMs, burst))(times(burst + 50, START_MS))).toHaveLength(burst);
  });

  it.each([
    [7, 60_000],
    [60, 1000],
    [100, 1000],
    [6000, 60_000],
  ])('limits - %i in %i ms: a used-up limit is completely restored after that time', (count, perMs) => {
    const send = sender(pace(count, perMs, count));
    send(times(count + 10, START_MS));
    expect(send(times(count + 10, START_MS + perMs))).toHaveLength(count);
    expect(send(times(count + 10, START_MS + perMs))).toHaveLength(0);
  });

  it('limits - a burst below one counts as one', () => {
    expect(sender(pace(60, 60_000, 0))(times(5, START_MS))).toHaveLength(1);
  });

  it('limits - 0 turns a limit off, and its state stays empty', () => {
    const off = pace(0, 60_000, 120);
    expect(sender(off)(times(100_000, START_MS))).toHaveLength(100_000);
    expect(isWithin(off, Number.MAX_SAFE_INTEGER, START_MS)).toBe(true);
    expect(advance(off, 42, START_MS)).toBe(42);
  });

  it('limits - a schedule made before the limit was lowered or raised still ends', () => {
    const send = sender(NODE);
    send(times(120, START_MS));
    expect(isWithin(pace(1, 60_000, 1), START_MS + 120_000, START_MS + 119_999)).toBe(false);
    expect(isWithin(pace(1, 60_000, 1), START_MS + 120_000, START_MS + 120_000)).toBe(true);
  });
});
