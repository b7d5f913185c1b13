import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExchangeError, type FeedReader } from '../../../../src/trades/domain/exchange-calls.ts';
import { feedFor } from '../../../../src/trades/enclave/feeds/feed-for.ts';
import type { FeedState } from '../../../../src/trades/enclave/feeds/feed-state.ts';
import type { Trade } from '../../../../src/trades/domain/trade.ts';
import {
  bybitMethods,
  CountingSink,
  DAY,
  FakeCalls,
  type FakeFill,
  type FakeOptions,
  krakenMethods,
  spotMarket,
  START_MS,
  swapMarket,
} from './fake-exchange.ts';

const BTC = spotMarket('BTC', 'USDT');
const ETH = spotMarket('ETH', 'USDT');
const LINEAR = swapMarket('BTC', 'USDT');
const INVERSE = swapMarket('BTC', 'USD', 'BTC');
const MARKETS = [BTC, ETH, LINEAR, INVERSE];

const fillOf = (some: Partial<FakeFill> & { readonly id: string }): FakeFill => {
  const atMs = some.atMs ?? START_MS + 1000;
  return {
    market: BTC,
    atMs,
    visibleMs: atMs,
    side: 'buy',
    price: '100',
    amount: '1',
    fee: '0.1',
    feeAsset: 'USDT',
    ...some,
  };
};

/** Fills within ten minutes, often in the same millisecond, some shown up to 91 s late. */
const arbitraryFills = fc
  .array(
    fc.record({
      second: fc.nat(600),
      ms: fc.constantFrom(0, 0, 1, 999),
      lateMs: fc.constantFrom(0, 0, 0, 91_000),
      market: fc.constantFrom(BTC, ETH),
    }),
    { maxLength: 40 },
  )
  .map((rows) =>
    rows.map(({ second, ms, lateMs, market }, index) => {
      const atMs = START_MS + second * 1000 + ms;
      return fillOf({ id: `F${index}`, market, atMs, visibleMs: atMs + lateMs });
    }),
  );

async function readOn(
  feed: FeedReader<FeedState>,
  calls: FakeCalls,
  sink: CountingSink,
  ends: readonly number[],
): Promise<void> {
  let state = feed.initial(START_MS, []);
  let doneMs = START_MS;
  for (const toMs of ends) {
    calls.clockMs = Math.max(calls.clockMs, toMs);
    // Who polls reads again as much as the reader wants.
    const fromMs = Math.max(START_MS, doneMs - feed.overlapMs);
    const { state: next } = await feed.read(calls, state, { fromMs, toMs, isThorough: false }, sink);
    state = JSON.parse(JSON.stringify(next)) as FeedState;
    doneMs = toMs;
  }
}

const LISTS = [
  { exchange: 'bybit', methodsOf: bybitMethods },
  { exchange: 'kraken', methodsOf: krakenMethods },
] as const;

