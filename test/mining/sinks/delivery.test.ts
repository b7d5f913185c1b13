import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/mining/domain/facts.ts';
import type { SubmissionMode } from '../../../src/mining/domain/information.ts';
import type { Submission } from '../../../src/mining/domain/submission.ts';
import type {
  DeliveryOutcome,
  RefusalSubject,
  UpstreamMeaning,
} from '../../../src/mining/domain/upstream-answer.ts';
import { Delivery } from '../../../src/mining/sinks/delivery.ts';
import { account, entry } from '../domain/mining-blocks.ts';
import { ManualTime } from '../../support/manual-time.ts';

const AWAY: UpstreamMeaning = {
  type: 'temporary',
  reason: 'away',
  retryAfterMs: null,
  isConnection: true,
  isBusy: false,
};
const accepted = (rawQuality: bigint): UpstreamMeaning => ({ type: 'accepted', rawQuality, pocTime: 1n });
const refused = (about: RefusalSubject, mayBeStale = false): UpstreamMeaning => ({
  type: 'refused',
  about,
  code: -32001,
  text: 'no',
  mayBeStale,
});

const flush = () => new Promise((resolve) => setImmediate(resolve));

interface Sent {
  readonly submission: Submission;
  readonly atMs: number;
  answer(meaning: UpstreamMeaning): Promise<unknown>;
  fail(): Promise<unknown>;
}

/** A delivery to an upstream whose answers the test gives, or `reply` if it is given. */
async function deliveryTo(
  mode: SubmissionMode,
  options: { reply?: UpstreamMeaning; concurrency?: number } = {},
) {
  const time = new ManualTime();
  const sent: Sent[] = [];
  const outcomes: string[] = [];
  const world = { reply: options.reply ?? null, refreshes: 0, afterRefresh: () => undefined as void };
  const startMs = time.monotonicMs();
  const delivery = new Delivery(
    { upstream: 'first', mode, concurrency: options.concurrency ?? 8 },
    {
      send: (submission) =>
        new Promise((resolve, reject) => {
          const answer = (meaning: UpstreamMeaning) => {
            resolve(meaning);
            return flush();
          };
          const fail = () => {
            reject(new Error('a fault'));
            return flush();
          };
          sent.push({ submission, atMs: time.monotonicMs() - startMs, answer, fail });
          if (world.reply !== null) resolve(world.reply);
        }),
      refresh: async () => {
        world.refreshes++;
        world.afterRefresh();
      },
      settled: ({ id }: Entry, outcome: DeliveryOutcome) => {
        outcomes.push(`${id} ${outcome.type}${outcome.type === 'refused' ? ` ${outcome.about}` : ''}`);
      },
      clock: time,
      timers: time,
      random: () => 0,
    },
  );
  await delivery.start();
  delivery.blocksAre(['h1']);
  const pass = (ms: number) => time.advance(ms, flush);
  const times = () => sent.map(({ atMs }) => atMs);
  return { delivery, sent, outcomes, world, pass, times };
}

const claim = (id: number, rawQuality: bigint, from = 'a', blockHash = 'h1') =>
  entry({ id, blockHash, state: 'waiting', of: { accountId: account(from), rawQuality, nonce: BigInt(id) } });

