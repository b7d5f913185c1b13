import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feedFor } from '../../../../src/trades/enclave/feeds/feed-for.ts';
import type { FeedState } from '../../../../src/trades/enclave/feeds/feed-state.ts';
import type { ReadReport } from '../../../../src/trades/domain/exchange-calls.ts';
import {
  binanceMethods,
  CountingSink,
  DAY,
  type Deposit,
  FakeCalls,
  type FakeFill,
  spotMarket,
  START_MS,
} from './fake-exchange.ts';

const COINS = ['AAA', 'BBB', 'CCC', 'DDD', 'EEE', 'FFF'];
const MARKETS = [
  ...COINS.flatMap((coin) => [spotMarket(coin, 'USDT'), spotMarket(coin, 'BTC')]),
  spotMarket('BTC', 'USDT'),
  spotMarket('BNB', 'USDT'),
];
const marketOf = (symbol: string) => {
  const found = MARKETS.find((market) => market.symbol === symbol);
  if (found === undefined) throw new Error(`no market ${symbol}`);
  return found;
};
const FUNDS: readonly Deposit[] = [
  { atMs: START_MS - DAY, asset: 'USDT', amount: '100000' },
  { atMs: START_MS - DAY, asset: 'BNB', amount: '10' },
];

let fillCount = 0;
const fillOf = (market: string, atMs: number, some: Partial<FakeFill> = {}): FakeFill => ({
  id: String(++fillCount),
  market: marketOf(market),
  atMs,
  visibleMs: atMs,
  side: 'buy',
  price: '10',
  amount: '1',
  fee: '0.001',
  feeAsset: 'BNB',
  ...some,
});

/** An account that is read on, as the enclave does it: one state after the other, through JSON. */
class Account {
  readonly calls: FakeCalls;
  readonly sink = new CountingSink();
  readonly #feed = feedFor('binance', 'spot');
  state: FeedState;
  #fromMs: number;

  constructor(calls: FakeCalls, startMs = START_MS) {
    this.calls = calls;
    this.state = this.#feed.initial(startMs, []);
    this.#fromMs = startMs;
  }

