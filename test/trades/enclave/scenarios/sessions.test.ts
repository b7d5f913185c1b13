// Accounts outlive their sessions, the enclave and their keys: each story runs with the desk of accounts at the exchange's
// simulated server, on a clock that the test pushes.

import { afterEach, expect, it } from 'vitest';
import type { SummaryPayload } from '../../../../src/trades/domain/summary.ts';
import type { AccountInput, ExchangeName, FillInput } from '../../../../src/trades/simulator/scenario.ts';
import { until } from '../../../support/until.ts';
import { BEGIN_MS } from './account-stage.ts';
import { DeskStage, keyOf } from './desk-stage.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const MINUTE = 60_000;
const MARKETS: Readonly<Record<ExchangeName, string>> = {
  binance: 'BTCUSDT',
  bybit: 'BTCUSDT',
  kraken: 'XXBTZUSD',
};

/** One fill every ten minutes, for six hours: a buy at 100, then a sell at 110. */
function accountAt(exchange: ExchangeName): AccountInput {
  const fills = Array.from({ length: 36 }, (_, index): FillInput => {
    const isBuy = index % 2 === 0;
    const at = BEGIN_MS + 5 * MINUTE + index * 10 * MINUTE;
    const [side, price] = isBuy ? (['buy', '100'] as const) : (['sell', '110'] as const);
    return { at, market: MARKETS[exchange], side, price, amount: '1', fee: '0' };
  });
  return { name: 'a', userId: '53888001', balances: { USDT: '1000', USD: '1000' }, fills };
}

/** Lets time pass minute by minute, while the account is polled. */
async function live(stage: DeskStage, token: string, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 5) await stage.nextPoll(token, 5 * MINUTE);
}

/** Waits until the service has all fills of a time before now that are two hours old. */
async function expectAllFills(stage: DeskStage): Promise<readonly SummaryPayload[]> {
  const { summaries } = stage;
  expect(new Set(summaries.map(({ client_id }) => client_id)).size).toBe(1);
  const inOrder = summaries.filter(({ metadata }) => metadata?.revises === undefined);
  expect(summaries.map(({ metadata }) => metadata?.seq)).toEqual(summaries.map((_, index) => index + 1));
  for (const [index, summary] of inOrder.slice(1).entries())
    expect(summary.period_start).toBe(inOrder[index]?.period_end);
  expect(summaries.some(({ metadata }) => metadata?.gap !== undefined)).toBe(false);
  const endMs = Date.parse(inOrder.at(-1)?.period_end ?? '');
  const due = stage.sim.fills('a').filter(({ atMs }) => atMs < endMs);
  expect(due.length).toBeGreaterThan(10);
  expect(inOrder.reduce((sum, { totals }) => sum + totals.trades, 0)).toBe(due.length);
  expect(inOrder.some(({ metadata }) => metadata?.unmatched_sells !== undefined)).toBe(false);
  return inOrder;
}

it.each(['binance', 'bybit', 'kraken'] as const)(
  '%s - after its session expired the exchange sees no further request of an account, and the open hour is sealed',
  async (exchange) => {
    const stage = await DeskStage.start(exchange, [accountAt(exchange)], ends);
    const token = await stage.register(0, {}, { ttlSeconds: 300 });
    await stage.nextPoll(token);
    await stage.nextPoll(token, 2 * MINUTE);
    stage.time.push(4 * MINUTE);
    await until('the end', () => stage.desk.own(token) === null);
    await until('the summary', () => stage.summaries.length > 0);
    const { total } = stage.sim.counts();
    for (let minutes = 0; minutes < 300; minutes += 5) {
      stage.time.push(5 * MINUTE);
      await new Promise<void>((resolve) => void setTimeout(resolve, 2));
    }
    expect(stage.sim.counts().total).toBe(total);
    expect(stage.sim.requests().every(({ atMs }) => atMs <= BEGIN_MS + 301_000)).toBe(true);
    expect(stage.desk.rows()).toMatchObject([{ node: 'offline', reason: 'expired' }]);
  },
);

it.each(['binance', 'bybit', 'kraken'] as const)(
  '%s - an account goes on over the end of its session, a restart of the enclave, and another key of the same user',
  async (exchange) => {
    const stage = await DeskStage.start(exchange, [accountAt(exchange)], ends);
    const first = await stage.register(0);
    await live(stage, first, 40);
    expect(await stage.desk.end(first)).toBe(true);
    stage.time.push(15 * MINUTE);
    const second = await stage.register(0);
    await live(stage, second, 40);
    await stage.restart();
    expect(stage.desk.own(second)).toBeNull();
    stage.time.push(25 * MINUTE);
    const third = await stage.register(0);
    await live(stage, third, 40);
    stage.sim.setKey({
      ...keyOf(1),
      account: 'a',
      canRead: true,
      canWithdraw: false,
      canTrade: false,
      isIpBound: true,
      expiresAtMs: Infinity,
      revokedAtMs: Infinity,
    });
    // The exchange says whose key it is: no token is needed.
    const fourth = await stage.register(1);
    await live(stage, fourth, 200);
    await expectAllFills(stage);
  },
);

it('kraken - where a key does not tell its user, a changed key goes on with the account by the old token, also after a restart', async () => {
  const stage = await DeskStage.start('kraken', [accountAt('kraken')], ends, {
    desk: { persistsSessions: true },
  });
  const facts = { permissions: ['query-funds', 'query-closed-trades'], ipAllowlist: ['203.0.113.9'] };
  stage.sim.addFault({
    kind: 'answer',
    path: '/0/private/GetApiKeyInfo',
    body: JSON.stringify({ error: [], result: facts }),
    times: 1_000,
  });
  const first = await stage.register(0);
  await live(stage, first, 40);
  for (const index of [1, 2])
    stage.sim.setKey({
      ...keyOf(index),
      account: 'a',
      canRead: true,
      canWithdraw: false,
      canTrade: false,
      isIpBound: true,
      expiresAtMs: Infinity,
      revokedAtMs: Infinity,
    });
  expect(await stage.try(1, {}, { earlierToken: 'f'.repeat(64) })).toMatchObject({
    status: 409,
    code: 'unknown_session',
  });
  const second = await stage.register(1, {}, { earlierToken: first });
  expect(stage.desk.own(first)).toBeNull();
  await live(stage, second, 40);
  await stage.restart();
  await until('the session', () => stage.desk.own(second));
  const third = await stage.register(2, {}, { earlierToken: second });
  await live(stage, third, 200);
  await expectAllFills(stage);
});
