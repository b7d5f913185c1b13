import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ExchangeError } from '../../../../src/trades/domain/exchange-calls.ts';
import type { SummaryPayload } from '../../../../src/trades/domain/summary.ts';
import { UNSTORED_SUMMARIES_MAX } from '../../../../src/trades/domain/enclave-link.ts';
import type { PolledSummary } from '../../../../src/trades/domain/enclave-link.ts';
import { REGISTRATIONS_AT_ONCE_MAX } from '../../../../src/trades/enclave/accounts/account-desk.ts';
import { fee, HOUR, tradeOf } from '../../domain/fills.ts';
import { DeskBench, registrationOf, SAFE_KEY } from './desk-bench.ts';

const MINUTE = 60_000;
const payload = (summary: PolledSummary | undefined): SummaryPayload =>
  JSON.parse(summary?.body ?? 'null') as SummaryPayload;
/** A fill so long after the present. */
const fillAt = (bench: DeskBench, afterMs: number, id: string, more = {}) =>
  tradeOf({ timestampMs: bench.time.nowMs() + afterMs, id, ...more });

describe('account desk - registering', () => {
  it('desk - a session begins, is polled at once, and its first state is stored', async () => {
    const bench = new DeskBench();
    const session = await bench.register('key-0000001');
    expect(session).toMatchObject({ sessionId: expect.stringMatching(/^[0-9a-f]{32}$/), warnings: [] });
    expect(session.sessionToken).toMatch(/^[0-9a-f]{64}$/);
    expect(bench.service.checkpoints.size).toBe(1);
    await bench.advance(0);
    expect(bench.exchange.requests).toHaveLength(1);
    expect(bench.desk.rows()).toMatchObject([
      { node: 'online', reason: null, exchange: 'binance', isLocal: true, intervalMs: 60_000, seq: 0 },
    ]);
    expect(bench.desk.own(session.sessionToken)?.account).toMatchObject({ state: 'online', reason: null });
  });

  it.each([
    ['withdraws', { ...SAFE_KEY, canWithdraw: true }, { status: 403, code: 'over_powered' }],
    [
      'trades from anywhere until a date',
      { ...SAFE_KEY, canTrade: true, isIpBound: false, expiresAtMs: 5 },
      { warnings: ['can_trade', 'not_ip_bound', 'expires'], keyExpiresAtMs: 5 },
    ],
  ])('desk - a key that %s', async (_, facts, answer) => {
    const bench = new DeskBench();
    bench.exchange.facts.set('key-0000001', facts);
    expect(await bench.desk.register(registrationOf('key-0000001'), null)).toMatchObject(answer);
  });

  it('desk - the owner of a key of an untested exchange is told that nobody saw what it may do', async () => {
    const bench = new DeskBench();
    const registration = registrationOf('key-0000001', { options: { exchange: 'okx' } });
    expect(await bench.desk.register(registration, null)).toMatchObject({ warnings: ['untested'] });
  });

  it.each([
    ['key_refused', 403],
    ['rate_limited', 503],
    ['unreachable', 502],
    ['unsupported', 400],
  ] as const)('desk - when the exchange answers %s the status is %i', async (kind, status) => {
    const bench = new DeskBench();
    bench.exchange.keyFacts = () => Promise.reject(new ExchangeError(kind));
    const answer = await bench.desk.register(registrationOf('key-0000001'), null);
    expect(answer).toMatchObject({ status, code: kind });
    // Nothing is polled, so nothing goes on by itself.
    expect(JSON.stringify(answer)).not.toMatch(/polling|by itself/);
    expect(bench.desk.counts).toMatchObject({ registrations: 0, registrationsRefused: 1 });
  });

  it('desk - an exchange that is not supported is refused without a request', async () => {
    const bench = new DeskBench();
    const answer = await bench.desk.register(
      registrationOf('key-0000001', { options: { exchange: 'toString' } }),
      null,
    );
    expect(answer).toMatchObject({ status: 400, code: 'unsupported' });
    expect(bench.exchange.requests).toHaveLength(0);
  });

  it('desk - at the bound of accounts a further one is refused, and the same one again is not', async () => {
    const bench = new DeskBench({ accountsMax: 2 });
    await bench.register('key-0000001');
    await bench.register('key-0000002');
    const third = await bench.desk.register(registrationOf('key-0000003'), null);
    expect(third).toMatchObject({ status: 429, code: 'too_many' });
    await bench.register('key-0000002');
    expect(bench.desk.rows()).toHaveLength(2);
  });

  it('desk - the same account again replaces its session and goes on', async () => {
    const bench = new DeskBench();
    bench.exchange.facts.set('key-0000001', { ...SAFE_KEY, userId: 'u1' });
    bench.exchange.facts.set('key-0000002', { ...SAFE_KEY, userId: 'u1' });
    const first = await bench.register('key-0000001');
    await bench.advance(10 * MINUTE);
    const second = await bench.register('key-0000002');
    expect(bench.desk.own(first.sessionToken)).toBeNull();
    expect(await bench.desk.end(first.sessionToken)).toBe(false);
    expect(bench.desk.own(second.sessionToken)).not.toBeNull();
    expect(bench.desk.rows()).toHaveLength(1);
    const before = bench.exchange.requests.length;
    await bench.advance(10 * MINUTE);
    expect(new Set(bench.exchange.requests.slice(before).map(({ apiKey }) => apiKey))).toEqual(
      new Set(['key-0000002']),
    );
  });

  it('desk - accounts differ by exchange, kind, sandbox and key', async () => {
    const bench = new DeskBench();
    await bench.register('key-0000001');
    await bench.register('key-0000001', { options: { accountType: 'futures' } });
    await bench.register('key-0000001', { options: { isSandbox: true } });
    await bench.register('key-0000002');
    expect(new Set(bench.desk.rows().map(({ accountId }) => accountId)).size).toBe(4);
  });

  it('desk - a changed key goes on with the account by the earlier token, also later and after a restart', async () => {
    const bench = new DeskBench();
    const first = await bench.register('key-0000001');
    const accountId = bench.desk.rows()[0]?.accountId;
    await bench.advance(MINUTE);
    const answer = await bench.desk.register(registrationOf('key-0000002'), first.sessionToken);
    expect('status' in answer).toBe(false);
    expect(bench.desk.rows().map((row) => row.accountId)).toEqual([accountId]);
    await bench.restart();
    await bench.register('key-0000002');
    expect(bench.desk.rows().map((row) => row.accountId)).toEqual([accountId]);
    const unknown = await bench.desk.register(registrationOf('key-0000003'), 'ab'.repeat(32));
    expect(unknown).toMatchObject({ status: 409, code: 'unknown_session' });
  });
});

