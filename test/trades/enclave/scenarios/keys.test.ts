// Failure stories about keys, each with the desk of accounts at the exchange's simulated server: keys that others use too,
// that are revoked or too powerful, and that show another account.

import { afterEach, expect, it } from 'vitest';
import { ACCOUNT_REASONS } from '../../../../src/trades/domain/account-reasons.ts';
import type { AccountInput } from '../../../../src/trades/simulator/scenario.ts';
import { krakenPost } from '../../simulator/signed-requests.ts';
import { BEGIN_MS, HOUR } from './account-stage.ts';
import { DeskStage, keyOf } from './desk-stage.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const MINUTE = 60_000;
const account = (more: Partial<AccountInput> = {}): AccountInput => ({
  name: 'a',
  userId: '53888001',
  balances: { USDT: '1000', USD: '1000', BTC: '1' },
  ...more,
});
const buy = (market: string, at: number) => ({ at, market, side: 'buy', price: '100', amount: '1' }) as const;

/** Expects that no request reaches the exchange while hours pass. */
async function expectNoRequest({ sim, time }: DeskStage): Promise<void> {
  const { total } = sim.counts();
  for (let minutes = 0; minutes < 180; minutes += 10) {
    time.push(10 * MINUTE);
    await new Promise<void>((resolve) => void setTimeout(resolve, 5));
  }
  expect(sim.counts().total).toBe(total);
}

// krakenex#21, #75, XChange#1347: the key is used elsewhere too.
it('kraken - a counter that is refused three times in a row makes the account stale, in words that ask for a key of its own', async () => {
  const stage = await DeskStage.start('kraken', [account()], ends);
  const token = await stage.register(0);
  expect((await stage.nextPoll(token)).account).toMatchObject({ state: 'online', reason: null });
  // Far ahead of the counter that follows the clock.
  const nonce = (BEGIN_MS + 1000 * HOUR) * 1_000;
  const elsewhere = await krakenPost(stage.sim.url, 'Balance', {}, keyOf(0), nonce);
  expect(await elsewhere.json()).toMatchObject({ error: [] });
  const seen = [];
  for (let poll = 0; poll < 3; poll++) seen.push((await stage.nextPoll(token, 10 * MINUTE)).account);
  expect(seen.map(({ state, reason }) => [state, reason])).toEqual([
    ['online', null],
    ['online', null],
    ['stale', 'nonce'],
  ]);
  expect(ACCOUNT_REASONS.nonce).toContain('give this program a key of its own');
  expect(stage.sim.counts().overlaps).toEqual({});
});

// ccxt#18459, Binance.Net#85, php-binance-api#467: -2015 is the key, the address or the right, and ccxt calls it a ban
// once a private call has succeeded.
it.each([
  ['every call', undefined],
  ['the second private call of a poll', '/api/v3/myTrades'],
] as const)(
  'binance - a key that is refused with -2015 at %s is suspended, with three causes, and no further request is made',
  async (_, path) => {
    const stage = await DeskStage.start(
      'binance',
      [account({ fills: [buy('BTCUSDT', BEGIN_MS - 1000), buy('BTCUSDT', BEGIN_MS + 2 * MINUTE)] })],
      ends,
    );
    const token = await stage.register(0);
    expect((await stage.nextPoll(token)).account).toMatchObject({ state: 'online' });
    if (path === undefined) stage.sim.revokeKey(keyOf(0).apiKey);
    else {
      const body = JSON.stringify({
        code: -2015,
        msg: 'Invalid API-key, IP, or permissions for action, request ip: 203.0.113.9',
      });
      stage.sim.addFault({ kind: 'answer', status: 400, body, path, times: 100 });
    }
    const { account: seen } = await stage.nextPoll(token, 4 * MINUTE);
    expect(seen).toMatchObject({ state: 'offline', reason: 'key_refused', exchangeCode: '-2015' });
    expect(ACCOUNT_REASONS.key_refused).toMatch(
      /wrong, expired or revoked; .* IP addresses, .* lacks the right/,
    );
    expect(stage.venue.pausedForMs).toBe(0);
    await expectNoRequest(stage);
    expect(stage.lines.join('\n')).not.toMatch(/planted|BTC|203\.0\.113/);
  },
);

