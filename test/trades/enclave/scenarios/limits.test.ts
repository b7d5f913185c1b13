// Failure stories about limits, clocks and nonces, each against the exchange's simulated server.

import { afterEach, expect, it } from 'vitest';
import { ExchangeError } from '../../../../src/trades/domain/exchange-calls.ts';
import { until } from '../../../support/until.ts';
import { krakenPost } from '../../simulator/signed-requests.ts';
import { BEGIN_MS, HOUR, KEY, startStage } from './account-stage.ts';
import { DeskStage, keyOf } from './desk-stage.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function failureOf(attempt: Promise<unknown>): Promise<ExchangeError> {
  const error: unknown = await attempt.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof ExchangeError) return error;
  throw error;
}

// rotki binance.py: Retry-After is always 0 there.
it('a ban without a time is waited for: 10 s, then longer each time', async () => {
  const stage = await startStage('binance', [], ends);
  await stage.poll();
  const pauses: number[] = [];
  for (let ban = 0; ban < 3; ban += 1) {
    stage.sim.addFault({ kind: 429, retryAfter: 0 });
    expect((await failureOf(stage.poll())).kind).toBe('rate_limited');
    const before = stage.sim.counts().total;
    pauses.push(Math.round(stage.venue.pausedForMs / 1_000));
    expect((await failureOf(stage.poll())).kind).toBe('rate_limited');
    expect(stage.sim.counts().total).toBe(before);
    stage.pass(stage.venue.pausedForMs);
  }
  expect(pauses).toEqual([10, 20, 40]);
  await stage.poll();
});

// krakenex#21, #75, XChange#1347: the key is used elsewhere too.
it('a key of Kraken that is used elsewhere is told as such, and its requests never overlap', async () => {
  const at = BEGIN_MS - HOUR / 4;
  const fill = { at, market: 'XXBTZUSD', side: 'buy', price: '100', amount: '1' } as const;
  const stage = await startStage('kraken', [fill, { ...fill, at: at + 1 }], ends, {
    scenario: { pageSizeMax: 1 },
  });
  await Promise.all([stage.poll(), stage.use((calls) => calls.call('privatePostBalanceEx', {}))]);
  expect(stage.sim.counts().overlaps).toEqual({});
  const elsewhere = await krakenPost(stage.sim.url, 'Balance', {}, KEY, BEGIN_MS * 1_000_000);
  expect(await elsewhere.json()).toMatchObject({ error: [] });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    stage.pass(60_000);
    expect(await failureOf(stage.poll())).toMatchObject({
      kind: 'nonce',
      exchangeCode: 'EAPI:Invalid nonce',
    });
  }
  expect(stage.sim.counts().overlaps).toEqual({});
});

// ccxt#14639, #10566, #9744, OctoBot#2108, binance-api-node#346: many users share an address, which is limited, then banned.
it.each([
  ['binance', 429],
  ['binance', 418],
  ['bybit', 403],
] as const)(
  '%s - when one account meets a %s, no account of the exchange makes a request before the time is over',
  async (exchange, kind) => {
    const accounts = ['a', 'b', 'c'].map((name, index) => ({
      name,
      userId: String(7 + index),
      balances: { USDT: '1000' },
    }));
    const stage = await DeskStage.start(exchange, accounts, ends);
    const tokens: string[] = [];
    for (const index of accounts.keys()) {
      const token = await stage.register(index);
      tokens.push(token);
      await stage.nextPoll(token);
      // So that no other account's request is under way when the limit comes.
      stage.time.push(20_000);
    }
    stage.sim.addFault({ kind, apiKey: keyOf(1).apiKey, retryAfter: 600 });
    await until('the limit', () => {
      stage.time.push(5_000);
      return stage.venue.pausedForMs > 0;
    });
    const limited = stage.sim.counts();
    for (let minute = 1; minute < 10; minute += 1) {
      stage.time.push(55_000);
      await new Promise<void>((resolve) => void setTimeout(resolve, 5));
    }
    expect(stage.venue.pausedForMs).toBeGreaterThan(0);
    expect(stage.sim.counts()).toMatchObject({ total: limited.total, whileLimited: 0 });
    expect(stage.own(tokens[1] ?? '').account).toMatchObject({ state: 'stale', reason: 'rate_limited' });
    stage.time.push(stage.venue.pausedForMs);
    for (const token of tokens) {
      await until('the account', () => {
        stage.time.push(10_000);
        return stage.own(token).account.reason === null;
      });
    }
    expect(stage.sim.counts().whileLimited).toBe(0);
  },
);

// JKorf/Binance.Net#82, #432, ccxt/node-binance-api#173, evervault/enclaves#195: -1021; a clock that drifts, or is set.
it.each([
  ['binance', 'spot', '-1021'],
  ['binance', 'futures', '-1021'],
  ['bybit', 'spot', '10002'],
] as const)(
  '%s %s - after a clock was set by five seconds one request is refused, and then none',
  async (exchange, accountType, code) => {
    const market = 'BTCUSDT';
    const kind = accountType === 'futures' ? 'linear' : 'spot';
    const fill = { at: BEGIN_MS - 60_000, market, kind, side: 'buy', price: '100', amount: '1' } as const;
    const stage = await startStage(exchange, [fill], ends, { accountType });
    await stage.poll();
    let before = 0;
    // The exchange's clock behind ours is refused by more than a second, ahead of ours by a window of some seconds.
    for (const [byMs, least] of [
      [-5_000, 1],
      [15_000, 1],
      [5_000, 0],
    ] as const) {
      stage.sim.stepClock(byMs);
      for (let poll = 0; poll < 3; poll += 1) {
        stage.pass(60_000);
        await stage.poll();
      }
      const codes = stage.sim.requests().flatMap((request) => request.code ?? []);
      expect(new Set(codes)).toEqual(new Set([code]));
      expect([least, 1]).toContain(codes.length - before);
      before = codes.length;
    }
  },
);
