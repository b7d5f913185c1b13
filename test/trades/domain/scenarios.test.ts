import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../../src/trades/domain/figures.ts';
import { foldJob } from '../../../src/trades/domain/fold-job.ts';
import { HourBook } from '../../../src/trades/domain/hour-book.ts';
import { accountMarket } from '../../../src/trades/domain/market.ts';
import { PriceBook } from '../../../src/trades/domain/price-book.ts';
import type { Market, Trade } from '../../../src/trades/domain/trade.ts';
import { Valuation } from '../../../src/trades/domain/valuation.ts';
import { fee, fills, HOUR, SPOT, TEN_O_CLOCK_MS, tradeOf } from './fills.ts';

const fold = (trades: readonly Trade[]) => foldJob(trades, { returnBasis: 'realized_fifo' });

/** Figures of an account whose trades are in their order. */
function account(trades: readonly Trade[], prices: PriceBook = new PriceBook()) {
  const book = new HourBook('realized_fifo');
  for (const trade of trades) book.fold(trade);
  return figuresOf(book.hours(), new Valuation(null, prices.priceOf), 'realized_fifo');
}

const later = (trades: readonly Trade[], hours: number) =>
  trades.map((trade) => ({ ...trade, timestampMs: trade.timestampMs + hours * HOUR }));

describe('stories of trades - fees', () => {
  it('a fee in BNB of an hour without a price is unconverted, the return is without it, later hours are converted', () => {
    const prices = new PriceBook();
    prices.add({ asset: 'BNB', hourMs: TEN_O_CLOCK_MS + HOUR }, '600');
    const round = fills('buy 1@100; sell 1@110', { fees: [fee('0.001', 'BNB')] });
    const { buckets, notes, totals } = account([...round, ...later(round, 1)], prices);
    expect(buckets.map(({ fees_usd, return_pct }) => [fees_usd, return_pct])).toEqual([
      [0, 10],
      [1.2, 8.8],
    ]);
    expect(totals.fees_usd).toBe(1.2);
    expect(notes.unconverted).toEqual({ BNB: { volume: 0, fees: 0.002, profit: -0.002 } });
  });

  it('costs are fees and rebates are negative, whatever sign the exchange gives them', () => {
    const { buckets } = fold(fills('buy 1@100 f0.36; sell 1@100 f-0.0023'));
    expect(buckets[0]).toMatchObject({ fees_usd: 0.3577, return_pct: -0.3577 });
  });

  it('fees are subtracted once', () => {
    expect(fold(fills('buy 1@100 f1; sell 1@110 f1')).buckets[0]?.return_pct).toBe(8);
  });

  it('of two fees both count, points without a price apart', () => {
    const { buckets, notes } = fold(fills('buy 1@100', { fees: [fee('0.03'), fee('0.01', 'GATEPOINT')] }));
    expect(buckets[0]?.fees_usd).toBe(0.03);
    expect(notes.unconverted).toEqual({ GATEPOINT: { volume: 0, fees: 0.01, profit: 0 } });
  });
});

describe('stories of trades - markets', () => {
  const listed = (symbol: string, some: Partial<Market>): Market =>
    accountMarket({ symbol, base: 'X', quote: 'USDT', ...some });

  it('a sell of what a conversion brought is unmatched, without an invented profit', () => {
    const market = listed('BNB/USDT', { base: 'BNB' });
    const { buckets, notes } = account(fills('sell 1@600 f0.6', { market }));
    expect(buckets[0]).toMatchObject({ return_pct: 0, volume_quote: 600, fees_usd: 0.6 });
    expect(notes.unmatched_sells).toEqual({ count: 1, volume_quote: 600 });
  });

  it('an amount of 12 contracts of 100', () => {
    const market = accountMarket({
      symbol: 'DOGE/USDT:USDT',
      base: 'DOGE',
      quote: 'USDT',
      settle: 'USDT',
      linear: true,
      contractSize: '100',
    });
    const { totals } = account(fills('buy 12@0.03881', { market }));
    expect(totals).toMatchObject({ volume_base: 1200, volume_quote: 46.572 });
  });

  it('an inverse contract, whose fees are in the base', () => {
    const market = accountMarket({
      symbol: 'BTC/USD:BTC',
      base: 'BTC',
      quote: 'USD',
      settle: 'BTC',
      inverse: true,
      contractSize: '100',
    });
    const prices = new PriceBook();
    prices.add({ asset: 'BTC', hourMs: TEN_O_CLOCK_MS }, '50000');
    const trades = fills('buy 10@50000; sell 10@55000', { market });
    expect(account(trades, prices).buckets[0]).toMatchObject({
      return_pct: 10,
      volume_quote: 2000,
      volume_base: 0.03818182,
    });
    const withFees = trades.map((trade) => ({ ...trade, fees: [fee('0.0001', 'BTC')] }));
    expect(account(withFees, prices).buckets[0]).toMatchObject({ return_pct: 9, fees_usd: 10 });
  });

  it('a renamed coin is another market: no profit against the wrong lot', () => {
    const [luna, lunc] = ['LUNA', 'LUNC'].map((base) => listed(`${base}/USDT`, { base }));
    if (luna === undefined || lunc === undefined) throw new Error('two markets');
    const { buckets, notes } = account([
      ...fills('buy 1@80', { market: luna }),
      ...fills('sell 1@0.0001', { market: lunc }),
    ]);
    expect(buckets[0]?.return_pct).toBe(0);
    expect(notes).toMatchObject({ mixed_base: true, unmatched_sells: { count: 1, volume_quote: 0.0001 } });
  });
});

