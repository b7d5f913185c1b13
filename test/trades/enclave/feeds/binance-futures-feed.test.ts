import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadReport } from '../../../../src/trades/domain/exchange-calls.ts';
import type { Trade } from '../../../../src/trades/domain/trade.ts';
import { feedFor } from '../../../../src/trades/enclave/feeds/feed-for.ts';
import type { FeedState } from '../../../../src/trades/enclave/feeds/feed-state.ts';
import {
  CountingSink,
  DAY,
  FakeCalls,
  type FakeFill,
  futuresMethods,
  START_MS,
  swapMarket,
} from './fake-exchange.ts';

const BTC = swapMarket('BTC', 'USDT');
const ETH = swapMarket('ETH', 'USDT');
const COIN = swapMarket('BTC', 'USD', 'BTC');
const MARKETS = [BTC, ETH, COIN];

let fillCount = 0;
const fillOf = (atMs: number, some: Partial<FakeFill> = {}): FakeFill => ({
  id: String(++fillCount),
  market: BTC,
  atMs,
  visibleMs: atMs,
  side: 'buy',
  price: '100',
  amount: '1',
  fee: '0.1',
  feeAsset: 'USDT',
  ...some,
});
const namesOf = (fills: readonly FakeFill[]) =>
  fills
    .map(({ market, id }) => `${market === COIN ? 'inverse' : 'linear'} ${market.symbol} ${id}`)
    .toSorted();

class Account {
  readonly calls: FakeCalls;
  readonly sink = new CountingSink();
  readonly feed = feedFor('binance', 'futures');
  state: FeedState;
  #fromMs: number;

  constructor(methods: ReturnType<typeof futuresMethods>, startMs = START_MS, stepMs = 1) {
    this.calls = new FakeCalls({ exchange: 'binance', markets: MARKETS, methods, stepMs });
    this.state = this.feed.initial(startMs, []);
    this.#fromMs = startMs;
  }