describe.each(LISTS)('feeds of $exchange - paging', ({ exchange, methodsOf }) => {
  it('law - every fill comes, whatever the page size, the times and the moments of the reads', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryFills,
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 1, max: 120_000 }), { minLength: 1, maxLength: 10 }),
        async (fills, pageRows, pauses) => {
          const options = { exchange, markets: MARKETS, methods: methodsOf(fills, pageRows), stepMs: 400 };
          const calls = new FakeCalls(options);
          const sink = new CountingSink();
          const ends: number[] = [];
          for (const pause of pauses) ends.push((ends.at(-1) ?? START_MS) + pause);
          // Then the reader goes on until long after the last fill, as an account does.
          for (let atMs = ends.at(-1) ?? START_MS; atMs < START_MS + 800_000; atMs += 60_000) ends.push(atMs);
          await readOn(feedFor(exchange, 'spot'), calls, sink, ends);
          const expected = fills.map(({ id, market }) => `spot ${market.symbol} ${id}`);
          expect([...sink.counts.keys()].toSorted()).toEqual(expected.toSorted());
        },
      ),
      { numRuns: 60 },
    );
  });

  it('fills of one millisecond - seven at the edges of pages of two, each comes', async () => {
    const fills = Array.from({ length: 7 }, (_, index) =>
      fillOf({ id: `F${index}`, atMs: START_MS + 1000 + Math.floor(index / 2) }),
    );
    const calls = new FakeCalls({ exchange, markets: MARKETS, methods: methodsOf(fills, 2) });
    const sink = new CountingSink();
    await readOn(feedFor(exchange, 'spot'), calls, sink, [START_MS + 5000]);
    expect(sink.counts.size).toBe(7);
  });

  it('a span that ends within a second - has every fill of its last second', async () => {
    const fills = [1_100, 1_400, 1_600].map((ms) => fillOf({ id: `F${ms}`, atMs: START_MS + ms }));
    const calls = new FakeCalls({ exchange, markets: MARKETS, methods: methodsOf(fills, 50) });
    const sink = new CountingSink();
    await readOn(feedFor(exchange, 'spot'), calls, sink, [START_MS + 1_500]);
    expect(sink.counts.size).toBe(2);
  });

  it('fills before the collection and after the span - are left out', async () => {
    const fills = [-1, 0, 9_999, 10_000].map((ms) => fillOf({ id: `F${ms}`, atMs: START_MS + ms }));
    const calls = new FakeCalls({ exchange, markets: MARKETS, methods: methodsOf(fills, 50) });
    const sink = new CountingSink();
    await readOn(feedFor(exchange, 'spot'), calls, sink, [START_MS + 10_000]);
    expect([...sink.counts.keys()]).toEqual(
      expect.arrayContaining(['spot BTC/USDT F0', 'spot BTC/USDT F9999']),
    );
    expect(sink.counts.size).toBe(2);
  });

  it('an idle read - makes one request', async () => {
    const calls = new FakeCalls({ exchange, markets: MARKETS, methods: methodsOf([], 50) });
    await readOn(feedFor(exchange, 'spot'), calls, new CountingSink(), [START_MS + 60_000]);
    expect(calls.requests).toHaveLength(1);
  });

  it('a thorough read - finds a fill that showed twenty hours late', async () => {
    const fills = [fillOf({ id: 'F1', visibleMs: START_MS + 20 * 3_600_000 })];
    const calls = new FakeCalls({ exchange, markets: MARKETS, methods: methodsOf(fills, 50) });
    const sink = new CountingSink();
    const feed = feedFor(exchange, 'spot');
    const toMs = START_MS + 21 * 3_600_000;
    calls.clockMs = toMs;
    const span = { fromMs: toMs - 60_000, toMs };
    await feed.read(calls, feed.initial(START_MS, []), { ...span, isThorough: false }, sink);
    expect(sink.counts.size).toBe(0);
    await feed.read(calls, feed.initial(START_MS, []), { ...span, isThorough: true }, sink);
    expect(sink.counts.size).toBe(1);
  });

  it('a market that no table has - is named, and all others are read', async () => {
    const lost = { ...spotMarket('OLD', 'XYZ'), symbol: 'OLDXYZ' };
    const fills = [fillOf({ id: 'F1', market: lost }), fillOf({ id: 'F2' })];
    const calls = new FakeCalls({ exchange, markets: MARKETS, methods: methodsOf(fills, 50) });
    const sink = new CountingSink();
    const feed = feedFor(exchange, 'spot');
    const span = { fromMs: START_MS, toMs: START_MS + 60_000, isThorough: false };
    calls.clockMs = span.toMs;
    const { report } = await feed.read(calls, feed.initial(START_MS, []), span, sink);
    expect(report.unpolled).toEqual([{ symbol: 'OLDXYZ', kind: 'market_unavailable' }]);
    expect(calls.refreshes).toBe(1);
    expect([...sink.counts.keys()]).toEqual(['spot BTC/USDT F2']);
  });

  it('a refused key - rejects the read', async () => {
    const refuse = () => {
      throw new ExchangeError('key_refused');
    };
    const methods = { privateGetV5ExecutionList: refuse, privatePostTradesHistory: refuse };
    const calls = new FakeCalls({ exchange, markets: MARKETS, methods });
    const read = readOn(feedFor(exchange, 'spot'), calls, new CountingSink(), [START_MS + 1000]);
    await expect(read).rejects.toMatchObject({ kind: 'key_refused' });
  });
});