describe('stories of trades - amounts', () => {
  it('equal trades without id all count', () => {
    expect(fold([tradeOf(), tradeOf(), tradeOf()]).totals).toMatchObject({ trades: 3, volume_base: 3 });
  });

  it('a sum that doubles would get wrong', () => {
    const trades = fills('buy 284578000@1; buy 0.00000002@1; buy 0.00000002@1');
    const book = new HourBook('realized_fifo');
    for (const trade of trades) book.fold(trade);
    expect(book.hours()[0]?.volumeBase.value.toText()).toBe('284578000.00000004');
    // As a number of 15 significant digits.
    expect(fold(trades).totals.volume_base).toBe(284578000);
  });

  it('a fill whose cost would round to zero counts with price times size', () => {
    const { buckets, totals } = fold(fills('buy 0.00001@0.0001; buy 0.00001@0.0004'));
    expect(buckets[0]?.volume_quote).toBe(0);
    expect(totals.volume_quote).toBe(0);
    // Each rounds to nothing, and their sum does not: totals are sums of exact values.
    const halves = later(fills('buy 0.00001@0.0004'), 1);
    expect(fold([...fills('buy 0.00001@0.0004'), ...halves]).totals.volume_quote).toBe(1e-8);
  });
});

describe('stories of trades - prices', () => {
  const cross: Market = { ...SPOT, symbol: 'ETH/BTC', base: 'ETH', quote: 'BTC', settle: 'BTC' };
  const [buy, sell] = fills('buy 1@0.05; sell 1@0.06', { market: cross });
  if (buy === undefined || sell === undefined) throw new Error('two fills');
  const trades = [
    { ...buy, fees: [fee('0.01', 'BNB')] },
    ...later([{ ...sell, fees: [fee('0.02', 'BNB')] }], 1),
  ];
  const prices = new PriceBook();
  prices.add({ asset: 'BTC', hourMs: TEN_O_CLOCK_MS }, '10000');
  prices.add({ asset: 'BTC', hourMs: TEN_O_CLOCK_MS + HOUR }, '20000');
  prices.add({ asset: 'BNB', hourMs: TEN_O_CLOCK_MS }, '100');
  prices.add({ asset: 'BNB', hourMs: TEN_O_CLOCK_MS + HOUR }, '200');

  it('results are valued in the hour of the closing fill, each fee in the hour of its own', () => {
    const { buckets, totals } = account(trades, prices);
    // (0.01 BTC × 20000 − 0.01 BNB × 100 − 0.02 BNB × 200) ÷ (0.05 BTC × 20000).
    expect(buckets.map(({ return_pct }) => return_pct)).toEqual([0, 19.5]);
    expect(buckets.map(({ fees_usd }) => fees_usd)).toEqual([1, 4]);
    expect(totals).toMatchObject({ volume_quote: 500 + 1200, fees_usd: 5 });
  });

  it('the book tells which prices are missing, keeps the first one, and goes on from its state', () => {
    const book = new HourBook('realized_fifo');
    for (const trade of trades) book.fold(trade);
    const some = new PriceBook();
    some.add({ asset: 'BTC', hourMs: TEN_O_CLOCK_MS }, '10000');
    some.add({ asset: 'BTC', hourMs: TEN_O_CLOCK_MS }, '99999');
    expect(some.priceOf('BTC', TEN_O_CLOCK_MS)).toBe('10000');
    expect(some.missing(book.hours(TEN_O_CLOCK_MS + HOUR))).toEqual([
      { asset: 'BTC', hourMs: TEN_O_CLOCK_MS + HOUR },
      { asset: 'BNB', hourMs: TEN_O_CLOCK_MS + HOUR },
      { asset: 'BNB', hourMs: TEN_O_CLOCK_MS },
    ]);
    expect(prices.missing(book.hours())).toEqual([]);
    expect(PriceBook.fromState(JSON.parse(JSON.stringify(some.toState()))).toState()).toEqual(some.toState());
  });

  it('forgets prices of old hours, except those of fees of open lots', () => {
    const book = new HourBook('realized_fifo');
    for (const trade of trades.slice(0, 1)) book.fold(trade);
    const some = PriceBook.fromState(prices.toState());
    some.forget(TEN_O_CLOCK_MS + HOUR, book.openFees());
    expect(some.priceOf('BTC', TEN_O_CLOCK_MS)).toBeNull();
    expect(some.priceOf('BNB', TEN_O_CLOCK_MS)).toBe('100');
    expect(some.priceOf('BTC', TEN_O_CLOCK_MS + HOUR)).toBe('20000');
  });

  it('without any price the amounts are unconverted, and neither 0 nor 1', () => {
    const { buckets, notes } = account(trades);
    expect(buckets.map(({ volume_quote, return_pct }) => [volume_quote, return_pct])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(notes.unconverted).toEqual({
      BNB: { volume: 0, fees: 0.03, profit: -0.03 },
      BTC: { volume: 0.11, fees: 0, profit: 0.01 },
    });
  });
});