describe('account desk - summaries', () => {
  it('desk - hours are sealed, signed and stored with the state behind them', async () => {
    const bench = new DeskBench();
    bench.exchange.fills.set('key-0000001', [
      fillAt(bench, 5 * MINUTE, '1', { fees: [fee('1', 'BNB')] }),
      fillAt(bench, 50 * MINUTE, '2', { side: 'sell', price: '110' }),
    ]);
    const { sessionToken } = await bench.register('key-0000001');
    await bench.advance(3 * HOUR);
    const bodies = bench.service.summaries.map(payload);
    expect(bodies.map(({ totals }) => totals.trades)).toEqual([1, 1]);
    expect(bodies[0]?.totals.fees_usd).toBe(2);
    expect(bodies[1]?.hourly_buckets[0]?.return_pct).toBe(8);
    expect(bodies[1]?.metadata).toMatchObject({ seq: 2, prev: bench.service.summaries[0]?.digest });
    expect(bodies[0]).toHaveProperty('signature');
    expect(bench.desk.own(sessionToken)).toMatchObject({
      metrics: [{ symbol: 'BTC/USDT', trades: 2, returnPct: 8, volume: 210 }],
      summary: { totalTrades: 2, totalReturnUsd: 8, totalFees: 2 },
    });
    expect(bench.desk.counts).toMatchObject({ summaries: 2, fills: 2, fillsLate: 0 });
  });

  it('desk - killed at any time, a registration anew goes on with the same periods', async () => {
    const plain = async (kills: readonly number[]) => {
      const bench = new DeskBench();
      const begin = bench.time.nowMs();
      bench.exchange.fills.set(
        'key-0000001',
        Array.from({ length: 40 }, (_, index) =>
          fillAt(bench, index * 7 * MINUTE, `${index}`, index % 3 ? {} : { side: 'sell' as const }),
        ),
      );
      await bench.register('key-0000001');
      for (const afterMs of [...kills, 6 * HOUR]) {
        await bench.advance(begin + afterMs - bench.time.nowMs());
        if (afterMs === 6 * HOUR) break;
        await bench.restart();
        await bench.register('key-0000001');
      }
      return bench.service.summaries;
    };
    const calm = await plain([]);
    expect(calm.reduce((sum, { trades }) => sum + trades, 0)).toBe(40);
    const killed = await plain([31 * MINUTE, 50 * MINUTE, 95 * MINUTE, 96 * MINUTE, 200 * MINUTE]);
    expect(killed.map(({ digest }) => digest)).toEqual(calm.map(({ digest }) => digest));
  });

  it('desk - prices that cannot be asked for are waited for, and then missing', async () => {
    const bench = new DeskBench();
    bench.exchange.priceOf = () => new ExchangeError('unreachable');
    bench.exchange.fills.set('key-0000001', [fillAt(bench, MINUTE, '1', { fees: [fee('1', 'BNB')] })]);
    await bench.register('key-0000001', { options: { apiIntervalMs: 30_000 } });
    // The hour ends after 30 minutes.
    await bench.advance(34 * MINUTE);
    expect(bench.service.summaries).toHaveLength(0);
    await bench.advance(10 * MINUTE);
    expect(payload(bench.service.summaries[0]).metadata?.unconverted).toEqual({
      BNB: { volume: 0, fees: 1, profit: 0 },
    });
  });

  it('desk - an hour that is due while the session is replaced waits for its prices in the next session', async () => {
    const bench = new DeskBench();
    const held: (() => void)[] = [];
    bench.exchange.fills.set('key-0000001', [
      fillAt(bench, 29 * MINUTE, '1', { fees: [fee('1', 'BNB'), fee('1', 'ETH')] }),
    ]);
    await bench.register('key-0000001', { options: { apiIntervalMs: 30_000 } });
    // The question for the price is under way when the hour is due and the same account is registered again.
    bench.exchange.priceOf = () => new Promise<string>((resolve) => held.push(() => resolve('300')));
    await bench.advance(33 * MINUTE);
    expect(held.length).toBeGreaterThan(0);
    const again = bench.register('key-0000001', { options: { apiIntervalMs: 30_000 } });
    // Far enough that the first session is over.
    await bench.advance(1);
    for (const answer of held.splice(0)) answer();
    bench.exchange.priceOf = () => '300';
    await again;
    await bench.advance(2 * MINUTE);
    expect(payload(bench.service.summaries[0]).totals.fees_usd).toBe(600);
  });

  it('desk - a price that the exchange has only later in the hour is in the summary', async () => {
    const bench = new DeskBench();
    bench.exchange.priceOf = () => null;
    bench.exchange.fills.set('key-0000001', [fillAt(bench, MINUTE, '1', { fees: [fee('1', 'BNB')] })]);
    await bench.register('key-0000001');
    await bench.advance(20 * MINUTE);
    bench.exchange.priceOf = () => '300';
    await bench.advance(20 * MINUTE);
    expect(payload(bench.service.summaries[0]).totals.fees_usd).toBe(300);
  });
});

