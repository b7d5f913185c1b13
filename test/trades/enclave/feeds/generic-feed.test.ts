import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccountType } from '../../../../src/trades/domain/registration.ts';
import { isTestedExchange } from '../../../../src/trades/domain/tested-exchanges.ts';
import { feedFor } from '../../../../src/trades/enclave/feeds/feed-for.ts';
import type { FeedState } from '../../../../src/trades/enclave/feeds/feed-state.ts';
import {
  CountingSink,
  DAY,
  FakeCalls,
  type FakeFill,
  spotMarket,
  START_MS,
  swapMarket,
} from './fake-exchange.ts';

const MARKETS = [spotMarket('AAA', 'USDT'), spotMarket('BBB', 'USDT'), swapMarket('AAA', 'USDT')];
const [AAA = spotMarket('AAA', 'USDT'), BBB = AAA, SWAP = AAA] = MARKETS;
const FUNDS = [{ atMs: 0, asset: 'USDT', amount: '100000' }];

const fillOf = (id: string, atMs: number, market = AAA): FakeFill => ({
  id,
  market,
  atMs,
  visibleMs: atMs,
  side: 'buy',
  price: '10',
  amount: '1',
  fee: '0.01',
  feeAsset: 'USDT',
});

async function readOn(
  calls: FakeCalls,
  accountType: AccountType,
  ends: readonly number[],
  startMs = START_MS,
) {
  const feed = feedFor('okx', accountType);
  const sink = new CountingSink();
  let state = feed.initial(startMs, []);
  let doneMs = startMs;
  let report = null;
  for (const toMs of ends) {
    calls.clockMs = Math.max(calls.clockMs, toMs + 5);
    const span = { fromMs: Math.max(startMs, doneMs - feed.overlapMs), toMs, isThorough: false };
    const read = await feed.read(calls, state, span, sink);
    state = JSON.parse(JSON.stringify(read.state)) as FeedState;
    ({ report } = read);
    doneMs = toMs;
  }
  return { ids: [...sink.counts.keys()].toSorted(), counts: sink.counts, report };
}

const arbitraryTimes = fc.array(
  fc.record({ second: fc.nat(600), ms: fc.constantFrom(0, 0, 1), market: fc.constantFrom(AAA, BBB) }),
  { maxLength: 30 },
);

describe('feeds of other exchanges', () => {
  it('exchanges - three are tested, all others are not', () => {
    expect(['binance', 'bybit', 'kraken', 'okx', 'constructor'].map(isTestedExchange)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([true, false])(
    'law - every fill comes, from pages that have the newest ones only, symbol %s',
    async (isSymbolRequired) => {
      await fc.assert(
        fc.asyncProperty(arbitraryTimes, fc.integer({ min: 8, max: 20 }), async (rows, pageMax) => {
          const fills = rows.map(({ second, ms, market }, index) =>
            fillOf(`F${index}`, START_MS + 1000 + second * 1000 + ms, market),
          );
          const options = { exchange: 'okx', markets: MARKETS, methods: {}, fills, deposits: FUNDS };
          const calls = new FakeCalls({ ...options, isSymbolRequired, pageMax });
          const ends = Array.from({ length: 14 }, (_, minute) => START_MS + minute * 60_000);
          const { ids, report } = await readOn(calls, 'spot', ends);
          expect(ids).toEqual(fills.map(({ id, market }) => `spot ${market.symbol} ${id}`).toSorted());
          expect(report).toMatchObject({ unpolled: [], isIncomplete: false });
        }),
        { numRuns: 60 },
      );
    },
  );

  it('a page full of one millisecond - the market is named, and no fill is lost without a word', async () => {
    const fills = [...Array(7).keys()].map((index) => fillOf(`F${index}`, START_MS + 30_000));
    const options = {
      exchange: 'okx',
      markets: MARKETS,
      methods: {},
      fills: [...fills, fillOf('F8', START_MS + 20_000, BBB)],
    };
    const calls = new FakeCalls({ ...options, deposits: FUNDS, pageMax: 5 });
    const { ids, report } = await readOn(calls, 'spot', [START_MS, START_MS + 60_000]);
    expect(ids).toEqual(['spot BBB/USDT F8']);
    expect(report?.unpolled).toEqual([{ symbol: 'AAA/USDT', kind: 'market_unavailable' }]);
  });

  it('fills without ids - those of one market come together, so that equal ones are told apart', async () => {
    const fills = [fillOf('', START_MS + 30_000), fillOf('', START_MS + 30_000)];
    const calls = new FakeCalls({ exchange: 'okx', markets: MARKETS, methods: {}, fills, deposits: FUNDS });
    const { counts } = await readOn(calls, 'spot', [START_MS, START_MS + 60_000]);
    expect([...counts]).toEqual([['spot AAA/USDT ', 2]]);
  });

  it('thirty days back - in spans of at most what ccxt says, also of a market that was found first', async () => {
    const startMs = START_MS - 30 * DAY;
    const fills = [1, 9, 17, 29].map((day) => fillOf(`F${day}`, startMs + day * DAY));
    const options = { exchange: 'okx', markets: MARKETS, methods: {}, fills, deposits: FUNDS };
    const calls = new FakeCalls({ ...options, startMs: START_MS });
    const ends = [7, 14, 21, 28, 30].map((day) => startMs + day * DAY);
    const { ids, report } = await readOn(calls, 'spot', ends, startMs);
    expect(ids).toHaveLength(4);
    expect(report).toMatchObject({ unpolled: [], unsearched: 0 });
    for (const { method, parameters } of calls.requests) {
      if (method !== 'fetchMyTrades') continue;
      expect(Number(parameters['until']) - Number(parameters['sinceMs'])).toBeLessThan(DAY);
    }
  });

  it('contracts that must be named - nobody names one: the account is incomplete', async () => {
    const options = {
      exchange: 'okx',
      markets: MARKETS,
      methods: {},
      fills: [fillOf('F1', START_MS + 1, SWAP)],
    };
    const named = await readOn(new FakeCalls(options), 'futures', [START_MS + 60_000]);
    expect(named.report?.isIncomplete).toBe(true);
    const listed = await readOn(new FakeCalls({ ...options, isSymbolRequired: false }), 'futures', [
      START_MS + 60_000,
    ]);
    expect(listed.ids).toEqual(['futures AAA/USDT:USDT F1']);
    expect(listed.report?.isIncomplete).toBe(false);
  });
});

describe('feeds that an exchange does not have', () => {
  it('kraken futures - every read is refused as unsupported', async () => {
    const feed = feedFor('kraken', 'futures');
    const calls = new FakeCalls({ exchange: 'kraken', markets: MARKETS, methods: {} });
    const span = { fromMs: START_MS, toMs: START_MS + 1, isThorough: false };
    const read = feed.read(calls, feed.initial(START_MS, []), span, new CountingSink());
    await expect(read).rejects.toMatchObject({ kind: 'unsupported' });
  });
});
