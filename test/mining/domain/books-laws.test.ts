// Laws of the books under any order of arrivals, liars, ends of checks, outcomes of deliveries and restarts.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Books, type Move } from '../../../src/mining/domain/books.ts';
import type { Entry } from '../../../src/mining/domain/facts.ts';
import type { SubmissionMode } from '../../../src/mining/domain/information.ts';
import type { Verify } from '../../../src/mining/domain/proof-check.ts';
import type { DeliveryOutcome } from '../../../src/mining/domain/upstream-answer.ts';
import { account, entry } from './mining-blocks.ts';

const ACCOUNTS = ['a', 'b', 'c'];
const BLOCKS = ['h1', 'h2'];

type Step =
  | {
      readonly type: 'arrive';
      readonly from: number;
      readonly block: number;
      readonly quality: number;
      readonly isTrue: boolean;
    }
  | { readonly type: 'checked'; readonly pick: number }
  | {
      readonly type: 'settled';
      readonly pick: number;
      readonly outcome: 'delivered' | 'refused' | 'replaced';
    }
  | { readonly type: 'restart' };

const arrival = fc.record({
  type: fc.constant('arrive' as const),
  from: fc.nat(ACCOUNTS.length - 1),
  block: fc.nat(BLOCKS.length - 1),
  quality: fc.nat(30),
  isTrue: fc.boolean(),
});
const check = fc.record({ type: fc.constant('checked' as const), pick: fc.nat() });
const settlement = fc.record({
  type: fc.constant('settled' as const),
  pick: fc.nat(),
  outcome: fc.constantFrom('delivered' as const, 'refused' as const, 'replaced' as const),
});
const restart = fc.record({ type: fc.constant('restart' as const) });
const steps = (...kinds: readonly fc.Arbitrary<Step>[]) =>
  fc.array(fc.oneof(...kinds), { maxLength: 60, size: 'max' });

/** The world around books: what is stored, checked and in delivery, and what was ever forwarded. */
class World {
  readonly arrived: Entry[] = [];
  readonly refused = new Set<number>();
  /** Forwards that break a law. */
  readonly broken: string[] = [];
  readonly #mode: SubmissionMode;
  readonly #verify: Verify;
  #books: Books;
  #stored = new Map<number, Entry>();
  #checks = new Map<number, Entry>();
  #deliveries = new Map<number, Entry>();
  /** Forwarded and neither refused nor replaced since, by account and block. */
  readonly #forwarded = new Map<string, Map<number, bigint>>();
  #nextId = 1;

  constructor(mode: SubmissionMode, verify: Verify) {
    this.#mode = mode;
    this.#verify = verify;
    this.#books = this.#opened();
  }

  /** The best raw quality forwarded for this account and block, in wallet mode for the block. */
  best(each: Entry): bigint | null {
    const qualities = Array.from(this.#forwardedOf(each).values());
    return qualities.length === 0 ? null : qualities.reduce((one, other) => (other < one ? other : one));
  }

  take(step: Step): void {
    if (step.type === 'arrive') this.#arrive(step);
    else if (step.type === 'checked') this.#check(pick(this.#checks, step.pick));
    else if (step.type === 'settled') this.#settle(pick(this.#deliveries, step.pick), step.outcome);
    else this.#restart();
  }

  /** Ends all checks, those that follow from them too. */
  drainChecks(): void {
    while (this.#checks.size > 0) this.#check(pick(this.#checks, 0));
  }

  isTrue({ submission }: Entry): boolean {
    return submission.nonce % 2n === 0n;
  }

  keyOf({ submission, blockHash }: Entry): string {
    return this.#mode === 'pool' ? `${submission.accountId} ${blockHash}` : blockHash;
  }

  #opened(): Books {
    const books = new Books(this.#mode);
    books.keepBlocks(BLOCKS);
    return books;
  }

  #forwardedOf(each: Entry): Map<number, bigint> {
    const key = this.keyOf(each);
    const forwarded = this.#forwarded.get(key) ?? new Map<number, bigint>();
    this.#forwarded.set(key, forwarded);
    return forwarded;
  }

  #arrive({ from, block, quality, isTrue }: Extract<Step, { type: 'arrive' }>): void {
    const id = this.#nextId++;
    const nonce = BigInt(quality * 2 + (isTrue ? 0 : 1));
    const accountId = account(ACCOUNTS[from] ?? '');
    const blockHash = BLOCKS[block] ?? '';
    const mine = entry({
      id,
      blockHash,
      mode: this.#mode,
      of: { accountId, nonce, rawQuality: BigInt(quality) },
    });
    this.arrived.push(mine);
    const { type } = this.#books.look(mine.submission, blockHash);
    if (type === 'known' || type === 'account_refused' || type === 'block_refused') return;
    const isChecked = this.#verify === 'all' || (this.#verify === 'best' && type === 'better');
    this.#carryOut(isChecked ? this.#books.check(mine) : this.#books.take(mine, this.#verify === 'off'));
  }

