import { describe, expect, it } from 'vitest';
import type { ReadFillFields, TableMarket } from '../../../../src/trades/domain/exchange-calls.ts';
import { feedFor } from '../../../../src/trades/enclave/feeds/feed-for.ts';
import { initialList } from '../../../../src/trades/enclave/feeds/feed-state.ts';
import { TradeReader } from '../../../../src/trades/enclave/feeds/trade-reader.ts';
import {
  bybitMethods,
  CountingSink,
  FakeCalls,
  type FakeFill,
  spotMarket,
  START_MS,
  swapMarket,
  tableOf,
} from './fake-exchange.ts';

const BTC = spotMarket('BTC', 'USDT');
const LINEAR = { ...swapMarket('DOGE', 'USDT'), contractSize: '100' };
const INVERSE = swapMarket('BTC', 'USD', 'BTC');
const FIELDS: ReadFillFields = {
  id: '1',
  orderId: null,
  symbol: 'BTC/USDT',
  side: 'buy',
  timestampMs: START_MS,
  price: '0.03881',
  amount: '12',
  fees: [],
};

function readerOf(
  types: readonly TableMarket['type'][],
  markets: readonly TableMarket[] = [BTC, LINEAR, INVERSE],
) {
  const calls = new FakeCalls({ exchange: 'x', markets, methods: {} });
  return new TradeReader(calls, tableOf(markets), types, initialList(START_MS));
}

describe('trade reader - fees', () => {
  const cases: readonly (readonly [
    string,
    ReadFillFields['fees'],
    ReadFillFields['side'],
    TableMarket,
    string,
  ])[] = [
    [
      'all of several',
      [
        { asset: 'USDT', amount: '0.03' },
        { asset: 'GATEPOINT', amount: '0.01' },
      ],
      'buy',
      BTC,
      '0.03 USDT, 0.01 GATEPOINT',
    ],
    ['a rebate', [{ asset: 'USDT', amount: '-0.0023' }], 'buy', BTC, '-0.0023 USDT'],
    ['an unnamed asset of a spot buy', [{ asset: null, amount: '0.1' }], 'buy', BTC, '0.1 BTC'],
    ['an unnamed asset of a spot sell', [{ asset: null, amount: '0.1' }], 'sell', BTC, '0.1 USDT'],
    ['an unnamed asset of a linear contract', [{ asset: null, amount: '0.1' }], 'buy', LINEAR, '0.1 USDT'],
    ['an unnamed asset of an inverse contract', [{ asset: null, amount: '0.1' }], 'buy', INVERSE, '0.1 BTC'],
    [
      'none, and what is no number',
      [
        { asset: 'USDT', amount: '0' },
        { asset: 'USDT', amount: 'x' },
      ],
      'buy',
      BTC,
      '',
    ],
  ];
  it.each(cases)('%s', (_, fees, side, market, expected) => {
    const trade = readerOf(['spot', 'swap']).tradeOf({ ...FIELDS, fees, side }, market, null);
    expect(trade?.fees.map(({ asset, amount }) => `${amount} ${asset}`).join(', ')).toBe(expected);
  });
});

