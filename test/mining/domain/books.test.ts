import { describe, expect, it } from 'vitest';
import { Books, type Move } from '../../../src/mining/domain/books.ts';
import type { Entry } from '../../../src/mining/domain/facts.ts';
import type { SubmissionMode } from '../../../src/mining/domain/information.ts';
import { HELD_PER_ACCOUNT_MAX, REFUSED_PER_ACCOUNT_MAX } from '../../../src/mining/domain/slot.ts';
import type { DeliveryOutcome, RefusalSubject } from '../../../src/mining/domain/upstream-answer.ts';
import { account, entry, submission } from './mining-blocks.ts';

/** A move in one line: what is done, the entry, its state, its verdict. */
const line = ({ act, entry, verdict, isGone }: Move) =>
  [act, entry.id, isGone ? 'gone' : entry.state, verdict].filter((word) => word !== null).join(' ');
const lines = (moves: readonly Move[]) => moves.map(line);

const refused = (about: RefusalSubject): DeliveryOutcome => ({
  type: 'refused',
  about,
  code: -32001,
  text: 'no',
});
const delivered = (rawQuality: bigint): DeliveryOutcome => ({ type: 'delivered', rawQuality });

function claim(id: number, rawQuality: bigint, change: Partial<Entry> & { from?: string } = {}): Entry {
  const { from = 'a', ...rest } = change;
  return entry({ ...rest, id, of: { accountId: account(from), nonce: BigInt(id), rawQuality } });
}

function opened(mode: SubmissionMode = 'pool'): Books {
  const books = new Books(mode);
  books.keepBlocks(['h1']);
  return books;
}

/** Takes in a claim whose proof holds. */
function forward(books: Books, each: Entry): readonly string[] {
  books.check(each);
  return lines(books.verified(each.id));
}

