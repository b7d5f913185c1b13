// What the schedule gives out next, by tables; and its laws under any sequence of events: every ticket leaves exactly
// once, every nonce is made, the bounds hold, and no address is kept waiting by another.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProofClaim, ProofOrigin } from '../../../src/mining/domain/proof-check.ts';
import type { Ticket } from '../../../src/mining/domain/proof-lines.ts';
import { type ProofPart, ProofSchedule, SHARERS_MAX } from '../../../src/mining/domain/proof-schedule.ts';

const LANES = 12;

function claimOf(nonce: number, compression = 1): ProofClaim {
  return {
    accountId: 'aa'.repeat(20),
    seed: 'bb'.repeat(32),
    nonce: BigInt(nonce),
    compression,
    height: 1n,
    generationSignature: 'cc'.repeat(32),
    rawQuality: 1n,
  };
}

const originOf = (address: string, pocTime: number, blockHash = 'now'): ProofOrigin => ({
  address,
  blockHash,
  pocTime: BigInt(pocTime),
});
const nobody = () => false;
/** The parts as "nonce from+count". */
const shown = (parts: readonly ProofPart[]) =>
  parts.map(({ proof: { claim }, from, count }) => `${claim.nonce} ${from}+${count}`);

/** A schedule with these claims: [nonce, address, claimed time, level]. */
function scheduleOf(...claims: readonly (readonly [number, string, number, number?])[]): ProofSchedule {
  const schedule = new ProofSchedule();
  for (const [nonce, address, time, level] of claims)
    schedule.add(claimOf(nonce, level), originOf(address, time));
  return schedule;
}