describe('trade reader - markets', () => {
  it('amounts - stay the text of the exchange', () => {
    const fields = { ...FIELDS, amount: '284578000.00000004', price: '1e-7' };
    expect(readerOf(['spot']).tradeOf(fields, BTC, null)).toMatchObject({
      amount: '284578000.00000004',
      price: '1e-7',
    });
  });

  it('trades of one market - share its object, between accounts too', () => {
    const markets = [BTC];
    const calls = new FakeCalls({ exchange: 'x', markets, methods: {} });
    const table = tableOf(markets);
    const [one, other] = [1, 2].map(() => new TradeReader(calls, table, ['spot'], initialList(START_MS)));
    expect(one?.tradeOf(FIELDS, BTC, null)?.market).toBe(other?.tradeOf(FIELDS, BTC, null)?.market);
  });

  it('contracts - have their size and settle asset', () => {
    expect(readerOf(['swap']).tradeOf(FIELDS, LINEAR, 'long')).toMatchObject({
      market: { kind: 'linear', contractSize: '100', settle: 'USDT' },
      position: 'long',
    });
    expect(readerOf(['swap']).tradeOf(FIELDS, INVERSE, null)?.market.kind).toBe('inverse');
  });

  it('an option, and a contract without size - their markets are named', () => {
    const reader = readerOf(['spot', 'swap']);
    const option = { ...BTC, symbol: 'BTC/USDT:USDT-250101-1-C', type: 'option' as const };
    expect(reader.tradeOf(FIELDS, option, null)).toBeNull();
    expect(reader.tradeOf(FIELDS, { ...LINEAR, contractSize: '0' }, null)).toBeNull();
    expect(reader.unpolled).toEqual([
      { symbol: option.symbol, kind: 'unsupported' },
      { symbol: 'DOGE/USDT:USDT', kind: 'exchange_error' },
    ]);
  });

  it.each([{ price: '0' }, { amount: '0' }, { price: 'NaN' }, { timestampMs: 1.5 }])(
    'a fill with %j - is left out, and its market named',
    (some) => {
      const reader = readerOf(['spot']);
      expect(reader.tradeOf({ ...FIELDS, ...some }, BTC, null)).toBeNull();
      expect(reader.unpolled).toHaveLength(1);
    },
  );

  it('a symbol that another coin has now - its trades have a market of their own', () => {
    const [old, other] = [spotMarket('LUNA', 'USD'), { ...spotMarket('LUNA', 'USD'), id: 'LUNA2USD' }];
    const reader = readerOf(['spot'], [old, other]);
    expect(reader.tradeOf(FIELDS, old, null)?.market.symbol).toBe('LUNA/USD');
    expect(reader.tradeOf(FIELDS, other, null)?.market).toMatchObject({
      symbol: 'LUNA/USD#LUNA2USD',
      base: 'LUNA',
    });
    expect(reader.tradeOf(FIELDS, old, null)?.market.symbol).toBe('LUNA/USD');
  });

  it('a market that is listed no longer - its symbol tells what arithmetic needs', async () => {
    const reader = readerOf(['spot']);
    const trade = await reader.readFields({ ...FIELDS, symbol: 'OLD/USDT' });
    expect(trade?.market).toMatchObject({ symbol: 'OLD/USDT', kind: 'spot', base: 'OLD', quote: 'USDT' });
    expect(await reader.readFields({ ...FIELDS, symbol: 'OLD/XYZ' })).toBeNull();
  });

  it('a market that is renamed - fills that came under its old name come no second time', async () => {
    const [luna, lunc] = [spotMarket('LUNA', 'USDT'), spotMarket('LUNC', 'USDT')];
    const fillOf = (id: string, seconds: number, side: 'buy' | 'sell', market: TableMarket): FakeFill => ({
      id,
      market,
      atMs: START_MS + seconds * 1000,
      visibleMs: START_MS + seconds * 1000,
      side,
      price: '10',
      amount: '1',
      fee: '0',
      feeAsset: 'USDT',
    });
    const sink = new CountingSink();
    const feed = feedFor('bybit', 'spot');
    let state = feed.initial(START_MS, []);
    const stages = [
      { market: luna, toMs: START_MS + 60_000 },
      { market: lunc, toMs: START_MS + 120_000 },
      { market: lunc, toMs: START_MS + 180_000 },
    ];
    for (const { market, toMs } of stages) {
      const fills = [fillOf('F1', 30, 'buy', market), fillOf('F2', 90, 'sell', market)];
      const options = { exchange: 'bybit', markets: [BTC, market], methods: bybitMethods(fills, 1) };
      const calls = new FakeCalls({ ...options, startMs: toMs });
      ({ state } = await feed.read(calls, state, { fromMs: START_MS, toMs, isThorough: true }, sink));
    }
    expect([...sink.counts.keys()]).toEqual(['spot LUNA/USDT F1', 'spot LUNC/USDT F2']);
  });

  it('a market that is traded first after another one was delisted - its fills that show late come too', async () => {
    const [old, fresh] = [spotMarket('OLD', 'USDT'), spotMarket('NEW', 'USDT')];
    const fillOf = (id: string, seconds: number, market: TableMarket): FakeFill => ({
      id,
      market,
      atMs: START_MS + seconds * 1000,
      visibleMs: START_MS + seconds * 1000,
      side: 'buy',
      price: '10',
      amount: '1',
      fee: '0',
      feeAsset: 'USDT',
    });
    const sink = new CountingSink();
    const feed = feedFor('bybit', 'spot');
    let state = feed.initial(START_MS, []);
    // The second fill is older than the end of the read before the one that shows it.
    const stages = [
      { markets: [BTC, old], fills: [fillOf('F1', 30, old)], toMs: START_MS + 60_000 },
      { markets: [BTC, fresh], fills: [], toMs: START_MS + 120_000 },
      { markets: [BTC, fresh], fills: [], toMs: START_MS + 180_000 },
      { markets: [BTC, fresh], fills: [fillOf('F2', 170, fresh)], toMs: START_MS + 240_000 },
    ];
    for (const { markets, fills, toMs } of stages) {
      const methods = bybitMethods(fills, 1);
      const calls = new FakeCalls({ exchange: 'bybit', markets, methods, startMs: toMs });
      ({ state } = await feed.read(calls, state, { fromMs: START_MS, toMs, isThorough: true }, sink));
    }
    expect([...sink.counts.keys()]).toEqual(['spot OLD/USDT F1', 'spot NEW/USDT F2']);
  });
});

describe('trade reader - texts of an exchange', () => {
  it.each<[string, Partial<ReadFillFields>, boolean]>([
    ['an asset of 64 characters', { fees: [{ asset: 'A'.repeat(64), amount: '1' }] }, true],
    ['an asset of 65 characters', { fees: [{ asset: 'A'.repeat(65), amount: '1' }] }, false],
    ['an asset in another script', { fees: [{ asset: '币安人生', amount: '1' }] }, true],
    ['a sentence as an asset', { fees: [{ asset: 'signature=a b', amount: '1' }] }, false],
    ['markup as an asset', { fees: [{ asset: '<script>', amount: '1' }] }, false],
    ['an id of 256 characters', { id: '7'.repeat(256) }, true],
    ['an id of 257 characters', { id: '7'.repeat(257) }, false],
  ])('%s: a fill that is read, or whose market is noted', (_, more, isRead) => {
    const reader = readerOf(['spot']);
    expect(reader.tradeOf({ ...FIELDS, ...more }, BTC, null) !== null).toBe(isRead);
    expect(reader.unpolled).toEqual(isRead ? [] : [{ symbol: 'BTC/USDT', kind: 'exchange_error' }]);
  });
});