describe('account desk - ends', () => {
  it('desk - after expiry the open hour is sealed and not one request more is made', async () => {
    const bench = new DeskBench();
    bench.exchange.fills.set('key-0000001', [fillAt(bench, MINUTE, '1', { fees: [fee('1', 'BNB')] })]);
    const { sessionToken, expiresAtMs } = await bench.register('key-0000001', { ttlSeconds: 600 });
    await bench.advance(600_000 - 1);
    expect(bench.desk.own(sessionToken)).not.toBeNull();
    await bench.advance(1);
    expect(bench.desk.own(sessionToken)).toBeNull();
    await bench.advance(HOUR);
    expect(bench.exchange.requests.every(({ atMs }) => atMs < expiresAtMs)).toBe(true);
    expect(bench.desk.rows()).toMatchObject([
      { node: 'offline', reason: 'expired', sessionExpiresAtMs: null, nextPollAtMs: null },
    ]);
    expect(bench.service.summaries).toHaveLength(1);
    expect(payload(bench.service.summaries[0])).toMatchObject({ totals: { trades: 1, fees_usd: 2 } });
    expect(bench.desk.counts.sessionsEnded).toBe(1);
    await bench.advance(24 * HOUR);
    expect(bench.desk.rows()).toEqual([]);
  });

  it('desk - a poll that is under way at the end makes no further request and counts nothing', async () => {
    const bench = new DeskBench();
    bench.exchange.answerMs = 10_000;
    bench.exchange.requestsOfRead = 5;
    bench.exchange.fills.set('key-0000001', [fillAt(bench, -MINUTE / 2, '1')]);
    const { sessionToken } = await bench.register('key-0000001');
    await bench.advance(15_000);
    const ended = bench.desk.end(sessionToken);
    await bench.advance(HOUR);
    expect(await ended).toBe(true);
    expect(bench.exchange.requests).toHaveLength(2);
    expect(bench.service.summaries).toHaveLength(0);
    expect(bench.desk.rows()).toMatchObject([{ reason: 'removed' }]);
  });

  it('desk - at the very end the client is taken back, so that what waits for its turn is not asked', async () => {
    const bench = new DeskBench();
    bench.exchange.answerMs = HOUR;
    await bench.register('key-0000001', { ttlSeconds: 300 });
    await bench.advance(300_000 - 1);
    expect(bench.exchange.loans).toBe(1);
    await bench.advance(1);
    expect(bench.exchange.loans).toBe(0);
    const removed = await bench.register('key-0000002');
    await bench.advance(0);
    expect(bench.exchange.loans).toBe(1);
    await bench.desk.end(removed.sessionToken);
    expect(bench.exchange.loans).toBe(0);
  });

  it('desk - an ended account that is registered again goes on, and nothing is lost or counted twice', async () => {
    const bench = new DeskBench();
    bench.exchange.fills.set(
      'key-0000001',
      Array.from({ length: 12 }, (_, index) => fillAt(bench, index * 10 * MINUTE, `${index}`)),
    );
    const { sessionToken } = await bench.register('key-0000001');
    await bench.advance(25 * MINUTE);
    await bench.desk.end(sessionToken);
    await bench.advance(30 * MINUTE);
    await bench.register('key-0000001');
    await bench.advance(3 * HOUR);
    const bodies = bench.service.summaries.map(payload);
    expect(bodies.reduce((sum, { totals }) => sum + totals.trades, 0)).toBe(12);
    expect(bodies.slice(1).map(({ period_start }) => period_start)).toEqual(
      bodies.slice(0, -1).map(({ period_end }) => period_end),
    );
    expect(bodies.some(({ metadata }) => metadata?.gap !== undefined)).toBe(false);
  });

  it('desk - time that the exchange does not serve any more is a gap', async () => {
    const bench = new DeskBench();
    bench.exchange.reachMs = 2 * HOUR;
    const { sessionToken } = await bench.register('key-0000001');
    await bench.advance(10 * MINUTE);
    await bench.desk.end(sessionToken);
    await bench.advance(5 * HOUR);
    bench.exchange.fills.set('key-0000001', [fillAt(bench, MINUTE, '1')]);
    await bench.register('key-0000001');
    await bench.advance(2 * HOUR);
    expect(payload(bench.service.summaries.at(-1)).metadata?.gap).toBeDefined();
  });

  it('desk - of an untested exchange collection begins, and a gap ends, where ccxt says that fills are served', async () => {
    const bench = new DeskBench();
    const DAY = 24 * HOUR;
    bench.exchange.daysBack = 3;
    const registration = registrationOf('key-0000001', {
      options: { exchange: 'okx', sinceMs: bench.time.nowMs() - 30 * DAY },
    });
    bench.exchange.fills.set('key-0000001', [fillAt(bench, -2.5 * DAY, '1')]);
    const begunMs = bench.time.nowMs();
    const session = await bench.desk.register(registration, null);
    await bench.advance(10 * MINUTE);
    const first = payload(bench.service.summaries[0]);
    expect(Date.parse(first.period_start)).toBe(begunMs - 3 * DAY);
    if ('status' in session) throw new Error(session.code);
    await bench.desk.end(session.sessionToken);
    await bench.advance(4 * DAY);
    bench.exchange.fills.set('key-0000001', [fillAt(bench, MINUTE, '2')]);
    const resumedMs = bench.time.nowMs();
    await bench.desk.register(registration, null);
    await bench.advance(2 * HOUR);
    const gaps = bench.service.summaries.flatMap((summary) => payload(summary).metadata?.gap ?? []);
    expect(gaps.at(-1)).toMatchObject({ to: new Date(resumedMs - 3 * DAY).toISOString() });
  });

  it('desk - an unknown token ends nothing', async () => {
    const bench = new DeskBench();
    expect(await bench.desk.end('ab'.repeat(32))).toBe(false);
    expect(await bench.desk.end('short')).toBe(false);
    expect(bench.desk.own('')).toBeNull();
  });
});