describe('the order of proofs', () => {
  it('one address: the smallest claimed time first, then the first to arrive', () => {
    const schedule = scheduleOf([1, 'a', 50], [2, 'a', 10], [3, 'a', 10], [4, 'a', 30]);
    expect(shown(schedule.take(LANES, nobody))).toEqual(['2 0+2', '3 0+2', '4 0+2', '1 0+2']);
    expect(schedule.waiting).toBe(0);
    expect(schedule.take(LANES, nobody)).toEqual([]);
  });

  it('several addresses take turns, and a turn goes by the claimed time', () => {
    const schedule = scheduleOf([1, 'a', 1], [2, 'a', 2], [3, 'a', 3], [4, 'b', 90], [5, 'c', 80]);
    expect(shown(schedule.take(LANES, nobody))).toEqual(['1 0+2', '5 0+2', '4 0+2', '2 0+2', '3 0+2']);
  });

  it('a claim is withdrawn for one address, unless a thread has begun its proof', () => {
    const schedule = scheduleOf([1, 'a', 10], [1, 'b', 10], [2, 'a', 20]);
    expect(schedule.withdraw(claimOf(1), originOf('a', 10))?.address).toBe('a');
    expect(schedule.withdraw(claimOf(1), originOf('a', 10))).toBeNull();
    expect(schedule.withdraw(claimOf(9), originOf('a', 10))).toBeNull();
    expect(shown(schedule.take(LANES, nobody))).toEqual(['1 0+2', '2 0+2']);
    expect(schedule.withdraw(claimOf(2), originOf('a', 20))).toBeNull();
  });

  it('a turn is measured in nonces: a proof of level 7 does not count as one of level 1', () => {
    const schedule = scheduleOf([1, 'a', 1, 7], [2, 'a', 2, 7], [3, 'b', 9], [4, 'b', 10], [5, 'b', 11]);
    expect(shown(schedule.take(LANES, nobody))).toEqual(['1 0+12']);
    expect(shown(schedule.take(LANES, nobody))).toEqual(['3 0+2', '4 0+2', '5 0+2', '1 12+6']);
  });

  it('a large proof is made in parts, and a better one of the same address goes in between', () => {
    const schedule = scheduleOf([1, 'a', 50, 7]);
    expect(shown(schedule.take(LANES, nobody))).toEqual(['1 0+12']);
    schedule.add(claimOf(2), originOf('a', 10));
    expect(shown(schedule.take(LANES, nobody))).toEqual(['2 0+2', '1 12+10']);
  });

  it('an address that comes later has its turn next, and none that others had before', () => {
    const schedule = scheduleOf(...Array.from({ length: 60 }, (_, n) => [n, 'a', n] as const));
    for (let turn = 0; turn < 3; turn++) schedule.take(LANES, nobody);
    for (let n = 100; n < 110; n++) schedule.add(claimOf(n), originOf('b', n));
    const given = shown(schedule.take(LANES, nobody));
    expect(given.filter((text) => text.startsWith('10'))).toHaveLength(3);
    expect(given).toHaveLength(6);
  });

  it('proofs of an address over its budget wait for all others, and come one at a time', () => {
    const schedule = scheduleOf([1, 'bad', 1], [2, 'bad', 2, 7], [3, 'good', 90]);
    const isOver = (address: string) => address === 'bad';
    const [good] = schedule.take(LANES, isOver);
    expect(shown(good === undefined ? [] : [good])).toEqual(['3 0+2']);
    const [first] = schedule.take(LANES, isOver);
    expect(first?.proof.claim.nonce).toBe(1n);
    expect(schedule.take(LANES, isOver)).toEqual([]);
    if (first !== undefined) schedule.finished(first);
    // Its parts come one at a time too.
    const [second] = schedule.take(LANES, isOver);
    expect(shown(second === undefined ? [] : [second])).toEqual(['2 0+12']);
    expect(schedule.take(LANES, isOver)).toEqual([]);
    schedule.add(claimOf(4), originOf('good', 99));
    expect(shown(schedule.take(LANES, isOver))).toEqual(['4 0+2']);
    if (second !== undefined) schedule.finished(second);
    expect(shown(schedule.take(LANES, isOver))).toEqual(['2 12+12']);
  });

  it('behind an address over its budget proven plots come first, unknown ones as they arrived, refuted ones last', () => {
    const schedule = new ProofSchedule();
    const of = (seed: string, nonce: number) => ({ ...claimOf(nonce), seed: seed.repeat(32) });
    const isOver = () => true;
    const judge = (seed: string, holds: boolean) => {
      schedule.add(of(seed, 0), originOf('farm', 5));
      const [part] = schedule.take(LANES, isOver);
      if (part === undefined) throw new Error('no work');
      schedule.judged(part.proof, holds);
      schedule.finished(part);
    };
    judge('aa', true);
    judge('dd', false);
    const claims = [
      ['dd', 1, 0],
      ['0c', 2, 9],
      ['0b', 3, 1],
      ['aa', 4, 90],
      ['aa', 5, 80],
    ] as const;
    for (const [seed, nonce, time] of claims) schedule.add(of(seed, nonce), originOf('farm', time));
    const order = claims.map(() => {
      const [part] = schedule.take(LANES, isOver);
      if (part !== undefined) schedule.finished(part);
      return Number(part?.proof.claim.nonce);
    });
    expect(order).toEqual([5, 4, 2, 3, 1]);
    // The history belongs to the address: from elsewhere the same plot is unknown.
    schedule.add(of('aa', 6), originOf('other', 1));
    schedule.add(of('ee', 7), originOf('other', 0));
    expect(schedule.take(LANES, isOver)[0]?.proof.claim.nonce).toBe(6n);
  });

  it('an address with too many proofs loses those of its proven plots last', () => {
    const schedule = new ProofSchedule(2);
    const honest = { ...claimOf(1), seed: 'aa'.repeat(32) };
    schedule.judged({ key: '', claim: honest, tickets: [originOf('farm', 1)] }, true);
    schedule.add(honest, originOf('farm', 99));
    for (const nonce of [2, 3, 4]) schedule.add(claimOf(nonce), originOf('farm', 0));
    expect(shown(schedule.take(LANES, nobody))).toEqual(['2 0+2', '1 0+2']);
  });

  it('an honest address that claims the same as one over its budget does not wait for it', () => {
    const schedule = scheduleOf([1, 'bad', 1], [2, 'bad', 2], [2, 'good', 2]);
    expect(shown(schedule.take(LANES, (address) => address === 'bad'))).toEqual(['2 0+2']);
  });

  it('who was over the budget has saved up no turns', () => {
    const schedule = scheduleOf(
      ...Array.from({ length: 40 }, (_, n) => [n, 'good', n] as const),
      ...Array.from({ length: 40 }, (_, n) => [100 + n, 'bad', n] as const),
    );
    for (let turn = 0; turn < 5; turn++) schedule.take(LANES, (address) => address === 'bad');
    // It may be behind by one go of 12 nonces; with the turns of five goes saved up, all 24 proofs would be its own.
    const given = Array.from({ length: 4 }, () => shown(schedule.take(LANES, nobody))).flat();
    expect(given).toHaveLength(24);
    expect(given.filter((text) => text.startsWith('1') && text.length === 'NNN 0+2'.length)).toHaveLength(16);
  });
});