  async read(toMs: number, isThorough = false): Promise<ReadReport & { readonly requests: number }> {
    this.calls.clockMs = Math.max(this.calls.clockMs, toMs + 5);
    const before = this.calls.requests.length;
    const span = { fromMs: this.#fromMs, toMs, isThorough };
    const { state, report } = await this.#feed.read(this.calls, this.state, span, this.sink);
    this.state = JSON.parse(JSON.stringify(state)) as FeedState;
    this.#fromMs = toMs;
    return { ...report, requests: this.calls.requests.length - before };
  }

  get ids(): readonly string[] {
    return [...this.sink.counts.keys()].toSorted();
  }
}

const exchangeOf = (
  fills: readonly FakeFill[],
  deposits: readonly Deposit[] = FUNDS,
  pageRows = 1000,
  stepMs = 1,
) => {
  const methods = binanceMethods(fills, deposits, pageRows);
  return new FakeCalls({ exchange: 'binance', markets: MARKETS, methods, stepMs });
};
const nameOf = ({ market, id }: FakeFill) => `spot ${market.symbol} ${id}`;
const namesOf = (fills: readonly FakeFill[]) => fills.map(nameOf).toSorted();

describe('feeds of binance spot - what is asked', () => {
  it('an idle read - makes one request, for the balances', async () => {
    const account = new Account(exchangeOf([]));
    await account.read(START_MS + 60_000);
    const { requests, unsearched, isIncomplete } = await account.read(START_MS + 120_000);
    expect({ requests, unsearched, isIncomplete }).toEqual({
      requests: 1,
      unsearched: 0,
      isIncomplete: false,
    });
  });

  it('a coin that is bought - is found through what moved, with two requests more', async () => {
    const fills = [fillOf('CCC/USDT', START_MS + 90_000, { feeAsset: 'CCC' })];
    const account = new Account(exchangeOf(fills));
    await account.read(START_MS + 60_000);
    const { requests, unsearched } = await account.read(START_MS + 120_000);
    expect(account.ids).toEqual(namesOf(fills));
    expect(unsearched).toBe(0);
    expect(requests).toBeLessThanOrEqual(6);
    const { requests: idle } = await account.read(START_MS + 180_000);
    expect(idle).toBe(1);
  });

  it('a coin bought and sold out between two reads - is found through the move of the quote', async () => {
    const fills = [
      fillOf('DDD/USDT', START_MS + 70_000),
      fillOf('DDD/USDT', START_MS + 80_000, { side: 'sell', price: '11' }),
    ];
    const account = new Account(exchangeOf(fills));
    await account.read(START_MS + 60_000);
    const reports = [await account.read(START_MS + 120_000)];
    expect(account.ids).toEqual(namesOf(fills));
    expect(reports.at(-1)?.unsearched).toBe(0);
  });

  it('a search over more markets than one read asks - goes on, and says so until it ended', async () => {
    const markets = Array.from({ length: 70 }, (_, index) =>
      spotMarket(`C${String(index).padStart(2, '0')}`, 'USDT'),
    );
    const last = markets.at(-1) ?? marketOf('BTC/USDT');
    const fills = [
      fillOf('BTC/USDT', START_MS + 70_000, { market: last, feeAsset: 'USDT' }),
      fillOf('BTC/USDT', START_MS + 80_000, {
        market: last,
        side: 'sell',
        price: '11',
        feeAsset: 'USDT',
      }),
    ];
    const methods = binanceMethods(fills, [{ atMs: 0, asset: 'USDT', amount: '1000' }], 1000);
    const account = new Account(new FakeCalls({ exchange: 'binance', markets, methods }));
    await account.read(START_MS + 60_000);
    const unsearched: number[] = [];
    for (let reads = 2; reads < 7; reads++) {
      const report = await account.read(START_MS + reads * 60_000);
      unsearched.push(report.unsearched);
      expect(report.requests).toBeLessThanOrEqual(62);
    }
    expect(unsearched).toEqual([50, 30, 10, 0, 0]);
    expect(account.ids).toEqual(namesOf(fills));
  });

  it('a deposit - is searched for, then accepted, and is nothing incomplete', async () => {
    const deposits = [...FUNDS, { atMs: START_MS + 90_000, asset: 'AAA', amount: '5' }];
    const account = new Account(exchangeOf([], deposits));
    await account.read(START_MS + 60_000);
    const found = await account.read(START_MS + 120_000);
    expect(found).toMatchObject({ unsearched: 0, isIncomplete: false });
    expect(found.requests).toBe(3);
    expect((await account.read(START_MS + 180_000)).requests).toBe(1);
  });

  it('a market that refuses - is named until it answers, and holds back no other', async () => {
    const fills = [
      fillOf('AAA/USDT', START_MS + 61_000),
      fillOf('BBB/USDT', START_MS + 62_000),
      fillOf('AAA/USDT', START_MS + 121_000),
    ];
    let isDelisted = true;
    const methods = binanceMethods(fills, FUNDS, 1000, (id) => isDelisted && id === 'AAAUSDT');
    const account = new Account(new FakeCalls({ exchange: 'binance', markets: MARKETS, methods }));
    await account.read(START_MS + 60_000);
    const unpolled = [{ symbol: 'AAA/USDT', kind: 'market_unavailable' }];
    expect((await account.read(START_MS + 120_000)).unpolled).toEqual(unpolled);
    expect(account.ids).toEqual(namesOf(fills.slice(1, 2)));
    expect((await account.read(START_MS + 180_000)).unpolled).toEqual(unpolled);
    isDelisted = false;
    expect((await account.read(START_MS + 240_000)).unpolled).toEqual([]);
    expect(account.ids).toEqual(namesOf(fills));
  });

  it('fills that name an account - it is told, and another one wins', async () => {
    const fills = [
      fillOf('AAA/USDT', START_MS + 61_000, { more: { accountId: 20 } }),
      fillOf('AAA/USDT', START_MS + 121_000, { more: { accountId: 21 } }),
    ];
    const account = new Account(exchangeOf(fills));
    await account.read(START_MS + 60_000);
    expect((await account.read(START_MS + 120_000)).userId).toBe('20');
    expect((await account.read(START_MS + 180_000)).userId).toBe('21');
  });
});

describe('feeds of binance spot - back-fill', () => {
  it('thirty days back - all fills of all markets of what is held, also of a coin sold out long ago', async () => {
    const startMs = START_MS - 30 * DAY;
    const fills = [
      fillOf('AAA/USDT', startMs + DAY),
      fillOf('AAA/USDT', startMs + 2 * DAY, { side: 'sell' }),
      fillOf('BBB/BTC', startMs + 3 * DAY),
      fillOf('BBB/BTC', startMs + 20 * DAY),
    ];
    const funds = [...FUNDS, { atMs: 0, asset: 'BTC', amount: '100' }];
    const account = new Account(exchangeOf(fills, funds, 1), startMs);
    account.calls.clockMs = START_MS;
    for (let toMs = startMs + DAY; toMs <= START_MS; toMs += DAY) await account.read(toMs);
    const { unsearched, requests } = await account.read(START_MS + 60_000);
    expect(account.ids).toEqual(namesOf(fills));
    expect([unsearched, requests]).toEqual([0, 1]);
  });

  it('a market with a long history - its first fill is found in few requests', async () => {
    const old = Array.from({ length: 3000 }, (_, index) =>
      fillOf('AAA/USDT', START_MS - 400 * DAY + index * 3_600_000, {
        side: index % 2 === 0 ? 'buy' : 'sell',
      }),
    );
    const startMs = START_MS - 380 * DAY;
    const expected = old.filter(({ atMs }) => atMs >= startMs && atMs < startMs + DAY);
    const account = new Account(exchangeOf(old), startMs);
    account.calls.clockMs = START_MS;
    const { requests } = await account.read(startMs + DAY);
    expect(account.ids).toEqual(namesOf(expected));
    expect(requests).toBeLessThan(60);
  });
});

describe('feeds of binance spot - edges', () => {
  it('a late fill from before the collection - is left out', async () => {
    const fills = [
      fillOf('AAA/USDT', START_MS + 1000),
      fillOf('AAA/USDT', START_MS - 500, { visibleMs: START_MS + 2000 }),
    ];
    const account = new Account(exchangeOf(fills));
    await account.read(START_MS + 60_000);
    expect(account.ids).toEqual(namesOf(fills.slice(0, 1)));
  });

  it('a market that a search has passed is traded during its last round - one more round finds it', async () => {
    const markets = Array.from({ length: 70 }, (_, index) =>
      spotMarket(`C${String(index).padStart(2, '0')}`, 'USDT'),
    );
    const [passed = marketOf('BTC/USDT')] = markets;
    // The search begins at minute 2, its last round at minute 10; at minute 11 the first 20 markets are behind it.
    const atMs = START_MS + 11 * 60_000 - 20_000;
    const fills = [
      fillOf('BTC/USDT', atMs, { market: passed, feeAsset: 'USDT' }),
      fillOf('BTC/USDT', atMs + 10, { market: passed, side: 'sell', price: '11', feeAsset: 'USDT' }),
    ];
    const deposits = [0, START_MS + 90_000].map((ms) => ({ atMs: ms, asset: 'USDT', amount: '1000' }));
    const methods = binanceMethods(fills, deposits, 1000);
    const account = new Account(new FakeCalls({ exchange: 'binance', markets, methods }));
    for (let minute = 1; minute < 40; minute++) await account.read(START_MS + minute * 60_000);
    expect(account.ids).toEqual(namesOf(fills));
    expect((await account.read(START_MS + 40 * 60_000)).requests).toBe(1);
  });
});

describe('feeds of binance spot - laws', () => {
  const arbitraryFill = fc.record({
    market: fc.constantFrom(...MARKETS),
    second: fc.integer({ min: 1, max: 900 }),
    ms: fc.constantFrom(0, 0, 1, 999),
    lateMs: fc.constantFrom(0, 0, 0, 0, 91_000),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    price: fc.integer({ min: 1, max: 999_999 }).map((cents) => `${cents}e-2`),
    amount: fc.integer({ min: 1, max: 999_999 }).map((units) => `${units}e-4`),
    feeAsset: fc.constantFrom('BNB', 'USDT'),
    fee: fc.integer({ min: 1, max: 9999 }).map((units) => `${units}e-6`),
  });
  const arbitraryDeposit = fc.record({
    second: fc.integer({ min: 1, max: 900 }),
    asset: fc.constantFrom(...COINS, 'USDT'),
    amount: fc.integer({ min: 1, max: 999_999 }).map((units) => `${units}e-3`),
  });

  it('law - every fill comes once it can, whatever was deposited, paged, shown late or read when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryFill, { maxLength: 30 }),
        fc.array(arbitraryDeposit, { maxLength: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.integer({ min: 1, max: 150_000 }), { minLength: 1, maxLength: 12 }),
        // Ids ascend as fills happen, or as lists show them.
        fc.constantFrom('atMs' as const, 'visibleMs' as const),
        async (rows, moves, pageRows, stepMs, pauses, idOrder) => {
          const fills = rows
            .map(({ second, ms, lateMs, ...row }) => {
              const atMs = START_MS + second * 1000 + ms;
              return { ...row, atMs, visibleMs: atMs + lateMs };
            })
            .toSorted((one, other) => one[idOrder] - other[idOrder])
            .map((row, index): FakeFill => ({ ...row, id: String(index + 1) }));
          const deposits = moves.map(({ second, ...row }) => ({ ...row, atMs: START_MS + second * 1000 }));
          const account = new Account(exchangeOf(fills, [...FUNDS, ...deposits], pageRows, stepMs));
          let toMs = START_MS;
          await account.read(toMs);
          for (const pause of pauses) await account.read((toMs += pause));
          let last = await account.read(START_MS + 2_000_000, true);
          // A deposit is only accepted after a search, and one more round of it five minutes later.
          for (let reads = 1; reads < 20; reads++) {
            last = await account.read(START_MS + 2_000_000 + reads * 60_000);
          }
          expect(account.ids).toEqual(namesOf(fills));
          expect(last).toMatchObject({ unsearched: 0, isIncomplete: false, requests: 1 });
        },
      ),
      { numRuns: 100 },
    );
  });
});