  #check(each: Entry | undefined): void {
    if (each === undefined) return;
    this.#checks.delete(each.id);
    this.#carryOut(
      this.isTrue(each) ? this.#books.verified(each.id) : this.#books.dismiss(each.id, 'false', null),
    );
  }

  #settle(each: Entry | undefined, type: 'delivered' | 'refused' | 'replaced'): void {
    if (each === undefined) return;
    const { rawQuality } = each.submission;
    // A delivery replaces only what has a better one behind it.
    const isOutdone = Array.from(this.#deliveries.values()).some(
      (other) => this.keyOf(other) === this.keyOf(each) && other.submission.rawQuality < rawQuality,
    );
    if (type === 'replaced' && !isOutdone) return;
    this.#deliveries.delete(each.id);
    if (type !== 'delivered') this.#forwardedOf(each).delete(each.id);
    if (type === 'refused') this.refused.add(each.id);
    const outcomes: Record<typeof type, DeliveryOutcome> = {
      delivered: { type: 'delivered', rawQuality },
      refused: { type: 'refused', about: 'submission', code: -32001, text: '' },
      replaced: { type: 'replaced' },
    };
    this.#carryOut(this.#books.settled(each.id, outcomes[type]));
  }

  #restart(): void {
    this.#checks = new Map();
    this.#deliveries = new Map();
    this.#books = new Books(this.#mode);
    const stored = Array.from(this.#stored.values()).toSorted((one, other) => one.id - other.id);
    const moves = stored.flatMap((each) => this.#books.restore(each));
    this.#carryOut([...moves, ...this.#books.keepBlocks(BLOCKS)], true);
  }

  #carryOut(moves: readonly Move[], isAgain = false): void {
    for (const { entry: each, act, isGone } of moves) {
      if (isGone) this.#stored.delete(each.id);
      else this.#stored.set(each.id, each);
      if (isGone) this.#checks.delete(each.id);
      if (act === 'check') {
        if (this.#verify === 'off') this.#carryOut(this.#books.verified(each.id));
        else this.#checks.set(each.id, each);
      }
      if (act === 'withdraw') this.#deliveries.delete(each.id);
      if (act === 'deliver') this.#deliver(each, isAgain);
    }
  }

  #deliver(each: Entry, isAgain: boolean): void {
    const forwarded = this.#forwardedOf(each);
    if (!(isAgain && forwarded.has(each.id))) {
      const best = this.best(each);
      // Law a: what is forwarded is strictly better each time.
      if (best !== null && each.submission.rawQuality >= best)
        this.broken.push(`not better: ${claimOf(each)}`);
    }
    // Law b: nothing unverified is forwarded.
    if (this.#verify !== 'off' && !this.isTrue(each)) this.broken.push(`not true: ${claimOf(each)}`);
    forwarded.set(each.id, each.submission.rawQuality);
    this.#deliveries.set(each.id, each);
  }
}

function pick<Value>(map: ReadonlyMap<number, Value>, at: number): Value | undefined {
  return Array.from(map.values())[map.size === 0 ? 0 : at % map.size];
}

/** Law c: when all checks have ended, the best true submission that was not refused is forwarded, or a better one. */
function expectBestForwarded(world: World): void {
  const refused = new Set(world.arrived.filter(({ id }) => world.refused.has(id)).map(claimOf));
  for (const each of world.arrived) {
    if (!world.isTrue(each) || refused.has(claimOf(each))) continue;
    const best = world.best(each);
    expect(best, `nothing is forwarded for ${claimOf(each)}`).not.toBeNull();
    expect(best).toBeLessThanOrEqual(each.submission.rawQuality);
  }
}

const claimOf = ({ submission, blockHash }: Entry) =>
  `${submission.accountId} ${blockHash} ${submission.nonce}`;

describe('laws of the books', () => {
  it.each<[SubmissionMode, Verify]>([
    ['pool', 'best'],
    ['pool', 'all'],
    ['wallet', 'best'],
    ['wallet', 'all'],
  ])(
    'laws of the books - %s, verify %s: forwards are strictly better and true, and the best true one is forwarded',
    (mode, verify) => {
      const kinds = [arrival, arrival, check, restart];
      fc.assert(
        fc.property(steps(...kinds), (run) => {
          const world = new World(mode, verify);
          for (const step of run) world.take(step);
          world.drainChecks();
          expect(world.broken).toEqual([]);
          expectBestForwarded(world);
        }),
        { numRuns: 150 },
      );
    },
  );

  it.each<[SubmissionMode, Verify]>([
    ['pool', 'best'],
    ['pool', 'all'],
    ['pool', 'off'],
    ['wallet', 'best'],
    ['wallet', 'all'],
    ['wallet', 'off'],
  ])(
    'laws of the books - %s, verify %s: with refusals, replacements and deliveries forwards are strictly better and true',
    (mode, verify) => {
      fc.assert(
        fc.property(steps(arrival, arrival, check, settlement, restart), (run) => {
          const world = new World(mode, verify);
          for (const step of run) world.take(step);
          world.drainChecks();
          expect(world.broken).toEqual([]);
        }),
        { numRuns: 150 },
      );
    },
  );

  it('laws of the books - pool: after refusals the next best true one is forwarded', () => {
    // One account and few arrivals, so that no held-back one has to make room.
    const near = arrival.map((each) => ({ ...each, from: 0, block: 0, quality: each.quality % 12 }));
    const short = fc.array(
      fc.oneof(
        { arbitrary: near, weight: 8 },
        { arbitrary: check, weight: 6 },
        { arbitrary: settlement, weight: 4 },
        { arbitrary: restart, weight: 1 },
      ),
      { maxLength: 24, size: 'max' },
    );
    fc.assert(
      fc.property(short, (run) => {
        const world = new World('pool', 'best');
        for (const step of run) world.take(step);
        world.drainChecks();
        expect(world.broken).toEqual([]);
        expectBestForwarded(world);
      }),
      { numRuns: 800 },
    );
  });
});