describe('account desk - failures', () => {
  it('desk - a refused key suspends the account: no further request, and the owner reads why', async () => {
    const bench = new DeskBench();
    const { sessionToken } = await bench.register('key-0000001', { options: { retriesMax: 5 } });
    bench.exchange.failures = [new ExchangeError('key_refused', '-2015')];
    await bench.advance(3 * HOUR);
    expect(bench.exchange.requests).toHaveLength(1);
    expect(bench.desk.own(sessionToken)?.account).toMatchObject({
      state: 'offline',
      reason: 'key_refused',
      exchangeCode: '-2015',
    });
    expect(bench.desk.rows()).toMatchObject([{ nextPollAtMs: null }]);
    await bench.register('key-0000001');
    await bench.advance(0);
    expect(bench.desk.rows()).toMatchObject([{ node: 'online', reason: null }]);
  });

  it('desk - a suspended account is not tried again by a restart', async () => {
    const bench = new DeskBench({ persistsSessions: true });
    await bench.register('key-0000001');
    bench.exchange.failures = [new ExchangeError('key_refused', '-2015')];
    await bench.advance(MINUTE);
    await bench.restart();
    await bench.advance(HOUR);
    expect(bench.exchange.requests).toHaveLength(1);
  });

  it('desk - further attempts come 1, 2 and 4 s later, and hold no other account back', async () => {
    const bench = new DeskBench();
    const begin = bench.time.nowMs();
    await bench.register('key-0000001', { options: { retriesMax: 3 } });
    bench.exchange.failures = Array.from({ length: 4 }, () => new ExchangeError('unreachable'));
    await bench.advance(30_000);
    expect(bench.exchange.requests.map(({ atMs }) => atMs - begin)).toEqual([0, 1_000, 3_000, 7_000]);
    expect(bench.desk.rows()).toMatchObject([{ node: 'stale', reason: 'unreachable' }]);
    await bench.advance(MINUTE);
    expect(bench.desk.rows()).toMatchObject([{ node: 'online', reason: null }]);
    expect(bench.desk.counts.polls).toEqual({ new: 0, empty: 1, failed: 1 });
  });

  it('desk - fills of another account are refused and not counted', async () => {
    const bench = new DeskBench();
    bench.exchange.facts.set('key-0000001', { ...SAFE_KEY, userId: 'u1' });
    bench.exchange.report = { ...bench.exchange.report, userId: 'parent' };
    bench.exchange.fills.set('key-0000001', [fillAt(bench, -1_000, '1')]);
    const { sessionToken } = await bench.register('key-0000001');
    await bench.advance(MINUTE);
    expect(bench.desk.own(sessionToken)).toMatchObject({
      account: { state: 'offline', reason: 'other_account' },
      summary: { totalTrades: 0 },
    });
    expect(bench.exchange.requests).toHaveLength(1);
  });

  it('desk - what a reader throws is not repeated in the log', async () => {
    const bench = new DeskBench();
    await bench.register('key-0000001');
    bench.exchange.failures = [new SyntaxError('planted-text') as unknown as ExchangeError];
    await bench.advance(0);
    expect(bench.desk.rows()).toMatchObject([{ node: 'stale', reason: 'exchange_error' }]);
    expect(bench.lines.join()).toContain('SyntaxError');
    expect(bench.lines.join()).not.toContain('planted');
  });

  it('desk - a span with too many fills is read in parts', async () => {
    const bench = new DeskBench();
    const many = Array.from({ length: 25_000 }, (_, index) =>
      fillAt(bench, -3 * HOUR + index * 400, `${index}`),
    );
    bench.exchange.fills.set('key-0000001', many);
    await bench.register('key-0000001', { options: { sinceMs: bench.time.nowMs() - 4 * HOUR } });
    await bench.advance(HOUR);
    expect(bench.service.summaries.reduce((sum, { trades }) => sum + trades, 0)).toBe(25_000);
    expect(bench.desk.counts).toMatchObject({ fills: 25_000, fillsTooOld: 0, fillsLate: 0 });
  });

  it('desk - at the bound of unstored summaries polling waits, and goes on when the service is there', async () => {
    const bench = new DeskBench();
    const { sessionToken } = await bench.register('key-0000001');
    await bench.advance(0);
    bench.service.unlink(bench.outgoing);
    for (let index = 0; index < UNSTORED_SUMMARIES_MAX; index++)
      void bench.outgoing.store({ accountId: 'x', body: '' } as PolledSummary, null);
    await bench.advance(10 * MINUTE);
    expect(bench.exchange.requests).toHaveLength(1);
    expect(bench.desk.own(sessionToken)?.account).toMatchObject({ state: 'stale', reason: 'backlog' });
    bench.service.link(bench.outgoing);
    await bench.advance(2 * MINUTE);
    expect(bench.desk.own(sessionToken)?.account).toMatchObject({ state: 'online', reason: null });
  });
});