describe('feeds of bybit - kinds of execution', () => {
  const span = { fromMs: START_MS, toMs: START_MS + 60_000, isThorough: false };
  const readAll = async (fills: readonly FakeFill[], accountType: 'spot' | 'margin' | 'futures') => {
    const options: FakeOptions = { exchange: 'bybit', markets: MARKETS, methods: bybitMethods(fills, 50) };
    const calls = new FakeCalls({ ...options, startMs: span.toMs });
    const sink = new CountingSink();
    const feed = feedFor('bybit', accountType);
    const { report } = await feed.read(calls, feed.initial(START_MS, []), span, sink);
    return { report, ids: [...sink.counts.keys()].toSorted(), requests: calls.requests.length };
  };

  it('trade, liquidation, deleveraging and settlement - are fills; funding is none', async () => {
    const types = ['Trade', 'Funding', 'BustTrade', 'AdlTrade', 'Settle'];
    const fills = types.map((execType) => fillOf({ id: execType, market: LINEAR, more: { execType } }));
    const { ids, report, requests } = await readAll(fills, 'futures');
    expect(ids).toEqual(
      ['AdlTrade', 'BustTrade', 'Settle', 'Trade'].map((id) => `linear BTC/USDT:USDT ${id}`),
    );
    expect(report.isIncomplete).toBe(false);
    expect(requests).toBe(3);
  });

  it('a type that is not known - is not counted, and the account is called incomplete', async () => {
    const { ids, report } = await readAll([fillOf({ id: 'F1', more: { execType: 'Novel' } })], 'spot');
    expect(ids).toEqual([]);
    expect(report.isIncomplete).toBe(true);
  });

  it('spot and margin - share one list, whose rows do not tell them apart', async () => {
    const fills = [fillOf({ id: 'F1' }), fillOf({ id: 'F2' })];
    const ids = ['spot BTC/USDT F1', 'spot BTC/USDT F2'];
    expect((await readAll(fills, 'spot')).ids).toEqual(ids);
    expect((await readAll(fills, 'margin')).ids).toEqual(ids);
  });

  it('fees - have the asset that the row names, and those beside the first count too', async () => {
    const extraFees = JSON.stringify([{ feeCoin: 'EUR', fee: '0.2' }]);
    const fills = [
      fillOf({ id: 'F1', fee: '0.1', feeAsset: 'BTC', more: { feeCurrency: 'MNT', extraFees } }),
    ];
    const options: FakeOptions = { exchange: 'bybit', markets: MARKETS, methods: bybitMethods(fills, 50) };
    const taken: Trade[] = [];
    const feed = feedFor('bybit', 'spot');
    const calls = new FakeCalls({ ...options, startMs: span.toMs });
    await feed.read(calls, feed.initial(START_MS, []), span, { take: (trades) => taken.push(...trades) });
    expect(taken.map(({ fees }) => fees)).toEqual([
      [
        { asset: 'MNT', amount: '0.1' },
        { asset: 'EUR', amount: '0.2' },
      ],
    ]);
  });

  it('linear and inverse - have identities of their own', async () => {
    const fills = [fillOf({ id: 'F1', market: LINEAR }), fillOf({ id: 'F1', market: INVERSE })];
    expect((await readAll(fills, 'futures')).ids).toEqual([
      'inverse BTC/USD:BTC F1',
      'linear BTC/USDT:USDT F1',
    ]);
  });

  it('a back-fill of two years - never asks before the limit, which moves on', async () => {
    const endMs = START_MS + 730 * DAY;
    const fills = [0.5, 100, 400, 729].map((days) => fillOf({ id: `F${days}`, atMs: START_MS + days * DAY }));
    // Every request takes a minute.
    const options = { exchange: 'bybit', markets: MARKETS, methods: bybitMethods(fills, 1), stepMs: 60_000 };
    const calls = new FakeCalls({ ...options, startMs: endMs });
    const sink = new CountingSink();
    const feed = feedFor('bybit', 'spot');
    let state = feed.initial(START_MS, []);
    for (let fromMs = START_MS; fromMs < endMs; fromMs += feed.spanMaxMs) {
      const toMs = Math.min(fromMs + feed.spanMaxMs, endMs);
      ({ state } = await feed.read(calls, state, { fromMs, toMs, isThorough: false }, sink));
    }
    expect([...sink.counts.keys()].toSorted()).toEqual(
      ['F0.5', 'F100', 'F400', 'F729'].map((id) => `spot BTC/USDT ${id}`),
    );
  });
});

describe('feeds of kraken - offsets', () => {
  it('a fill that shows while pages are read - moves the others, and comes with the same read', async () => {
    const toMs = START_MS + 60_000;
    const fills = [1, 2, 3].map((second) => fillOf({ id: `F${second}`, atMs: START_MS + second * 1000 }));
    const late = fillOf({ id: 'F4', atMs: START_MS + 50_000, visibleMs: toMs + 2 });
    const methods = krakenMethods([...fills, late], 1);
    const calls = new FakeCalls({ exchange: 'kraken', markets: MARKETS, methods, startMs: toMs });
    const sink = new CountingSink();
    await readOn(feedFor('kraken', 'spot'), calls, sink, [toMs]);
    expect(sink.counts.size).toBe(4);
  });
});

describe('feeds of kraken - margin', () => {
  it('fills of margin positions - are apart from spot', async () => {
    const fills = [
      fillOf({ id: 'F1' }),
      fillOf({ id: 'F2', more: { margin: '1.4' } }),
      fillOf({ id: 'F3', more: { margin: '0.00000', posstatus: 'open' } }),
    ];
    for (const [accountType, ids] of [
      ['spot', ['spot BTC/USDT F1']],
      ['margin', ['margin BTC/USDT F2', 'margin BTC/USDT F3']],
    ] as const) {
      const calls = new FakeCalls({
        exchange: 'kraken',
        markets: MARKETS,
        methods: krakenMethods(fills, 50),
      });
      const sink = new CountingSink();
      await readOn(feedFor('kraken', accountType), calls, sink, [START_MS + 60_000]);
      expect([...sink.counts.keys()].toSorted()).toEqual(ids);
    }
  });
});