describe('delivery', () => {
  it('delivery - an accepted submission is delivered, under the hash of its entry', async () => {
    const { delivery, sent, outcomes } = await deliveryTo('pool', { reply: accepted(400n) });
    delivery.offer({ ...claim(1, 400n), submission: { ...claim(1, 400n).submission, blockHash: 'h0' } });
    await flush();
    expect(sent[0]?.submission.blockHash).toBe('h1');
    expect(outcomes).toEqual(['1 delivered']);
    expect(delivery.snapshot()).toMatchObject({ attempts: 1, waiting: 0, oldestAgeMs: 0, mismatched: 0 });
  });

  it('delivery - a pool is tried again after 1, 2, 4, 8 and 16 s, and then every 16 s', async () => {
    const { delivery, outcomes, pass, times } = await deliveryTo('pool', { reply: AWAY });
    delivery.offer(claim(1, 400n));
    await pass(64_000);
    expect(times()).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 47_000, 63_000]);
    expect(outcomes).toEqual([]);
    expect(delivery.snapshot()).toMatchObject({ waiting: 1, oldestAgeMs: 64_000, failedAttempts: 8 });
  });

  it('delivery - what an operator must put right is tried again like a temporary failure, and shown', async () => {
    const { delivery, world, outcomes, pass, times } = await deliveryTo('pool', {
      reply: { type: 'operator', code: 401, text: 'who are you' },
    });
    delivery.offer(claim(1, 400n));
    await pass(3500);
    expect(times()).toEqual([0, 1000, 3000]);
    expect(delivery.snapshot().operatorMatter).toEqual({ code: 401, text: 'who are you' });
    world.reply = accepted(400n);
    await pass(4000);
    expect(outcomes).toEqual(['1 delivered']);
    expect(delivery.snapshot().operatorMatter).toBeNull();
  });

  it('delivery - Retry-After holds, for the whole upstream if it is busy, even when the upstream is back', async () => {
    const { delivery, world, pass, times } = await deliveryTo('pool', {
      reply: { ...AWAY, isBusy: true, retryAfterMs: 5000 },
    });
    delivery.offer(claim(1, 400n));
    await flush();
    world.reply = accepted(400n);
    delivery.offer(claim(2, 400n, 'b'));
    delivery.back('connection');
    await pass(4900);
    expect(times()).toEqual([0]);
    await pass(200);
    expect(times()).toEqual([0, 5000, 5000]);
  });

  it('delivery - when the upstream is back all wait no longer, and at most the configured number is under way', async () => {
    const { delivery, sent, world, outcomes, pass, times } = await deliveryTo('pool', {
      reply: AWAY,
      concurrency: 4,
    });
    for (let id = 1; id <= 50; id++) delivery.offer(claim(id, 400n, `account ${id}`));
    await pass(60_000);
    const before = sent.length;
    world.reply = null;
    delivery.back('connection');
    for (let at = before; outcomes.length < 50; ) {
      await flush();
      expect(sent.length - at).toBeLessThanOrEqual(4);
      const underWay = sent.slice(at);
      at = sent.length;
      for (const each of underWay) void each.answer(accepted(400n));
    }
    // No time had to pass.
    expect(
      times()
        .slice(before)
        .every((atMs) => atMs === times()[before]),
    ).toBe(true);
    expect(sent.length - before).toBe(50);
  });

  it('delivery - a better submission takes the place of one that waits', async () => {
    const { delivery, outcomes, world, pass } = await deliveryTo('pool', { reply: AWAY });
    delivery.offer(claim(1, 400n));
    await flush();
    world.reply = accepted(300n);
    delivery.offer(claim(2, 300n));
    await pass(30_000);
    expect(outcomes).toEqual(['1 replaced', '2 delivered']);
  });

  it('delivery - a better submission is sent beside the attempt that is under way, whose answer counts', async () => {
    const { delivery, sent, outcomes } = await deliveryTo('pool');
    delivery.offer(claim(1, 400n));
    delivery.offer(claim(2, 300n));
    delivery.offer(claim(3, 200n));
    // Two attempts for one account; the third waits for an end.
    expect(sent.map(({ submission }) => submission.rawQuality)).toEqual([400n, 300n]);
    await sent[1]?.answer(AWAY);
    expect(outcomes).toEqual(['2 replaced']);
    expect(sent.map(({ submission }) => submission.rawQuality)).toEqual([400n, 300n, 200n]);
    await sent[0]?.answer(accepted(400n));
    await sent[2]?.answer(accepted(200n));
    expect(outcomes).toEqual(['2 replaced', '1 delivered', '3 delivered']);
  });

  it('delivery - one of an account that hangs keeps no other account from being delivered', async () => {
    const { delivery, sent, outcomes } = await deliveryTo('pool');
    delivery.offer(claim(1, 400n));
    delivery.offer(claim(2, 500n, 'b'));
    await sent[1]?.answer(accepted(500n));
    expect(outcomes).toEqual(['2 delivered']);
  });

  it('delivery - a block that passes drops what waits; the answer of an attempt under way still counts', async () => {
    const { delivery, sent, outcomes, world } = await deliveryTo('pool', { reply: AWAY });
    delivery.offer(claim(1, 400n));
    await flush();
    world.reply = null;
    delivery.offer(claim(2, 400n, 'b'));
    delivery.offer(claim(3, 400n, 'c'));
    delivery.blocksAre(['h2', 'h1']);
    await flush();
    expect(outcomes).toEqual([]);
    delivery.blocksAre(['h2']);
    await flush();
    expect(outcomes).toEqual(['1 expired']);
    await sent[1]?.answer(accepted(400n));
    await sent[2]?.answer(AWAY);
    expect(outcomes).toEqual(['1 expired', '2 delivered', '3 expired']);
    delivery.offer(claim(4, 1n));
    await flush();
    expect(outcomes.at(-1)).toBe('4 expired');
    expect(delivery.snapshot().waiting).toBe(0);
  });

  it('delivery - without any information for 240 s a submission is dropped, and not before', async () => {
    const { delivery, outcomes, pass } = await deliveryTo('pool', { reply: AWAY });
    delivery.offer(claim(1, 400n));
    await pass(100_000);
    delivery.refreshed();
    await pass(239_000);
    expect(outcomes).toEqual([]);
    await pass(6000);
    expect(outcomes).toEqual(['1 expired']);
  });

  it('delivery - nothing is sent before the blocks are known', async () => {
    const { delivery, sent } = await deliveryTo('pool');
    const fresh = new Delivery(
      { upstream: 'first', mode: 'pool', concurrency: 1 },
      {
        send: () => {
          throw new Error('sent');
        },
        refresh: async () => undefined,
        settled: () => undefined,
        clock: new ManualTime(),
        timers: new ManualTime(),
        random: () => 0,
      },
    );
    fresh.offer(claim(1, 400n));
    expect(fresh.snapshot()).toMatchObject({ waiting: 1, attempts: 0 });
    delivery.offer(claim(1, 400n));
    expect(sent.length).toBe(1);
  });

  it.each(['submission', 'block', 'account'] as const)(
    'delivery - a refusal about the %s is final',
    async (about) => {
      const { delivery, outcomes, sent, pass } = await deliveryTo('pool', { reply: refused(about) });
      delivery.offer(claim(1, 400n));
      await pass(60_000);
      expect(outcomes).toEqual([`1 refused ${about}`]);
      expect(sent.length).toBe(1);
      expect(delivery.snapshot().refusedAbout[about]).toBe(1);
    },
  );

  it('delivery - a refusal that may be stale is about the block if a refresh shows another one', async () => {
    const { delivery, outcomes, world } = await deliveryTo('pool', { reply: refused('submission', true) });
    delivery.offer(claim(1, 400n));
    await flush();
    expect(outcomes).toEqual(['1 refused submission']);
    world.afterRefresh = () => delivery.blocksAre(['h2']);
    delivery.offer(claim(2, 300n));
    await flush();
    expect(outcomes).toEqual(['1 refused submission', '2 refused block']);
    expect(world.refreshes).toBe(2);
  });

  it('delivery - a withdrawn submission is not sent, and nothing is told', async () => {
    const { delivery, outcomes, sent, pass } = await deliveryTo('pool', { reply: AWAY });
    delivery.offer(claim(1, 400n));
    await flush();
    delivery.withdraw(claim(1, 400n));
    await pass(60_000);
    expect(sent.length).toBe(1);
    expect(outcomes).toEqual([]);
    expect(delivery.snapshot()).toMatchObject({ waiting: 0, withdrawn: 1 });
  });

  it('delivery - a wallet is tried again after refreshes that are 1, 2, 4, 8, 16 and 16 s apart', async () => {
    const { delivery, pass, times } = await deliveryTo('wallet', { reply: AWAY });
    delivery.offer(claim(1, 400n));
    for (let second = 1; second <= 64; second++) {
      await pass(1000);
      delivery.refreshed();
      await flush();
    }
    expect(times()).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 47_000, 63_000]);
  });

  it('delivery - a wallet is not tried again while no refresh succeeds, but refreshes are asked for', async () => {
    const { delivery, sent, world, pass } = await deliveryTo('wallet', { reply: AWAY });
    delivery.offer(claim(1, 400n));
    await pass(60_000);
    expect(sent.length).toBe(1);
    expect(world.refreshes).toBeGreaterThan(20);
  });

  it('delivery - a better submission goes to a wallet at once, however many attempts hang', async () => {
    const { delivery, sent, outcomes } = await deliveryTo('wallet');
    delivery.offer(claim(1, 400n));
    delivery.offer(claim(2, 300n, 'b'));
    delivery.offer(claim(3, 200n, 'c'));
    expect(sent.map(({ submission }) => submission.rawQuality)).toEqual([400n, 300n, 200n]);
    await sent[0]?.answer(AWAY);
    await sent[2]?.answer(accepted(200n));
    expect(outcomes).toEqual(['1 replaced', '3 delivered']);
  });

  it('delivery - a wallet that was away gets its accepted best once more, and that is counted apart', async () => {
    const { delivery, sent, outcomes, world } = await deliveryTo('wallet', { reply: accepted(1n) });
    delivery.offer(claim(1, 400n));
    await flush();
    delivery.offer(claim(2, 300n));
    await flush();
    delivery.back('failures');
    await flush();
    expect(sent.length).toBe(2);
    delivery.back('cookie');
    await flush();
    expect(sent.map(({ submission }) => submission.rawQuality)).toEqual([400n, 300n, 300n]);
    world.reply = refused('submission', true);
    delivery.back('connection');
    await flush();
    expect(sent.length).toBe(4);
    expect(outcomes).toEqual(['1 delivered', '2 delivered']);
    expect(delivery.snapshot()).toMatchObject({ attempts: 4, redelivered: 2, waiting: 0 });
    delivery.blocksAre(['h2', 'h1']);
    delivery.back('connection');
    await flush();
    expect(sent.length).toBe(4);
  });

  it('delivery - what was accepted before a restart is sent again as well, the best of it', async () => {
    const { delivery, sent } = await deliveryTo('wallet', { reply: accepted(1n) });
    delivery.remember(claim(1, 400n));
    delivery.remember(claim(2, 300n));
    delivery.remember(claim(3, 350n));
    delivery.back('connection');
    await flush();
    expect(sent.map(({ submission }) => submission.rawQuality)).toEqual([300n]);
  });

  it('delivery - a better submission takes the place of a re-delivery, which is tried again otherwise', async () => {
    const { delivery, sent, outcomes, world, pass } = await deliveryTo('wallet', { reply: accepted(400n) });
    delivery.offer(claim(1, 400n));
    await flush();
    world.reply = AWAY;
    delivery.back('connection');
    await pass(1000);
    delivery.refreshed();
    await flush();
    expect(sent.length).toBe(3);
    world.reply = accepted(300n);
    delivery.offer(claim(2, 300n));
    await pass(60_000);
    delivery.refreshed();
    await flush();
    expect(sent.length).toBe(4);
    expect(outcomes).toEqual(['1 delivered', '2 delivered']);
  });

  it('delivery - a wallet that was away gets its accepted best after all if it refuses the better one', async () => {
    const { delivery, sent, world } = await deliveryTo('wallet', { reply: accepted(400n) });
    delivery.offer(claim(1, 400n));
    await flush();
    world.reply = AWAY;
    delivery.offer(claim(2, 300n));
    await flush();
    world.reply = null;
    delivery.back('connection');
    await flush();
    await sent[2]?.answer(refused('submission'));
    expect(sent.map(({ submission }) => submission.rawQuality)).toEqual([400n, 300n, 300n, 400n]);
    await sent[3]?.answer(accepted(400n));
    delivery.offer(claim(3, 200n));
    await flush();
    await sent[4]?.answer(refused('submission'));
    expect(sent.length).toBe(5);
    expect(delivery.snapshot().redelivered).toBe(1);
  });

  it('delivery - a pool is never sent twice what it accepted', async () => {
    const { delivery, sent } = await deliveryTo('pool', { reply: accepted(1n) });
    delivery.offer(claim(1, 400n));
    await flush();
    delivery.back('connection');
    await flush();
    expect(sent.length).toBe(1);
  });

  it('delivery - a stop waits for attempts for a second at most, and begins none', async () => {
    const { delivery, sent, outcomes, pass } = await deliveryTo('pool');
    delivery.offer(claim(1, 400n));
    delivery.offer(claim(2, 400n, 'b'));
    const stopped = delivery.stop();
    await sent[0]?.answer(accepted(400n));
    delivery.offer(claim(3, 400n, 'c'));
    await pass(1000);
    await stopped;
    expect(outcomes).toEqual(['1 delivered']);
    expect(sent.length).toBe(2);
  });

  it('delivery - a request that throws is a temporary failure', async () => {
    const { delivery, outcomes, sent, world, pass } = await deliveryTo('pool');
    delivery.offer(claim(1, 400n));
    await sent[0]?.fail();
    world.reply = accepted(400n);
    await pass(1000);
    expect(sent.length).toBe(2);
    expect(outcomes).toEqual(['1 delivered']);
  });
});