describe('books', () => {
  it('books - a claim under check suppresses nothing', () => {
    const books = opened();
    expect(lines(books.check(claim(1, 0n)))).toEqual(['check 1 checking']);
    expect(books.look(submission({ nonce: 9n, rawQuality: 400n }), 'h1')).toEqual({ type: 'better' });
    expect(lines(books.check(claim(2, 400n)))).toEqual(['check 2 checking']);
    expect(lines(books.verified(2))).toEqual(['deliver 2 waiting waiting']);
    expect(books.look(submission({ nonce: 9n, rawQuality: 300n }), 'h1')).toEqual({ type: 'better' });
    expect(lines(books.dismiss(1, 'false', 'why'))).toEqual(['1 gone false']);
    expect(forward(books, claim(3, 300n))).toEqual(['deliver 3 waiting waiting']);
  });

  it('books - checks that are not better than a true best end; what they claim is held back unchecked', () => {
    const books = opened();
    for (const each of [claim(1, 400n), claim(2, 500n), claim(3, 300n), claim(4, 900n, { from: 'b' })])
      books.check(each);
    books.verified(1);
    const { submission: best } = claim(1, 400n);
    expect(lines(books.endNeedlessChecks(best, 'h1'))).toEqual(['uncheck 2 held held']);
    expect(books.entry(3)?.state).toBe('checking');
    expect(books.entry(4)?.state).toBe('checking');
    expect(lines(books.settled(1, refused('submission')))).toEqual([
      '1 refused refused',
      'check 2 checking checking',
    ]);
    expect(lines(books.endNeedlessChecks(best, 'h2'))).toEqual([]);
  });

  it('books - in wallet mode a true best ends the checks of worse claims of every account', () => {
    const books = opened('wallet');
    for (const each of [claim(1, 400n), claim(2, 500n, { from: 'b' }), claim(3, 300n, { from: 'c' })])
      books.check(each);
    books.verified(1);
    expect(lines(books.endNeedlessChecks(claim(1, 400n).submission, 'h1'))).toEqual(['uncheck 2 held held']);
    expect(books.entry(3)?.state).toBe('checking');
  });

  it.each([
    ['checking', (books: Books) => void books.check(claim(1, 400n))],
    ['waiting', (books: Books) => void forward(books, claim(1, 400n))],
    ['held', (books: Books) => void (forward(books, claim(2, 300n)), books.take(claim(1, 400n), false))],
    [
      'refused',
      (books: Books) => void (forward(books, claim(1, 400n)), books.settled(1, refused('submission'))),
    ],
  ])('books - the same claim again is known while it is %s', (state, prepare) => {
    const books = opened();
    prepare(books);
    const again = submission({ accountId: account('A'), nonce: 1n, rawQuality: 400n, seed: '0B'.repeat(32) });
    expect(books.look(again, 'h1')).toMatchObject({ type: 'known', entry: { id: 1, state } });
    expect(books.look(again, 'h2')).toEqual({ type: 'better' });
  });

  it('books - what is not better is held back until a better one is delivered', () => {
    const books = opened();
    forward(books, claim(1, 400n));
    expect(books.look(submission({ nonce: 2n, rawQuality: 400n }), 'h1')).toEqual({ type: 'held' });
    expect(lines(books.take(claim(2, 400n), false))).toEqual(['2 held held']);
    expect(lines(books.settled(1, delivered(400n)))).toEqual(['1 delivered accepted', '2 gone']);
    expect(books.look(submission({ nonce: 3n, rawQuality: 400n }), 'h1')).toEqual({ type: 'outdone' });
    expect(books.look(submission({ nonce: 3n, rawQuality: 399n }), 'h1')).toEqual({ type: 'better' });
  });

  it('books - another raw quality of the upstream is a mismatch, and delivered', () => {
    const books = opened();
    forward(books, claim(1, 400n));
    expect(lines(books.settled(1, delivered(399n)))).toEqual(['1 delivered mismatch']);
  });

  it('books - after a refusal the next best that was held back is checked, and then delivered', () => {
    const books = opened();
    forward(books, claim(1, 400n));
    books.take(claim(2, 450n), false);
    books.take(claim(3, 420n), false);
    expect(lines(books.settled(1, refused('submission')))).toEqual([
      '1 refused refused',
      'check 3 checking checking',
    ]);
    expect(lines(books.dismiss(3, 'false', null))).toEqual(['3 gone false', 'check 2 checking checking']);
    expect(lines(books.verified(2))).toEqual(['deliver 2 waiting waiting']);
  });

  it('books - a held-back one that was verified is delivered without a further check', () => {
    const books = opened();
    books.check(claim(1, 400n));
    forward(books, claim(2, 300n));
    expect(lines(books.verified(1))).toEqual(['1 held held']);
    expect(lines(books.settled(2, refused('submission')))).toEqual([
      '2 refused refused',
      'deliver 1 waiting waiting',
    ]);
  });

  it('books - a refused best falls back to nothing that is worse than what was delivered', () => {
    const books = opened();
    forward(books, claim(1, 400n));
    books.settled(1, delivered(400n));
    forward(books, claim(2, 300n));
    books.take(claim(3, 350n), false);
    expect(books.look(submission({ nonce: 4n, rawQuality: 500n }), 'h1')).toEqual({ type: 'outdone' });
    expect(lines(books.settled(2, refused('submission')))).toEqual([
      '2 refused refused',
      'check 3 checking checking',
    ]);
    books.verified(3);
    expect(lines(books.settled(3, refused('submission')))).toEqual(['3 refused refused']);
  });

  it('books - one that was replaced is held back, and offered again if the better one is refused', () => {
    const books = opened();
    forward(books, claim(1, 400n));
    forward(books, claim(2, 300n));
    expect(lines(books.settled(1, { type: 'replaced' }))).toEqual(['1 held replaced']);
    expect(lines(books.settled(2, refused('submission')))).toEqual([
      '2 refused refused',
      'deliver 1 waiting waiting',
    ]);
  });

  it('books - one that was replaced after the better one was refused is offered again at once', () => {
    const books = opened();
    forward(books, claim(1, 400n));
    forward(books, claim(2, 300n));
    expect(lines(books.settled(2, refused('submission')))).toEqual(['2 refused refused']);
    expect(lines(books.settled(1, { type: 'replaced' }))).toEqual([
      '1 held replaced',
      'deliver 1 waiting waiting',
    ]);
  });

  it('books - one that was replaced after the better one was delivered is not kept', () => {
    const books = opened();
    forward(books, claim(1, 400n));
    forward(books, claim(2, 300n));
    expect(lines(books.settled(2, delivered(300n)))).toEqual(['2 delivered accepted']);
    expect(lines(books.settled(1, { type: 'replaced' }))).toEqual(['1 gone replaced']);
  });

  it('books - a refusal about the block ends everything of the block, of every account', () => {
    const books = opened();
    forward(books, claim(1, 400n));
    forward(books, claim(2, 300n, { from: 'b' }));
    books.take(claim(3, 350n, { from: 'b' }), false);
    books.check(claim(4, 1n, { from: 'c' }));
    books.check(claim(5, 1n, { from: 'c', blockHash: 'h2' }));
    expect(lines(books.settled(1, refused('block')))).toEqual([
      '1 block_refused stale',
      'withdraw 2 gone stale',
      '3 gone',
      '4 gone stale',
    ]);
    expect(books.look(submission({ nonce: 6n }), 'h1')).toEqual({ type: 'block_refused' });
    expect(lines(books.verified(5))).toEqual(['deliver 5 waiting waiting']);
  });

  it('books - in a pool a refusal about the account ends that account in this block only', () => {
    const books = opened();
    forward(books, claim(1, 400n));
    forward(books, claim(2, 300n));
    books.take(claim(3, 350n), false);
    books.check(claim(4, 1n));
    expect(lines(books.settled(2, refused('account')))).toEqual([
      '2 account_refused not_assigned',
      'withdraw 1 gone not_assigned',
      '3 gone not_assigned',
    ]);
    expect(lines(books.verified(4))).toEqual(['4 gone not_assigned']);
    expect(books.look(submission({ nonce: 6n }), 'h1')).toEqual({ type: 'account_refused' });
    expect(books.look(submission({ nonce: 6n }), 'h2')).toEqual({ type: 'better' });
    expect(books.look(submission({ nonce: 6n, accountId: account('b') }), 'h1')).toEqual({ type: 'better' });
  });

  it('books - a wallet has one best of all accounts, and offers the best of another account after a refusal', () => {
    const books = opened('wallet');
    forward(books, claim(1, 400n));
    books.take(claim(2, 450n), false);
    expect(books.look(submission({ nonce: 9n, accountId: account('b'), rawQuality: 430n }), 'h1').type).toBe(
      'held',
    );
    books.take(claim(3, 430n, { from: 'b' }), false);
    expect(lines(books.settled(1, refused('account')))).toEqual([
      '1 account_refused not_assigned',
      '2 gone not_assigned',
      'check 3 checking checking',
    ]);
    expect(lines(books.verified(3))).toEqual(['deliver 3 waiting waiting']);
    expect(books.look(submission({ nonce: 9n, rawQuality: 1n }), 'h1').type).toBe('account_refused');
    expect(books.look(submission({ nonce: 9n, accountId: account('c'), rawQuality: 1n }), 'h1').type).toBe(
      'better',
    );
  });

  it('books - a wallet holds back one of each account once it is verified; a claim displaces nothing', () => {
    const books = opened('wallet');
    forward(books, claim(1, 400n));
    books.take(claim(2, 450n), false);
    books.take(claim(3, 440n), false);
    expect(books.size).toBe(3);
    books.check(claim(4, 445n));
    expect(lines(books.verified(4))).toEqual(['4 held held', '2 gone']);
  });

  it('books - a block that has passed ends its checks; a block that returns offers what is held back', () => {
    const books = opened();
    books.check(claim(1, 400n));
    forward(books, claim(2, 500n, { from: 'b' }));
    expect(lines(books.keepBlocks(['h2', 'h1']))).toEqual([]);
    expect(lines(books.keepBlocks(['h2']))).toEqual(['1 gone expired']);
    expect(lines(books.settled(2, { type: 'expired' }))).toEqual(['2 held expired']);
    expect(lines(books.keepBlocks(['h1']))).toEqual(['deliver 2 waiting waiting']);
  });

  it('books - a fourth block of an account takes the place of its first', () => {
    const books = opened();
    ['h1', 'h2', 'h3'].forEach((blockHash, index) => forward(books, claim(index + 1, 400n, { blockHash })));
    books.check(claim(4, 400n, { blockHash: 'h4' }));
    expect(lines(books.verified(4))).toEqual(['withdraw 1 gone', 'deliver 4 waiting waiting']);
    expect(books.look(submission({ nonce: 9n, rawQuality: 900n }), 'h1').type).toBe('better');
  });

  it('books - bests of a block are those of each account that are true and not refused', () => {
    const books = opened();
    forward(books, claim(1, 400n));
    forward(books, claim(2, 300n));
    forward(books, claim(3, 500n, { from: 'b' }));
    books.settled(3, refused('submission'));
    books.check(claim(4, 1n, { from: 'c' }));
    expect(books.bests('h1').map(({ id }) => id)).toEqual([2]);
    expect(books.bests('h2')).toEqual([]);
  });

  it('books - held-back and refused submissions of one account are bounded', () => {
    const books = opened();
    forward(books, claim(1, 10n));
    books.take(claim(2, 15n, { address: 'honest' }), false);
    for (let id = 3; id < 100; id++) books.take(claim(id, BigInt(id + 10), { address: 'flood' }), false);
    expect(books.size).toBe(1 + HELD_PER_ACCOUNT_MAX);
    expect(books.entry(2)?.state).toBe('held');
    const other = opened();
    for (let id = 1; id < 50; id++) {
      forward(other, claim(id, 100n));
      other.settled(id, refused('submission'));
    }
    expect(other.size).toBe(REFUSED_PER_ACCOUNT_MAX);
  });

  it('books - full books lose the newest entries of the address that filled them, and none of the others', () => {
    const books = new Books('pool', 160);
    books.keepBlocks(['h1']);
    for (let id = 1; id <= 10; id++)
      forward(books, claim(id, 1n, { from: `h${id}`, address: `10.0.0.${id}` }));
    for (let id = 11; id <= 2000; id++) {
      books.check(claim(id, 1n, { from: `f${id}`, address: 'flood' }));
      books.verified(id);
    }
    expect(books.size).toBeLessThanOrEqual(160);
    expect(books.crowdedOut).toBeGreaterThan(1000);
    const kept = books.entries().filter(({ address }) => address !== 'flood');
    expect(kept.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('books - full books keep what is true of the address that filled them, as far as the rest suffices', () => {
    const books = new Books('pool', 160);
    books.keepBlocks(['h1']);
    for (let id = 1; id <= 1000; id++) books.check(claim(id, 1n, { from: `f${id}`, address: 'farm' }));
    forward(books, claim(1001, 1n, { from: 'honest', address: 'farm' }));
    for (let id = 1002; id <= 2000; id++) books.check(claim(id, 1n, { from: `f${id}`, address: 'farm' }));
    expect(books.size).toBeLessThanOrEqual(160);
    expect(books.entry(1001)?.state).toBe('waiting');
  });

  it('books - full books lose what passed blocks left first', () => {
    const books = new Books('pool', 32);
    books.keepBlocks(['h1']);
    for (let id = 1; id <= 20; id++) forward(books, claim(id, 1n, { from: `${id}` }));
    books.keepBlocks(['h2']);
    for (let id = 21; id <= 40; id++) forward(books, claim(id, 1n, { from: `${id}`, blockHash: 'h2' }));
    expect(books.crowdedOut).toBe(0);
    expect(books.entries().every(({ blockHash }) => blockHash === 'h2')).toBe(true);
    expect(books.size).toBe(20);
  });
});