describe('account desk - link and restart', () => {
  it('desk - alone it polls all the same, and hands over when a service links that knows nothing', async () => {
    const bench = new DeskBench({}, false);
    bench.exchange.fills.set('key-0000001', [fillAt(bench, MINUTE, '1')]);
    await bench.register('key-0000001');
    await bench.advance(HOUR);
    expect([bench.desk.unstoredSummaries, bench.service.summaries.length]).toEqual([1, 0]);
    bench.service.link(bench.outgoing);
    bench.desk.linked();
    await bench.advance(0);
    expect([bench.desk.unstoredSummaries, bench.service.summaries.length]).toEqual([0, 1]);
    expect(bench.service.checkpoints.size).toBe(1);
  });

  it('desk - what was collected alone is dropped if the service has an earlier state, and collected again', async () => {
    const bench = new DeskBench();
    bench.exchange.fills.set('key-0000001', [fillAt(bench, MINUTE, '1'), fillAt(bench, 65 * MINUTE, '2')]);
    await bench.register('key-0000001');
    await bench.advance(HOUR);
    bench.service.unlink(bench.outgoing);
    await bench.restart();
    await bench.register('key-0000001', { options: { sinceMs: 0 } });
    await bench.advance(HOUR);
    bench.service.link(bench.outgoing);
    bench.desk.linked();
    await bench.advance(2 * HOUR);
    const bodies = bench.service.summaries.map(payload);
    expect(bodies.map(({ totals, metadata }) => [totals.trades, metadata?.seq])).toEqual([
      [1, 1],
      [1, 2],
    ]);
    expect(bodies[1]?.metadata?.prev).toBe(bench.service.summaries[0]?.digest);
  });

  it('desk - sessions that are kept go on after a restart, with the same token', async () => {
    const bench = new DeskBench({ persistsSessions: true });
    bench.exchange.fills.set('key-0000001', [fillAt(bench, MINUTE, '1'), fillAt(bench, 65 * MINUTE, '2')]);
    const { sessionToken } = await bench.register('key-0000001');
    await bench.advance(40 * MINUTE);
    await bench.restart();
    await bench.advance(2 * HOUR);
    expect(bench.service.summaries.map(({ trades }) => trades)).toEqual([1, 1]);
    expect(bench.desk.own(sessionToken)).toMatchObject({ summary: { totalTrades: 2 } });
  });

  it('desk - a session that expired meanwhile is not polled, and its open hour is sealed', async () => {
    const bench = new DeskBench({ persistsSessions: true });
    bench.exchange.fills.set('key-0000001', [fillAt(bench, 31 * MINUTE, '1')]);
    const { sessionToken } = await bench.register('key-0000001', { ttlSeconds: 3_600 });
    await bench.advance(34 * MINUTE);
    await bench.desk.stop();
    await bench.advance(HOUR);
    const { length } = bench.exchange.requests;
    await bench.restart();
    await bench.advance(HOUR);
    expect(bench.exchange.requests).toHaveLength(length);
    expect(bench.desk.own(sessionToken)).toBeNull();
    expect(bench.service.summaries).toHaveLength(1);
  });

  it('desk - without that setting a restart ends sessions, and no checkpoint has a credential in it', async () => {
    const states: string[] = [];
    for (const persistsSessions of [false, true]) {
      const bench = new DeskBench({ persistsSessions });
      const { sessionToken } = await bench.register('key-0000001');
      await bench.advance(0);
      const [checkpoint] = bench.service.checkpoints.values();
      states.push(bench.keys.checkpoints.open(checkpoint?.accountId ?? '', checkpoint?.sealed ?? '') ?? '');
      expect(checkpoint?.sealed).not.toContain('planted-secret');
      await bench.restart();
      expect(bench.desk.own(sessionToken) !== null).toBe(persistsSessions);
    }
    expect(states.map((state) => state.includes('planted-secret'))).toEqual([false, true]);
  });

  it('desk - nothing that prints or logs shows a credential or a token', async () => {
    const bench = new DeskBench({ persistsSessions: true });
    const { sessionToken } = await bench.register('planted-key-1');
    await bench.advance(HOUR);
    const seen = [
      inspect(bench.desk, { depth: 20, showHidden: true }),
      JSON.stringify(bench.desk),
      ...bench.lines,
      JSON.stringify(bench.desk.rows()),
    ];
    for (const text of seen) expect(text).not.toMatch(new RegExp(`planted|${sessionToken}`));
  });
});