  async read(toMs: number, isThorough = false): Promise<ReadReport & { readonly requests: number }> {
    this.calls.clockMs = Math.max(this.calls.clockMs, toMs + 5);
    const before = this.calls.requests.length;
    const span = { fromMs: this.#fromMs, toMs, isThorough };
    const { state, report } = await this.feed.read(this.calls, this.state, span, this.sink);
    this.state = JSON.parse(JSON.stringify(state)) as FeedState;
    this.#fromMs = toMs;
    return { ...report, requests: this.calls.requests.length - before };
  }

  get ids(): readonly string[] {
    return [...this.sink.counts.keys()].toSorted();
  }

  count(method: string): number {
    return this.calls.requests.filter((request) => request.method === method).length;
  }
}

describe('feeds of binance futures - what is asked', () => {
  it('an idle read - makes two requests; one of a thorough read, or soon after a move, two more', async () => {
    const account = new Account(futuresMethods([], 1000));
    await account.read(START_MS + 60_000);
    expect((await account.read(START_MS + 120_000)).requests).toBe(4);
    expect((await account.read(START_MS + 500_000)).requests).toBe(4);
    expect((await account.read(START_MS + 560_000)).requests).toBe(2);
    expect((await account.read(START_MS + 600_000, true)).requests).toBe(4);
  });

  it('a position opened and closed between two reads - is found through the income', async () => {
    const fills = [
      fillOf(START_MS + 61_000),
      fillOf(START_MS + 62_000, { side: 'sell' }),
      fillOf(START_MS + 63_000, { market: COIN }),
    ];
    const account = new Account(futuresMethods(fills, 1000));
    await account.read(START_MS + 60_000);
    const report = await account.read(START_MS + 120_000);
    expect(account.ids).toEqual(namesOf(fills));
    expect(report).toMatchObject({ unpolled: [], unsearched: 0, isIncomplete: false });
    // The same income is read again for five minutes, and asks for no fills.
    const { requests, isIncomplete } = await account.read(START_MS + 180_000);
    expect([requests, isIncomplete]).toEqual([6, false]);
  });

  it('a fill without fee and profit - is found through the position', async () => {
    const fills = [fillOf(START_MS + 61_000, { market: ETH })];
    const account = new Account(futuresMethods(fills, 1000, { hasFees: false }));
    await account.read(START_MS + 60_000);
    const { isIncomplete } = await account.read(START_MS + 120_000);
    expect(account.ids).toEqual(namesOf(fills));
    expect(isIncomplete).toBe(false);
  });

  it('positions that move while the list stays empty - the account is called incomplete', async () => {
    const fills = [fillOf(START_MS + 61_000), fillOf(START_MS + 200_000)];
    const account = new Account(futuresMethods(fills, 1000, { listed: [] }));
    expect((await account.read(START_MS + 60_000)).isIncomplete).toBe(false);
    // The list may only be late.
    expect((await account.read(START_MS + 120_000)).isIncomplete).toBe(false);
    for (const seconds of [180, 240, 300]) {
      expect((await account.read(START_MS + seconds * 1000)).isIncomplete).toBe(true);
    }
  });

  it('a fill that shows late - ends the doubt', async () => {
    const fills = [fillOf(START_MS + 61_000, { visibleMs: START_MS + 210_000 })];
    const account = new Account(futuresMethods(fills, 1000));
    const flags: boolean[] = [];
    for (const seconds of [60, 120, 180, 240, 300]) {
      flags.push((await account.read(START_MS + seconds * 1000)).isIncomplete);
    }
    expect(flags).toEqual([false, false, true, false, false]);
    expect(account.ids).toEqual(namesOf(fills));
  });

  it('hedge mode - a fill names its position', async () => {
    const fills = [fillOf(START_MS + 1000, { more: { positionSide: 'SHORT' } })];
    const account = new Account(futuresMethods(fills, 1000));
    account.calls.clockMs = START_MS + 60_000;
    const taken: Trade[] = [];
    const span = { fromMs: START_MS, toMs: START_MS + 60_000, isThorough: false };
    await account.feed.read(account.calls, account.state, span, { take: (trades) => taken.push(...trades) });
    expect(taken.map(({ position }) => position)).toEqual(['short']);
  });
});

describe('feeds of binance futures - back-fill', () => {
  it('thirty days back - five windows, all fills, at most seven days asked at once', async () => {
    const startMs = START_MS - 30 * DAY;
    const fills = Array.from({ length: 30 }, (_, day) =>
      fillOf(startMs + day * DAY + 1000, { side: day % 2 === 0 ? 'buy' : 'sell' }),
    );
    const account = new Account(futuresMethods(fills, 1000), startMs);
    account.calls.clockMs = START_MS;
    let windows = 0;
    for (let toMs = startMs; toMs < START_MS; windows++) {
      toMs = Math.min(toMs + account.feed.spanMaxMs, START_MS);
      await account.read(toMs);
    }
    expect(windows).toBe(5);
    expect(account.ids).toEqual(namesOf(fills));
    expect(account.count('fapiPrivateGetUserTrades')).toBeLessThanOrEqual(15);
    for (const { parameters } of account.calls.requests) {
      if (parameters['fromId'] !== undefined || parameters['symbol'] === undefined) continue;
      expect(Number(parameters['endTime']) - Number(parameters['startTime'])).toBeLessThanOrEqual(7 * DAY);
    }
  });
});

describe('feeds of binance futures - edges', () => {
  it.each([1, 2, 3, 1000])(
    'an old millisecond with many fills, pages of %d - each comes',
    async (pageRows) => {
      const startMs = START_MS - 20 * DAY;
      const times = [1000, 1000, 1000, 1000, 1000, 1001, 1001, 1002];
      const fills = times.map((ms) => fillOf(startMs + ms));
      const account = new Account(futuresMethods(fills, pageRows), startMs);
      account.calls.clockMs = START_MS;
      await account.read(startMs + 7 * DAY);
      expect(account.ids).toEqual(namesOf(fills));
    },
  );

  it('a fill between the end of the first span and its request - makes nothing incomplete', async () => {
    const fills = [fillOf(START_MS + 1000), fillOf(START_MS + 60_002)];
    const account = new Account(futuresMethods(fills, 1000));
    const flags: boolean[] = [];
    for (const seconds of [60, 120, 180, 240]) {
      flags.push((await account.read(START_MS + seconds * 1000)).isIncomplete);
    }
    expect(account.ids).toEqual(namesOf(fills));
    expect(flags).toEqual([false, false, false, false]);
  });
});

describe('feeds of binance futures - laws', () => {
  const arbitraryFill = fc.record({
    market: fc.constantFrom(...MARKETS),
    second: fc.integer({ min: 0, max: 20 * 86_400 }),
    isNear: fc.boolean(),
    ms: fc.constantFrom(0, 0, 1, 999),
    lateMs: fc.constantFrom(0, 0, 0, 91_000),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    amount: fc.integer({ min: 1, max: 99 }).map(String),
  });

  it('law - every fill comes, of any time, page size and moment; nothing is called incomplete at the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryFill, { maxLength: 25 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 1, max: 150_000 }), { maxLength: 8 }),
        // Ids ascend as fills happen, or as lists show them.
        fc.constantFrom('atMs' as const, 'visibleMs' as const),
        async (rows, pageRows, stepMs, pauses, idOrder) => {
          const startMs = START_MS - 20 * DAY;
          const fills = rows
            .map(({ second, isNear, ms, lateMs, ...row }) => {
              const atMs = (isNear ? START_MS + (second % 900) * 1000 : startMs + second * 1000) + ms;
              return { ...row, atMs, visibleMs: atMs + lateMs };
            })
            .toSorted((one, other) => one[idOrder] - other[idOrder])
            .map((row, index) => fillOf(row.atMs, { ...row, id: String(index + 1) }));
          const account = new Account(futuresMethods(fills, pageRows), startMs, stepMs);
          account.calls.clockMs = START_MS;
          let toMs = startMs;
          while (toMs < START_MS) await account.read((toMs = Math.min(toMs + 7 * DAY, START_MS)));
          for (const pause of pauses) await account.read((toMs += pause));
          let last = await account.read(START_MS + 1_300_000, true);
          for (let reads = 1; reads < 10; reads++)
            last = await account.read(START_MS + 1_300_000 + reads * 60_000);
          expect(account.ids).toEqual(namesOf(fills));
          expect(last).toMatchObject({ unsearched: 0, isIncomplete: false, unpolled: [], requests: 2 });
        },
      ),
      { numRuns: 100 },
    );
  });
});
