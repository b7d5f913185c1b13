import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bisection, WHOLE_FAILURES_MAX } from '../../src/store/bisection.ts';

/**
 * Runs a batch of `count` messages of which `offenders` cannot be stored, each failing when it is merged or, if `late`,
 * when it is committed. Returns what was stored, in order, what was set aside, and how many parts were tried.
 */
function run(count: number, offenders: ReadonlySet<number>, late: boolean) {
  const bisection = new Bisection(count, 0);
  const stored: number[] = [];
  const setAside: number[] = [];
  const tried: string[] = [];
  for (let part = bisection.next; part !== null; part = bisection.next) {
    tried.push(part.type);
    if (tried.length > 100_000) throw new Error('it never ends');
    const places = Array.from({ length: part.to - part.from }, (_, index) => part.from + index);
    if (part.type === 'set_aside') setAside.push(...places);
    else {
      const offender = places.find((at) => offenders.has(at));
      if (offender !== undefined) {
        bisection.failed(late ? null : offender);
        continue;
      }
      stored.push(...places);
    }
    bisection.succeeded();
  }
  return { stored, setAside, tried };
}

describe('bisection', () => {
  it('bisection - a batch that fails once or twice is tried again as a whole', () => {
    const bisection = new Bisection(4, 0);
    for (let failures = 0; failures < WHOLE_FAILURES_MAX; failures++) {
      expect(bisection.next).toEqual({ type: 'whole', from: 0, to: 4 });
      bisection.failed(null);
    }
    expect(bisection.next?.type).toBe('facts');
  });

  it('bisection - changes beside the messages are tried alone, then dropped, without the loss of a message', () => {
    const bisection = new Bisection(2, 2);
    bisection.failed(null);
    expect(bisection.next?.type).toBe('facts');
    bisection.failed(null);
    expect(bisection.next?.type).toBe('without_facts');
    bisection.succeeded();
    expect(bisection.next).toEqual({ type: 'messages', from: 0, to: 2 });
    bisection.succeeded();
    expect(bisection.next).toBeNull();
  });

  it('bisection - a message that cannot even be set aside is retried for ever and reported', () => {
    const bisection = new Bisection(1, 2);
    bisection.failed(null);
    bisection.succeeded();
    bisection.failed(null);
    expect(bisection.next).toEqual({ type: 'set_aside', from: 0, to: 1 });
    for (let failures = 0; failures < 3; failures++) {
      bisection.failed(null);
      expect(bisection.isStuck).toBe(true);
      expect(bisection.next?.type).toBe('set_aside');
    }
    bisection.succeeded();
    expect(bisection.isStuck).toBe(false);
    expect(bisection.next).toBeNull();
  });

  it('bisection - one offender among 32,000 that only the commit notices is found in about 2 × 15 parts', () => {
    const { setAside, tried } = run(32_000, new Set([12_345]), true);
    expect(setAside).toEqual([12_345]);
    expect(tried.length).toBeLessThan(WHOLE_FAILURES_MAX + 2 * 16 + 2);
  });

  it('bisection laws - exactly the offenders are set aside, everything else is stored once, in order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.nat(59)),
        fc.boolean(),
        (count, places, late) => {
          const offenders = new Set(places.filter((at) => at < count));
          const { stored, setAside } = run(count, offenders, late);
          expect(setAside).toEqual([...offenders].toSorted((a, b) => a - b));
          expect(stored).toEqual(
            Array.from({ length: count }, (_, at) => at).filter((at) => !offenders.has(at)),
          );
        },
      ),
    );
  });
});