describe('equal claims', () => {
  it('share one check, and one ticket if address and block are the same (S3)', () => {
    const schedule = new ProofSchedule();
    const added = Array.from({ length: 10 }, () => schedule.add(claimOf(1), originOf('a', 5)));
    expect(new Set(added.map(({ ticket }) => ticket)).size).toBe(1);
    expect(added.map(({ isJoined }) => isJoined)).toEqual([false, ...Array<boolean>(9).fill(true)]);
    const [part] = schedule.take(LANES, nobody);
    const whileUnderWay = schedule.add(claimOf(1), originOf('a', 5));
    const elsewhere = schedule.add(claimOf(1), originOf('b', 5));
    expect([whileUnderWay.isJoined, elsewhere.isJoined]).toEqual([true, true]);
    expect(schedule.take(LANES, nobody)).toEqual([]);
    expect(part === undefined ? null : schedule.finished(part)).toEqual([added[0]?.ticket, elsewhere.ticket]);
    expect(schedule.add(claimOf(1), originOf('a', 5)).isJoined).toBe(false);
  });

  it('are shared by a bounded number of addresses', () => {
    const schedule = new ProofSchedule();
    for (let n = 0; n < SHARERS_MAX; n++) {
      expect(schedule.add(claimOf(1), originOf(`address ${n}`, 5)).lost).toBeNull();
    }
    const { ticket, lost } = schedule.add(claimOf(1), originOf('one more', 5));
    expect(lost).toBe(ticket);
    const [part] = schedule.take(LANES, nobody);
    expect(part === undefined ? null : schedule.finished(part)).toHaveLength(SHARERS_MAX);
  });

  it('are equal with hex digits in either case, and differ in every other member', () => {
    const schedule = new ProofSchedule();
    const claim = claimOf(1);
    schedule.add(claim, originOf('a', 5));
    expect(schedule.add({ ...claim, seed: claim.seed.toUpperCase() }, originOf('a', 5)).isJoined).toBe(true);
    const others: readonly Partial<ProofClaim>[] = [
      { nonce: 2n },
      { rawQuality: 2n },
      { height: 2n },
      { compression: 2 },
      { accountId: 'ab'.repeat(20) },
      { seed: 'ab'.repeat(32) },
      { generationSignature: 'ab'.repeat(32) },
    ];
    for (const other of others) {
      expect(schedule.add({ ...claim, ...other }, originOf('a', 5)).isJoined).toBe(false);
    }
  });
});

describe('a full schedule', () => {
  const fill = (max: number, addresses: readonly string[]) => {
    const schedule = new ProofSchedule(max);
    addresses.forEach((address, n) => schedule.add(claimOf(n), originOf(address, n)));
    return schedule;
  };

  it('the address with most tickets loses its worst', () => {
    const schedule = fill(4, ['a', 'a', 'a', 'b']);
    const { ticket, lost } = schedule.add(claimOf(9), originOf('c', 999));
    expect(lost).toMatchObject({ address: 'a', pocTime: 2n });
    expect(lost).not.toBe(ticket);
    expect(schedule.waiting).toBe(4);
  });

  it('an address evicts only its own, however good its claims are', () => {
    const schedule = fill(4, ['a', 'a', 'b', 'c']);
    expect(schedule.add(claimOf(9), originOf('a', 0)).lost).toMatchObject({ address: 'a', pocTime: 1n });
    const worse = schedule.add(claimOf(10), originOf('a', 99));
    expect(worse.lost).toBe(worse.ticket);
  });

  it('who draws level with the longest line loses its own', () => {
    const schedule = fill(4, ['a', 'b', 'b', 'c']);
    expect(schedule.add(claimOf(9), originOf('a', 7)).lost).toMatchObject({ address: 'a', pocTime: 7n });
  });

  it('among equals the newcomer loses', () => {
    const schedule = fill(3, ['a', 'b', 'c']);
    const { ticket, lost } = schedule.add(claimOf(9), originOf('d', 0));
    expect(lost).toBe(ticket);
  });

  it('a check for which another address waits too goes on', () => {
    const schedule = new ProofSchedule(3);
    schedule.add(claimOf(1), originOf('a', 1));
    schedule.add(claimOf(2), originOf('a', 2));
    schedule.add(claimOf(2), originOf('b', 2));
    expect(schedule.add(claimOf(3), originOf('c', 3)).lost).toMatchObject({ address: 'a', pocTime: 2n });
    expect(shown(schedule.take(LANES, nobody))).toEqual(['1 0+2', '2 0+2', '3 0+2']);
  });
});

