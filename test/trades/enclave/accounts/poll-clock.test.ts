import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlanHeap } from '../../../../src/trades/enclave/accounts/plan-heap.ts';
import { PollClock, POLLS_AT_ONCE_MAX } from '../../../../src/trades/enclave/accounts/poll-clock.ts';
import { ManualTime } from '../../../support/manual-time.ts';
import { DeskBench } from './desk-bench.ts';

const settle = async () => new Promise<void>((resolve) => void setImmediate(resolve));

/** A clock whose polls take `tookMs`. */
function setUp(atOnceMax: number, tookMs: number) {
  const time = new ManualTime();
  const begun: (readonly [subject: string, atMs: number])[] = [];
  const startMs = time.monotonicMs();
  const clock = new PollClock<string>(
    {
      clock: time,
      timers: time,
      begin: (subject) => {
        begun.push([subject, time.monotonicMs() - startMs]);
        return new Promise<void>((resolve) => void time.after(tookMs, resolve));
      },
    },
    atOnceMax,
  );
  const plan = (subject: string, afterMs: number, isBehind = false) =>
    clock.plan(subject, startMs + afterMs, isBehind);
  return { time, clock, begun, plan };
}

describe('poll clock', () => {
  it('poll clock - begins each when it is due, with one timer for all', async () => {
    const { time, begun, plan } = setUp(9, 0);
    plan('b', 200);
    plan('a', 100);
    plan('c', 300);
    expect(time.timers).toBe(1);
    await time.advance(400, settle);
    expect(begun).toEqual([
      ['a', 100],
      ['b', 200],
      ['c', 300],
    ]);
  });

  it('poll clock - a plan takes the place of an earlier one, and a cancelled one is not begun', async () => {
    const { time, clock, begun, plan } = setUp(9, 0);
    plan('a', 100);
    plan('a', 50);
    plan('b', 60);
    clock.cancel('b');
    await time.advance(400, settle);
    expect(begun).toEqual([['a', 50]]);
  });

  it('poll clock - begins no more than the bound, and what is due before what is behind', async () => {
    const { time, clock, begun, plan } = setUp(1, 100);
    plan('now', 0);
    plan('behind', 0, true);
    plan('cancelled', 10);
    plan('due', 50);
    await time.advance(20, settle);
    expect(clock.underWay).toBe(1);
    clock.cancel('cancelled');
    await time.advance(1_000, settle);
    expect(begun).toEqual([
      ['now', 0],
      ['due', 100],
      ['behind', 200],
    ]);
  });

  it('poll clock - counts what begins late, and forgets the lateness after a minute', async () => {
    const { time, clock, plan } = setUp(1, 1_500);
    plan('a', 0);
    plan('b', 0);
    await time.advance(5_000, settle);
    expect([clock.late, clock.latenessMs]).toEqual([1, 1_500]);
    await time.advance(65_000, settle);
    expect([clock.late, clock.latenessMs]).toEqual([1, 0]);
  });

  it('poll clock - after its stop nothing begins', async () => {
    const { time, clock, begun, plan } = setUp(1, 0);
    plan('a', 10);
    clock.stop();
    plan('b', 10);
    await time.advance(100, settle);
    expect(begun).toEqual([]);
  });

  it('law - the heap gives out what is planned in the order of time', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), (times) => {
        const heap = new PlanHeap<number>();
        for (const atMs of times) heap.push({ subject: atMs, atMs, isBehind: false, isCancelled: false });
        const given = times.map(() => {
          const atMs = heap.peek()?.atMs;
          heap.pop();
          return atMs;
        });
        expect(given).toEqual(times.toSorted((one, other) => one - other));
        expect(heap.peek()).toBeUndefined();
      }),
    );
  });

  it('poll clock - a thousand accounts at the rate of the budget are polled on time, few at a time', async () => {
    const bench = new DeskBench({ accountsMax: 1_000 });
    bench.exchange.workMs = 50;
    bench.exchange.answerMs = 200;
    for (let index = 0; index < 1_000; index++) await bench.register(`key-${10_000 + index}`);
    await bench.advance(180_000);
    const { polls, pollsLate, latenessSeconds } = bench.desk.counts;
    expect(polls.empty).toBeGreaterThan(2_500);
    expect(pollsLate).toBe(0);
    expect(latenessSeconds).toBeLessThan(0.1);
    expect(bench.exchange.atOnceMax).toBeLessThanOrEqual(POLLS_AT_ONCE_MAX);
    const counts = new Map<string, number>();
    for (const { apiKey } of bench.exchange.requests) counts.set(apiKey, (counts.get(apiKey) ?? 0) + 1);
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(2);
  });
});
