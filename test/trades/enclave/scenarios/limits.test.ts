// Failure stories about limits and nonces, each against the exchange's simulated server.

import { afterEach, expect, it } from 'vitest';
import { ExchangeError } from '../../../../src/trades/domain/exchange-calls.ts';
import { krakenPost } from '../../simulator/signed-requests.ts';
import { BEGIN_MS, HOUR, KEY, startStage } from './account-stage.ts';

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