describe('account desk - bounds', () => {
  it('desk - only so many registrations are checked at once', async () => {
    const bench = new DeskBench({ accountsMax: 1_000 });
    const held = Promise.withResolvers<typeof SAFE_KEY>();
    bench.exchange.keyFacts = () => held.promise;
    const waiting = Array.from({ length: REGISTRATIONS_AT_ONCE_MAX }, (_, index) =>
      bench.desk.register(registrationOf(`key-${10_000 + index}`), null),
    );
    const further = await bench.desk.register(registrationOf('key-0000001'), null);
    expect(further).toMatchObject({ status: 503, code: 'busy' });
    held.resolve(SAFE_KEY);
    for (const answer of await Promise.all(waiting)) expect('status' in answer).toBe(false);
  });

  it('desk - alone it keeps a thousand summaries, then polling waits, and nothing is lost', async () => {
    const hours = UNSTORED_SUMMARIES_MAX + 50;
    const bench = new DeskBench({}, false);
    const fills = Array.from({ length: hours }, (_, index) => fillAt(bench, -index * HOUR - 1, `${index}`));
    bench.exchange.fills.set('key-0000001', fills);
    await bench.register('key-0000001', { options: { sinceMs: bench.time.nowMs() - hours * HOUR } });
    await bench.advance(10 * MINUTE);
    expect(bench.desk.unstoredSummaries).toBe(UNSTORED_SUMMARIES_MAX);
    expect(bench.desk.rows()).toMatchObject([{ node: 'stale', reason: 'backlog' }]);
    bench.service.link(bench.outgoing);
    bench.desk.linked();
    await bench.advance(HOUR);
    expect(bench.service.summaries.map(({ seq }) => seq)).toEqual(
      Array.from({ length: hours }, (_, index) => index + 1),
    );
    expect(bench.service.summaries.reduce((sum, { trades }) => sum + trades, 0)).toBe(hours);
  });
});

