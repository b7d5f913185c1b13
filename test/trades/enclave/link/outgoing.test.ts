import { describe, expect, it } from 'vitest';
import {
  type EnclaveMessage,
  STORES_UNDER_WAY_MAX,
  UNSTORED_SUMMARIES_MAX,
} from '../../../../src/trades/domain/enclave-link.ts';
import {
  NotStoredError,
  Outgoing,
  WAITING_CHECKPOINTS_MAX,
} from '../../../../src/trades/enclave/link/outgoing.ts';
import { accountId, checkpoint, newEnclaveKey, polledSummary } from './enclave-messages.ts';

type Store = Extract<EnclaveMessage, { type: 'store' }>;

const KEY = newEnclaveKey();
const [A, B] = [accountId('a'), accountId('b')];
const summaryOf = (account: string, seq: number) => polledSummary(KEY, account, seq);
const flush = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A service that answers when the test says so. */
class Service {
  readonly outgoing = new Outgoing();
  got: Store[] = [];

  link(): void {
    this.got = [];
    this.outgoing.linked(async (message) => void this.got.push(message));
  }

  /** What arrived, as `account:seq/turn`. */
  get names(): readonly string[] {
    return this.got.map(({ summary, checkpoint: point }) => {
      const account = (summary?.accountId ?? point?.accountId) === A ? 'a' : 'b';
      return `${account}:${summary?.seq ?? '-'}/${point?.turn ?? '-'}`;
    });
  }

  answer(index: number, answer: 'stored' | 'refused' = 'stored'): void {
    this.outgoing.answered(this.got[index]?.number ?? 0, answer);
  }
}

const stateOf = async (promise: Promise<void>) => {
  const state = promise.then(
    () => 'stored',
    (error: unknown) => (error instanceof NotStoredError ? error.kind : 'another'),
  );
  await flush();
  return Promise.race([state, Promise.resolve('waits')]);
};

describe('outgoing', () => {
  it('outgoing - a summary waits until it is stored, and is sent again in order after a broken link', async () => {
    const service = new Service();
    const { outgoing } = service;
    const waits = [1, 2, 3].map((seq) => outgoing.store(summaryOf(A, seq), checkpoint(A, seq, seq)));
    service.link();
    await flush();
    expect(service.names).toEqual(['a:1/1', 'a:2/2', 'a:3/3']);
    service.answer(0);
    expect(await Promise.all(waits.map(stateOf))).toEqual(['stored', 'waits', 'waits']);
    outgoing.unlinked();
    waits.push(outgoing.store(summaryOf(A, 4), checkpoint(A, 4, 4)));
    service.link();
    await flush();
    expect(service.names).toEqual(['a:2/2', 'a:3/3', 'a:4/4']);
    expect(outgoing.unstoredSummaries).toBe(3);
    for (const index of [0, 1, 2]) service.answer(index);
    await Promise.all(waits);
    await outgoing.emptied();
    expect(outgoing.unstoredSummaries).toBe(0);
  });

  it('outgoing - of checkpoints alone only the newest of an account waits, behind its summaries', async () => {
    const service = new Service();
    const { outgoing } = service;
    const first = outgoing.store(null, checkpoint(A, 0, 1));
    const summary = outgoing.store(summaryOf(A, 1), checkpoint(A, 1, 2));
    const other = outgoing.store(null, checkpoint(B, 0, 1));
    const last = outgoing.store(null, checkpoint(A, 1, 3));
    service.link();
    await flush();
    expect(service.names).toEqual(['a:1/2', 'b:-/1', 'a:-/3']);
    service.answer(0);
    service.answer(1);
    expect(await Promise.all([first, summary, other, last].map(stateOf))).toEqual([
      'waits',
      'stored',
      'stored',
      'waits',
    ]);
    service.answer(2);
    await Promise.all([first, last]);
  });

  it('outgoing - checkpoints that were under way when the link broke give way to newer ones', async () => {
    const service = new Service();
    const { outgoing } = service;
    service.link();
    const waits = [outgoing.store(null, checkpoint(A, 0, 1))];
    await flush();
    waits.push(
      outgoing.store(summaryOf(A, 1), checkpoint(A, 1, 2)),
      outgoing.store(null, checkpoint(A, 1, 3)),
    );
    await flush();
    expect(service.names).toEqual(['a:-/1', 'a:1/2', 'a:-/3']);
    outgoing.unlinked();
    service.link();
    await flush();
    expect(service.names).toEqual(['a:1/2', 'a:-/3']);
    service.answer(0);
    service.answer(1);
    await Promise.all(waits);
  });

  it('outgoing - takes a thousand summaries, and no further one until one is stored', async () => {
    const service = new Service();
    const { outgoing } = service;
    const summary = summaryOf(A, 1);
    for (let count = 1; count <= UNSTORED_SUMMARIES_MAX; count++) {
      expect(outgoing.isFull).toBe(false);
      void outgoing.store({ ...summary, seq: count }, null);
    }
    expect(outgoing.isFull).toBe(true);
    await expect(outgoing.store(summary, null)).rejects.toMatchObject({ code: 'too_many' });
    // A session that ends can still be told.
    void outgoing.store(null, checkpoint(B, 0, 1));
    service.link();
    await flush();
    expect(service.got).toHaveLength(STORES_UNDER_WAY_MAX);
    service.answer(0);
    expect([outgoing.isFull, outgoing.unstoredSummaries]).toEqual([false, UNSTORED_SUMMARIES_MAX - 1]);
    for (let index = 1; outgoing.unstoredSummaries > 0; index++) {
      await flush();
      service.answer(index);
    }
    expect(service.got.map((message) => message.summary?.seq ?? 0)).toEqual([
      ...Array.from({ length: UNSTORED_SUMMARIES_MAX }, (_, index) => index + 1),
      0,
    ]);
  });

  it('outgoing - has a limit for accounts whose checkpoint waits', async () => {
    const outgoing = new Outgoing();
    for (let count = 0; count < WAITING_CHECKPOINTS_MAX; count++)
      void outgoing.store(null, checkpoint(`account-${count}`, 0, 1));
    await expect(outgoing.store(null, checkpoint(A, 0, 1))).rejects.toMatchObject({ code: 'too_many' });
    void outgoing.store(null, checkpoint('account-0', 0, 2));
    expect(outgoing.unstoredSummaries).toBe(0);
  });

  it('outgoing - what is dropped is not sent, and not sent again', async () => {
    const service = new Service();
    const { outgoing } = service;
    service.link();
    const underWay = outgoing.store(summaryOf(A, 1), null);
    await flush();
    outgoing.unlinked();
    const waiting = outgoing.store(summaryOf(A, 2), null);
    outgoing.drop(A);
    expect(await stateOf(waiting)).toBe('dropped');
    expect(await stateOf(underWay)).toBe('dropped');
    service.link();
    const sent = outgoing.store(summaryOf(A, 3), null);
    await flush();
    outgoing.drop(A);
    expect(await stateOf(sent)).toBe('waits');
    outgoing.unlinked();
    expect(await stateOf(sent)).toBe('dropped');
    expect([outgoing.unstoredSummaries, outgoing.isFull]).toEqual([0, false]);
  });

  it('outgoing - what the service refuses is not sent again, and its sender hears it', async () => {
    const service = new Service();
    service.link();
    const wait = service.outgoing.store(summaryOf(A, 1), null);
    await flush();
    service.answer(0, 'refused');
    expect(await stateOf(wait)).toBe('refused');
    expect(service.outgoing.unstoredSummaries).toBe(0);
  });
});
