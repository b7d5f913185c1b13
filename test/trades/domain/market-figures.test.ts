import { describe, expect, it } from 'vitest';
import { HourBook } from '../../../src/trades/domain/hour-book.ts';
import { MarketFigures } from '../../../src/trades/domain/market-figures.ts';
import { fee, fills, HOUR, LINEAR, TEN_O_CLOCK_MS, tradeOf } from './fills.ts';

const NO_PRICE = () => null;

describe('market figures', () => {
  it('figures by market - profit, basis, fees and volume as in the table of the documentation', () => {
    const figures = new MarketFigures();
    const book = new HourBook('realized_fifo', figures);
    for (const trade of fills('buy 3@100 f3; sell 1@110 f1; sell 1@90 f1; sell 1@120 f1')) book.fold(trade);
    for (const trade of fills('sell 1@110 f1; buy 1@100 f1', { market: LINEAR })) book.fold(trade);
    book.hours();
    figures.value(TEN_O_CLOCK_MS + HOUR, NO_PRICE);
    expect(figures.metrics(TEN_O_CLOCK_MS, TEN_O_CLOCK_MS + HOUR, NO_PRICE)).toEqual([
      {
        symbol: 'BTC/USDT',
        volume: 620,
        trades: 4,
        returnPct: 4.666667,
        returnUsd: 14,
        totalFees: 6,
        realizedPnL: 14,
        totalTrades: 4,
        periodStart: '2025-01-01T10:00:00.000Z',
        periodEnd: '2025-01-01T11:00:00.000Z',
      },
      expect.objectContaining({ symbol: 'BTC/USDT:USDT', volume: 210, returnUsd: 8, returnPct: 7.272727 }),
    ]);
    expect(figures.summary(NO_PRICE)).toEqual({
      totalVolume: 830,
      totalTrades: 6,
      totalReturnPct: 5.365854,
      totalReturnUsd: 22,
      totalFees: 8,
    });
  });

  it('figures by market - a state, as JSON, goes on as the figures before', () => {
    const figures = new MarketFigures();
    const book = new HourBook('realized_fifo', figures);
    const paid = tradeOf({ fees: [fee('1', 'BNB')] });
    book.fold(paid);
    figures.value(TEN_O_CLOCK_MS + HOUR, () => '300');
    book.fold({ ...paid, timestampMs: TEN_O_CLOCK_MS + HOUR });
    const restored = MarketFigures.fromState(JSON.parse(JSON.stringify(figures.toState())));
    expect(restored.toState()).toEqual(figures.toState());
    expect(restored.summary(() => '400')).toMatchObject({ totalFees: 700, totalTrades: 2 });
    // An hour whose price is not known yet counts without it.
    expect(restored.summary(NO_PRICE)).toMatchObject({ totalFees: 300, totalTrades: 2 });
  });

  it('open lots - beyond the bound the oldest of the longest position are forgotten', () => {
    const book = new HourBook('realized_fifo');
    for (const price of ['1', '2', '3', '4']) book.fold(tradeOf({ price }));
    book.fold(tradeOf({ market: LINEAR }));
    expect(book.openLots).toBe(5);
    book.keepLots(2);
    expect(book.openLots).toBe(2);
    expect(book.toState().lots.map(([, { lots }]) => lots.map(({ price }) => price))).toEqual([
      ['4'],
      ['100'],
    ]);
    expect(HourBook.fromState(book.toState()).openLots).toBe(2);
  });
});
