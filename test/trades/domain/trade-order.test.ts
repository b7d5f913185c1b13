import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Trade } from '../../../src/trades/domain/trade.ts';
import { compareTrades } from '../../../src/trades/domain/trade-order.ts';
import { fee, LINEAR, SPOT, TEN_O_CLOCK_MS, tradeOf } from './fills.ts';

describe('trade order', () => {
  it.each<[string, Partial<Trade>, Partial<Trade>]>([
    ['time', { id: '2' }, { id: '1', timestampMs: TEN_O_CLOCK_MS + 1 }],
    ['ids of digits are numbers', { id: '9' }, { id: '10' }],
    ['great numbers, exactly', { id: '9007199254740993' }, { id: '9007199254740994' }],
    ['ids of digits before others', { id: '10' }, { id: '0a' }],
    ['other ids by bytes', { id: 'B' }, { id: 'a' }],
    ['a shorter id first', { id: 'a' }, { id: 'a0' }],
    ['by bytes of UTF-8, not by UTF-16', { id: '\u{ffee}' }, { id: '\u{1f600}' }],
    ['no id comes last', { id: 'zzz' }, { id: null }],
    ['buy before sell', { side: 'buy', price: '2' }, { side: 'sell', price: '1' }],
    ['price as a number', { price: '9', amount: '2' }, { price: '10', amount: '1' }],
    ['amount as a number', { amount: '9', fees: [fee('2')] }, { amount: '10.0', fees: [fee('1')] }],
    ['fee as a number', { fees: [fee('-10')] }, { fees: [fee('-9')] }],
    ['no fee is a fee of 0', { fees: [] }, { fees: [fee('1')] }],
    ['a rebate is below it', { fees: [fee('-1')] }, { fees: [] }],
    ['market last of all', { market: SPOT }, { market: LINEAR }],
    ['a number in two writings', { id: '07' }, { id: '7' }],
  ])('%s', (_, first, second) => {
    const [one, other] = [tradeOf(first), tradeOf(second)];
    expect(compareTrades(one, other)).toBeLessThan(0);
    expect(compareTrades(other, one)).toBeGreaterThan(0);
    expect(compareTrades(one, { ...one })).toBe(0);
  });

  it('decimals that are equal numbers do not differ', () => {
    expect(compareTrades(tradeOf({ price: '1.50' }), tradeOf({ price: '1.5' }))).toBe(0);
  });

  const trades = fc
    .record({
      side: fc.constantFrom('buy', 'sell'),
      price: fc.constantFrom('1', '1.0', '2', '10'),
      amount: fc.constantFrom('1', '2'),
      id: fc.constantFrom(null, '1', '01', '2', '10', 'a', 'b'),
      timestampMs: fc.constantFrom(TEN_O_CLOCK_MS, TEN_O_CLOCK_MS + 1),
      fees: fc.constantFrom([], [fee('1')], [fee('-1')], [fee('1', 'BNB')], [fee('1'), fee('1')]),
      position: fc.constantFrom(null, 'long', 'short'),
      market: fc.constantFrom(SPOT, LINEAR),
    } as const)
    .map(tradeOf);

  it('law - the order is total', () => {
    fc.assert(
      fc.property(trades, trades, trades, (one, other, third) => {
        expect(Math.sign(compareTrades(one, other))).toBe(0 - Math.sign(compareTrades(other, one)));
        if (compareTrades(one, other) <= 0 && compareTrades(other, third) <= 0) {
          expect(compareTrades(one, third)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