// futuresboard#77: the key of a sub-account shows the trades of its parent.
it('binance - fills that name another account are refused and not counted, and the account says so', async () => {
  const stage = await DeskStage.start(
    'binance',
    [account({ fills: [{ ...buy('BTCUSDT', BEGIN_MS - 1000), owner: '99' }] })],
    ends,
  );
  const token = await stage.register(0);
  const { account: seen, summary } = await stage.nextPoll(token);
  expect(seen).toMatchObject({ state: 'offline', reason: 'other_account' });
  expect(summary.totalTrades).toBe(0);
  expect(ACCOUNT_REASONS.other_account).toContain('They are not counted');
  await expectNoRequest(stage);
  await stage.desk.end(token);
  expect(stage.summaries.filter(({ totals }) => totals.trades > 0)).toEqual([]);
});

// ccxt#21186, #12035: portfolio margin has other addresses: the classic list is empty, and there is no error.
it('binance futures - positions that move without fills show the owner that the account is incomplete', async () => {
  const hidden = { kind: 'linear', visibleAt: BEGIN_MS + 1000 * HOUR, fee: '0' } as const;
  const fills = [{ ...buy('BTCUSDT', BEGIN_MS + MINUTE), ...hidden }];
  const stage = await DeskStage.start('binance', [account({ fills })], ends);
  const token = await stage.register(0, { accountType: 'futures' });
  expect((await stage.nextPoll(token)).account).toMatchObject({ state: 'online', reason: null });
  await stage.nextPoll(token);
  const { account: seen } = await stage.nextPoll(token);
  expect(seen).toMatchObject({ state: 'online', reason: 'incomplete' });
  expect(ACCOUNT_REASONS.incomplete).toContain('portfolio margin');
});

it.each(['binance', 'bybit', 'kraken'] as const)(
  '%s - a key that may withdraw is refused at registration, one that may trade from anywhere is warned of',
  async (exchange) => {
    const key = { ...keyOf(0), account: 'a' };
    const stage = await DeskStage.start(exchange, [account()], ends, {
      scenario: { keys: [{ ...key, canWithdraw: true }] },
    });
    expect(await stage.try(0)).toEqual({
      status: 403,
      code: 'over_powered',
      reason: ACCOUNT_REASONS.over_powered,
    });
    expect(stage.desk.rows()).toEqual([]);
    stage.sim.setKey({
      ...key,
      canRead: true,
      canWithdraw: false,
      canTrade: true,
      isIpBound: false,
      expiresAtMs: BEGIN_MS + 1000 * HOUR,
      revokedAtMs: Infinity,
    });
    const session = await stage.try(0);
    if ('status' in session) throw new Error(session.reason);
    expect(session.warnings).toContain('can_trade');
    expect(session.warnings).toContain('not_ip_bound');
    if (exchange !== 'binance') expect(session.warnings).toContain('expires');
    stage.sim.revokeKey(key.apiKey);
    expect(await stage.try(0)).toMatchObject({ status: 403, code: 'key_refused' });
  },
);

it.each([
  ['kraken', 'spot', /no sandbox/],
  ['kraken', 'futures', /krakenfutures/],
  ['binance', 'margin', /no margin accounts/],
] as const)(
  '%s %s - a sandbox that does not exist is refused without a request',
  async (exchange, accountType, words) => {
    const stage = await DeskStage.start(exchange, [account()], ends);
    const refusal = await stage.try(0, { accountType, isSandbox: true });
    expect(refusal).toMatchObject({ status: 400, code: 'unsupported', reason: expect.stringMatching(words) });
    expect(stage.sim.counts().total).toBe(0);
  },
);