describe('a new block (S26)', () => {
  it('drops what waits for a passed block, and nothing of the new one or under way', () => {
    const schedule = new ProofSchedule();
    for (let n = 0; n < 20; n++) schedule.add(claimOf(n), originOf('a', n, 'old'));
    const running = schedule.take(LANES, nobody);
    const fresh = Array.from({ length: 3 }, (_, n) => schedule.add(claimOf(50 + n), originOf('a', n, 'new')));
    const dropped = schedule.keepBlocks(['new']);
    expect(dropped.map(({ pocTime }) => Number(pocTime))).toEqual(
      Array.from({ length: 14 }, (_, n) => 6 + n),
    );
    expect(running.map((part) => schedule.finished(part)?.length)).toEqual(running.map(() => 1));
    const next = schedule.take(LANES, nobody);
    expect(next.flatMap((part) => schedule.finished(part))).toEqual(fresh.map(({ ticket }) => ticket));
    expect(schedule.size).toBe(0);
  });

  it('stops a large proof after its parts under way, whose results then change nothing', () => {
    const schedule = new ProofSchedule();
    schedule.add(claimOf(1, 7), originOf('a', 1, 'old'));
    const [part] = schedule.take(LANES, nobody);
    expect(schedule.keepBlocks(['new'])).toHaveLength(1);
    if (part !== undefined) {
      expect(schedule.finished(part)).toBeNull();
      schedule.returned(part);
    }
    expect([schedule.size, schedule.waiting, schedule.take(LANES, nobody).length]).toEqual([0, 0, 0]);
  });

  it('a claim for two blocks goes on for the one that stays', () => {
    const schedule = new ProofSchedule();
    schedule.add(claimOf(1), originOf('a', 1, 'old'));
    const { ticket } = schedule.add(claimOf(1), originOf('a', 1, 'new'));
    expect(schedule.keepBlocks(['new'])).toMatchObject([{ blockHash: 'old' }]);
    const [part] = schedule.take(LANES, nobody);
    expect(part === undefined ? null : schedule.finished(part)).toEqual([ticket]);
  });
});

describe('a thread that ends', () => {
  it('its part is given out again, before the rest and alone', () => {
    const schedule = scheduleOf([1, 'a', 1, 5]);
    const [first] = schedule.take(LANES, nobody);
    const [second] = schedule.take(LANES, nobody);
    if (first !== undefined) schedule.returned(first);
    expect(shown(schedule.take(5, nobody))).toEqual(['1 0+5']);
    schedule.add(claimOf(2), originOf('b', 2));
    expect(shown(schedule.take(LANES, nobody))).toEqual(['2 0+2']);
    expect(shown(schedule.take(LANES, nobody))).toEqual(['1 5+7']);
    expect(shown(schedule.take(LANES, nobody))).toEqual(['1 24+8']);
    if (second !== undefined) expect(schedule.finished(second)).toBeNull();
  });

  it('a proof that was given out whole waits again, and may be given up', () => {
    const schedule = scheduleOf([1, 'a', 1]);
    const [part] = schedule.take(LANES, nobody);
    if (part === undefined) throw new Error('no work');
    schedule.returned(part);
    expect(schedule.waiting).toBe(1);
    expect(schedule.giveUp(part)).toHaveLength(1);
    expect(schedule.giveUp(part)).toEqual([]);
    expect(schedule.size).toBe(0);
  });
});

