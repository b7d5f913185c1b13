import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../../src/trades/domain/figures.ts';
import { HourBook } from '../../../src/trades/domain/hour-book.ts';
import type { Trade } from '../../../src/trades/domain/trade.ts';
import { type PriceOf, Valuation } from '../../../src/trades/domain/valuation.ts';
import { fills, LINEAR, marketOf, SPOT, TEN_O_CLOCK_MS, tradeOf } from './fills.ts';

/** The return of one hour, by price moves, of trades in the order in which they are folded. */
function moveOf(trades: readonly Trade[], priceOf: PriceOf = () => null): number | undefined {
  const book = new HourBook('price_move');
  for (const trade of trades) book.fold(trade);
  return figuresOf(book.hours(), new Valuation(null, priceOf), 'price_move').buckets[0]?.return_pct;
}

const at = (afterMs: number, price: string) => tradeOf({ price, timestampMs: TEN_O_CLOCK_MS + afterMs });

describe('price move', () => {
  it('is last ÷ first price − 1, whatever the sides', () => {
    expect(moveOf(fills('buy 1@100; sell 1@300; sell 2@103'))).toBe(3);
    expect(moveOf([at(0, '100')])).toBe(0);
  });

  it('of trades of one instant the one that is folded last is the last', () => {
    expect(moveOf([at(0, '100'), at(0, '102'), at(0, '104')])).toBe(4);
  });

  it('a late trade takes its place by its time', () => {
    expect(moveOf([at(5, '100'), at(9, '110'), at(1, '50')])).toBe(120);
    expect(moveOf([at(5, '100'), at(9, '110'), at(7, '500')])).toBe(10);
  });

  it('of several markets is weighted by volume', () => {
    const trades = [
      ...fills('buy 1@100; buy 1@110', { market: SPOT }),
      ...fills('buy 4@100; buy 2@115', { market: LINEAR }),
    ];
    // (210 × 10 % + 630 × 15 %) ÷ 840.
    expect(moveOf(trades)).toBe(13.75);
  });

  it('is of markets that have a price only', () => {
    const trades = [
      ...fills('buy 1@100; buy 1@110'),
      ...fills('buy 1@1; buy 1@9', { market: marketOf('ETH/BTC') }),
    ];
    expect(moveOf(trades)).toBe(10);
    // Both volumes are 210 dollars then.
    expect(moveOf(trades, () => '21')).toBe(405);
  });
});
