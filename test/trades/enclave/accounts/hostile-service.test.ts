// What a service can do that does not do its part: it gives out the state of another account, an older or an altered one.
// It can hold an account up, and take it back to an earlier state, which shows. It can mix nothing.

import { expect, it } from 'vitest';
import type { Checkpoint } from '../../../../src/trades/domain/enclave-link.ts';
import type { PlainRegistration } from '../../../../src/trades/domain/registration.ts';
import type { SummaryPayload } from '../../../../src/trades/domain/summary.ts';
import { HOUR, tradeOf } from '../../domain/fills.ts';
import { DeskBench, registrationOf } from './desk-bench.ts';

const [A, B] = ['key-0000001', 'key-0000002'] as const;
const UNREADABLE = { status: 503, code: 'checkpoint_unreadable' };

/** Two accounts, of which each has sealed an hour with a fill; then the enclave is killed. */
async function killed(options: ConstructorParameters<typeof DeskBench>[0] = {}) {
  const bench = new DeskBench(options);
  for (const [key, id] of [
    [A, 'a'],
    [B, 'b'],
  ] as const) {
    bench.exchange.fills.set(key, [tradeOf({ timestampMs: bench.time.nowMs() + 60_000, id })]);
    await bench.register(key);
  }
  const early = new Map(bench.service.checkpoints);
  await bench.advance(2 * HOUR);
  const [ofA, ofB] = [...bench.service.checkpoints.values()] as [Checkpoint, Checkpoint];
  await bench.restart();
  return { bench, early, ofA, ofB };
}

it('hostile service - the state of another account is not taken for this one', async () => {
  const { bench, ofA, ofB } = await killed();
  bench.service.restore = async () => ofB;
  expect(await bench.desk.register(registrationOf(A), null)).toMatchObject(UNREADABLE);
  // Under the name of this account it does not open.
  bench.service.restore = async () => ({ ...ofB, accountId: ofA.accountId });
  expect(await bench.desk.register(registrationOf(A), null)).toMatchObject(UNREADABLE);
  bench.service.restore = async () => ofA;
  expect(await bench.desk.register(registrationOf(A), null)).toMatchObject({ warnings: [] });
});

it('hostile service - an altered, cut or foreign state is refused, and the account does not begin anew', async () => {
  const { bench, ofA } = await killed();
  const bytes = Buffer.from(ofA.sealed, 'base64');
  const flipped = Buffer.from(bytes);
  flipped[40] = (flipped[40] ?? 0) ^ 1;
  for (const sealed of [flipped, bytes.subarray(0, -1), Buffer.alloc(0), Buffer.alloc(100)]) {
    bench.service.restore = async () => ({ ...ofA, sealed: sealed.toString('base64') });
    expect(await bench.desk.register(registrationOf(A), null)).toMatchObject(UNREADABLE);
  }
});

it('hostile service - an older state shows: the next summary has a number that was used', async () => {
  const { bench, early, ofA } = await killed();
  const payloads = () =>
    bench.service.summaries
      .map(({ body }) => JSON.parse(body) as SummaryPayload)
      .filter(({ client_id }) => client_id === ofA.accountId);
  const before = payloads();
  bench.service.restore = async (id) => early.get(id) ?? null;
  await bench.register(A);
  await bench.advance(2 * HOUR);
  const numbers = payloads().map(({ metadata }) => metadata?.seq);
  expect(numbers.length).toBeGreaterThan(before.length);
  expect(new Set(numbers).size).toBeLessThan(numbers.length);
});

it('hostile service - sessions that are kept are those of their own accounts, each once', async () => {
  const { bench, ofA, ofB } = await killed({ persistsSessions: true });
  await bench.desk.stop();
  bench.service.restoreAll = async function* () {
    yield [
      { ...ofA, sealed: ofB.sealed },
      { ...ofB, accountId: 'other' },
    ];
    yield [ofB, ofB];
  };
  await bench.restart();
  expect(bench.desk.rows().map(({ accountId }) => accountId)).toEqual([ofB.accountId]);
});

it('hostile service - two registrations of one user at one time leave one session', async () => {
  const bench = new DeskBench();
  const user: PlainRegistration = {
    userId: 'u',
    exchange: 'binance',
    apiKey: A,
    secret: 'planted-secret',
    isSandbox: false,
    accountType: 'spot',
    apiIntervalMs: 60_000,
    retriesMax: 0,
  };
  const register = (apiKey: string) =>
    bench.desk.answer({ type: 'register', registration: { ...user, apiKey } });
  const answers = await Promise.all([register(A), register(B), register('key-0000003')]);
  expect(answers).toEqual(answers.map(() => ({ type: 'registered' })));
  const running = () => bench.desk.rows().filter(({ sessionExpiresAtMs }) => sessionExpiresAtMs !== null);
  expect(running()).toHaveLength(1);
  await bench.desk.answer({ type: 'remove', userId: 'u' });
  expect(running()).toEqual([]);
});