describe('account desk - users in plain text', () => {
  const plain = (apiKey: string, more = {}) => ({
    userId: 'alice',
    exchange: 'binance',
    apiKey,
    secret: 'planted-secret',
    isSandbox: false,
    accountType: 'spot' as const,
    apiIntervalMs: 60_000,
    retriesMax: 0,
    ...more,
  });

  it('desk - a user registers, reads figures by the label, and is removed', async () => {
    const bench = new DeskBench();
    bench.exchange.fills.set('key-0000001', [fillAt(bench, -1_000, '1')]);
    const { desk } = bench;
    expect(await desk.answer({ type: 'register', registration: plain('key-0000001') })).toEqual({
      type: 'registered',
    });
    await bench.advance(3 * MINUTE);
    expect(await desk.answer({ type: 'metrics', userId: 'alice' })).toMatchObject({
      metrics: [{ symbol: 'BTC/USDT', trades: 1 }],
    });
    expect(await desk.answer({ type: 'summary', userId: 'alice' })).toMatchObject({
      summary: { totalTrades: 1 },
    });
    expect(await desk.answer({ type: 'remove', userId: 'alice' })).toEqual({ type: 'removed' });
    expect(await desk.answer({ type: 'metrics', userId: 'alice' })).toEqual({ type: 'metrics', metrics: [] });
    expect(await desk.answer({ type: 'summary', userId: 'bob' })).toEqual({ type: 'summary', summary: null });
    expect(desk.rows()).toMatchObject([{ reason: 'removed', label: 'alice' }]);
  });

  it('desk - a second account of one user takes the place of the first, and a refused one does not', async () => {
    const bench = new DeskBench();
    const { desk } = bench;
    await desk.answer({ type: 'register', registration: plain('key-0000001') });
    bench.exchange.facts.set('key-0000009', { ...SAFE_KEY, canWithdraw: true });
    expect(await desk.answer({ type: 'register', registration: plain('key-0000009') })).toMatchObject({
      type: 'refused',
      status: 403,
    });
    expect(desk.rows()).toHaveLength(1);
    await desk.answer({ type: 'register', registration: plain('key-0000002') });
    expect(desk.rows().map(({ reason }) => reason)).toEqual(['removed', 'starting']);
  });

  it('desk - two registrations of one user at one time leave one session', async () => {
    const bench = new DeskBench();
    const registrations = ['key-0000001', 'key-0000002'].map((key) => plain(key));
    const answers = registrations.map((registration) =>
      bench.desk.answer({ type: 'register', registration }),
    );
    expect(await Promise.all(answers)).toEqual([{ type: 'registered' }, { type: 'registered' }]);
    expect(bench.desk.rows().map(({ reason }) => reason)).toEqual(['removed', 'starting']);
  });

  it('desk - a user whose session goes on after a restart reads figures, and is removed', async () => {
    const bench = new DeskBench({ persistsSessions: true });
    bench.exchange.fills.set('key-0000001', [fillAt(bench, -1_000, '1')]);
    await bench.desk.answer({ type: 'register', registration: plain('key-0000001') });
    await bench.advance(3 * MINUTE);
    await bench.restart();
    await bench.advance(3 * MINUTE);
    expect(await bench.desk.answer({ type: 'metrics', userId: 'alice' })).toMatchObject({
      metrics: [{ symbol: 'BTC/USDT', trades: 1 }],
    });
    await bench.desk.answer({ type: 'remove', userId: 'alice' });
    const { length } = bench.exchange.requests;
    await bench.advance(HOUR);
    expect(bench.exchange.requests).toHaveLength(length);
    expect(bench.desk.rows()).toMatchObject([{ reason: 'removed' }]);
  });

  it('desk - the owner of a token is not touched by a user of the same name', async () => {
    const bench = new DeskBench();
    const { sessionToken } = await bench.register('key-0000001', { label: 'alice' });
    await bench.desk.answer({ type: 'remove', userId: 'alice' });
    expect(bench.desk.own(sessionToken)).not.toBeNull();
    expect(await bench.desk.answer({ type: 'summary', userId: 'alice' })).toEqual({
      type: 'summary',
      summary: null,
    });
  });
});