const eventOf = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('add' as const),
      nonce: fc.nat(15),
      level: fc.constantFrom(1, 1, 1, 2, 5),
      address: fc.constantFrom('a', 'b', 'c', 'bad'),
      time: fc.nat(5),
      block: fc.constantFrom('x', 'y'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('take' as const), lanes: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('finished' as const, 'returned' as const, 'giveUp' as const),
      which: fc.nat(20),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('keep' as const), block: fc.constantFrom('x', 'y') }),
  },
);

describe('laws of the schedule', () => {
  it('every ticket leaves exactly once, every nonce of a finished proof was made once, and the bound holds', () => {
    fc.assert(
      fc.property(fc.array(eventOf, { maxLength: 120 }), (events) => {
        const max = 6;
        const schedule = new ProofSchedule(max);
        const inside = new Set<Ticket>();
        const underWay: ProofPart[] = [];
        const made = new Map<unknown, number[]>();
        const leave = (tickets: readonly Ticket[]) => {
          for (const ticket of tickets) expect(inside.delete(ticket)).toBe(true);
        };
        const finish = (part: ProofPart) => {
          const numbers = Array.from({ length: part.count }, (_, n) => part.from + n);
          made.set(part.proof, [...(made.get(part.proof) ?? []), ...numbers]);
          const tickets = schedule.finished(part);
          if (tickets === null) return;
          const total = 2 ** part.proof.claim.compression;
          expect(made.get(part.proof)?.toSorted((a, b) => a - b)).toEqual([...Array(total).keys()]);
          leave(tickets);
        };
        const isBad = (address: string) => address === 'bad';
        for (const event of events) {
          if (event.type === 'add') {
            const { ticket, isJoined, lost } = schedule.add(
              claimOf(event.nonce, event.level),
              originOf(event.address, event.time, event.block),
            );
            if (!isJoined) expect(inside.has(ticket)).toBe(false);
            inside.add(ticket);
            if (lost !== null) leave([lost]);
          } else if (event.type === 'take') {
            const parts = schedule.take(event.lanes, isBad);
            expect(parts.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(event.lanes);
            underWay.push(...parts);
          } else if (event.type === 'keep') leave(schedule.keepBlocks([event.block]));
          else {
            const [part] = underWay.splice(event.which % Math.max(1, underWay.length), 1);
            if (part === undefined) continue;
            if (event.type === 'finished') finish(part);
            else if (event.type === 'returned') schedule.returned(part);
            else leave(schedule.giveUp(part));
          }
          expect(schedule.waiting).toBeLessThanOrEqual(max + underWay.length * 4 + inside.size);
        }
        for (;;) {
          const parts = schedule.take(LANES, isBad);
          if (parts.length === 0 && underWay.length === 0) break;
          for (const part of [...underWay.splice(0), ...parts]) finish(part);
        }
        expect([inside.size, schedule.size, schedule.waiting]).toEqual([0, 0, 0]);
      }),
      { numRuns: 400 },
    );
  });

  it('an address with work gets its share of nonces, whatever the others claim', () => {
    const burst = fc.record({ count: fc.integer({ min: 1, max: 30 }), level: fc.constantFrom(1, 2, 7) });
    fc.assert(
      fc.property(
        fc.array(burst, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 2, max: 12 }),
        (rivals, lanes) => {
          const schedule = new ProofSchedule();
          let nonce = 0;
          rivals.forEach(({ count, level }, index) => {
            for (let n = 0; n < count; n++)
              schedule.add(claimOf(nonce++, level), originOf(`rival ${index}`, 0));
          });
          const mine = new Set<Ticket>();
          for (let n = 0; n < 20; n++)
            mine.add(schedule.add(claimOf(nonce++), originOf('mine', 1_000_000)).ticket);
          let made = 0;
          while (mine.size > 0) {
            for (const part of schedule.take(lanes, nobody)) {
              made += part.count;
              for (const ticket of schedule.finished(part) ?? []) mine.delete(ticket);
            }
          }
          // 40 nonces of its own, as many of each rival, and what of a part goes beyond a turn.
          expect(made).toBeLessThanOrEqual((40 + lanes) * (rivals.length + 1) + lanes);
        },
      ),
      { numRuns: 200 },
    );
  });
});
