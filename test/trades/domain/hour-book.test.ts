import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Exact, ZERO } from '../../../src/trades/domain/amount.ts';
import type { AssetSums } from '../../../src/trades/domain/amounts.ts';
import { HourBook } from '../../../src/trades/domain/hour-book.ts';
import type { HourSums } from '../../../src/trades/domain/hour-sums.ts';
import type { Trade } from '../../../src/trades/domain/trade.ts';
import { compareTrades } from '../../../src/trades/domain/trade-order.ts';
import { arbitraryTrades, CONTRACTS, INVERSE, withQuoteFees } from './arbitrary-trades.ts';
import { fills, HOUR, LINEAR, SPOT, TEN_O_CLOCK_MS, tradeOf } from './fills.ts';
import { type NaiveHour, naiveFold, type Sums } from './naive-fold.ts';
import { NOTHING, Rational } from './rational.ts';

function bookOf(trades: readonly Trade[]): HourBook {
  const book = new HourBook('realized_fifo');
  for (const trade of trades.toSorted(compareTrades)) book.fold(trade);
  return book;
}

const rational = (value: Exact) => Rational.of(value.toText());
const of = (sums: AssetSums, asset: string) => sums.of(asset).toText();
/** What the lots of one quote brought in the hour, as texts. */
function resultOf(hour: HourSums | undefined, quote: string) {
  const result = new Map(hour?.sums.results).get(quote);
  return {
    gross: result?.gross.value.toText() ?? '0',
    basis: result?.basis.value.toText() ?? '0',
    fees: result?.fees.amounts().map(({ amount, hourMs }) => [amount.toText(), hourMs]) ?? [],
  };
}
/** What divisions of 36 fractional digits may add up to here. */
const NEARLY_NOTHING = Rational.of('1e-30');

const ofAssets = (sums: AssetSums) =>
  sums.pricedAt(0).map(({ asset, amount }): [string, Exact] => [asset, amount]);

function expectSums(sums: Iterable<[string, Exact]>, expected: Sums, off = NOTHING): void {
  const all = new Map(sums);
  for (const key of new Set([...all.keys(), ...expected.keys()])) {
    const difference = rational(all.get(key) ?? ZERO).minus(expected.get(key) ?? NOTHING);
    expect(difference.abs().isAbove(off)).toBe(false);
  }
}

function expectHour(hour: HourSums, naive: NaiveHour): void {
  const { sums } = hour;
  expect(hour.trades).toBe(naive.trades);
  expect(rational(hour.volumeBase.value).minus(naive.base).abs().isAbove(NEARLY_NOTHING)).toBe(false);
  expectSums(ofAssets(sums.volume), naive.volume);
  expectSums(ofAssets(sums.fees), naive.fees);
  const results = [...sums.results];
  expectSums(
    results.map(([quote, { basis }]) => [quote, basis.value]),
    naive.basis,
  );
  // Only inverse contracts divide.
  expectSums(
    results.map(([quote, { gross }]) => [quote, gross.value]),
    naive.gross,
    NEARLY_NOTHING,
  );
  expectSums(ofAssets(sums.unmatchedVolume), naive.unmatched);
  expect(hour.unmatchedSells).toBe(naive.unmatchedSells);
  const fees = results.flatMap(([quote, { fees: all }]) =>
    all.amounts().map((fee): [string, Exact] => [`${quote} ${fee.asset} ${fee.hourMs}`, fee.amount]),
  );
  expectSums(fees, naive.realizedFees, NEARLY_NOTHING);
}

/** Profit after fees and value of open lots, in one quote that all fees are in too. */
function realizedAndOpen(book: HourBook): Rational {
  let sum = NOTHING;
  for (const { sums } of book.hours()) {
    for (const [, { gross, fees }] of sums.results) {
      sum = sum.plus(rational(gross.value));
      for (const { amount } of fees.amounts()) sum = sum.minus(rational(amount));
    }
  }
  for (const [, { side, lots }] of book.toState().lots) {
    for (const { quantity, price, fees } of lots) {
      const value = Rational.of(quantity).times(Rational.of(price));
      sum = side === 'buy' ? sum.minus(value) : sum.plus(value);
      for (const { amount } of fees) sum = sum.minus(Rational.of(amount));
    }
  }
  return sum;
}

describe('hour book - against a naive fold in rational numbers', () => {
  it('law - every sum of every hour', () => {
    fc.assert(
      fc.property(arbitraryTrades(), (trades) => {
        const ordered = trades.toSorted(compareTrades);
        const naive = naiveFold(ordered);
        const hours = bookOf(trades).hours();
        expect(hours.map(({ hourMs }) => hourMs)).toEqual(
          [...naive.hours.keys()].toSorted((one, other) => one - other),
        );
        for (const hour of hours) expectHour(hour, naive.hours.get(hour.hourMs) as NaiveHour);
      }),
      { numRuns: 400 },
    );
  });
});

describe('hour book - nothing is lost', () => {
  it('law - realised profit and open lots are the cash flow, exactly', () => {
    fc.assert(
      fc.property(arbitraryTrades([LINEAR, CONTRACTS]).map(withQuoteFees), (some) => {
        const trades = some.map((trade) => ({ ...trade, position: null }));
        let cash = NOTHING;
        for (const { market, side, price, amount, fees } of trades) {
          const value = Rational.of(price).times(Rational.of(amount)).times(Rational.of(market.contractSize));
          cash = side === 'buy' ? cash.minus(value) : cash.plus(value);
          for (const fee of fees) cash = cash.minus(Rational.of(fee.amount));
        }
        expect(realizedAndOpen(bookOf(trades)).isEqual(cash)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('law - of spot trades with fees in the base too', () => {
    const large = tradeOf({ amount: '1000000', price: '1', timestampMs: TEN_O_CLOCK_MS - 1, id: 'first' });
    fc.assert(
      fc.property(arbitraryTrades([SPOT]), fc.constantFrom('USDT', 'BTC'), (some, asset) => {
        const trades = some.map((trade) => ({
          ...trade,
          amount: '3',
          fees: trade.fees.map((fee) => ({ ...fee, asset: trade.side === 'buy' ? asset : 'USDT' })),
        }));
        let cash = Rational.of('-1000000');
        for (const { side, price, fees } of trades) {
          const value = Rational.of(price).times(Rational.of('3'));
          cash = side === 'buy' ? cash.minus(value) : cash.plus(value);
          for (const fee of fees) if (fee.asset === 'USDT') cash = cash.minus(Rational.of(fee.amount));
        }
        expect(realizedAndOpen(bookOf([large, ...trades])).isEqual(cash)).toBe(true);
      }),
    );
  });
});

describe('hour book - contracts', () => {
  it('an inverse contract', () => {
    const book = bookOf(fills('buy 10@50000; sell 10@55000', { market: INVERSE }));
    const [hour] = book.hours();
    if (hour === undefined) throw new Error('an hour');
    expect(hour.volumeBase.value.toNumber(8)).toBe(0.03818182);
    expect(of(hour.sums.volume, 'USD')).toBe('2000');
    expect(resultOf(hour, 'USD')).toMatchObject({ gross: '100', basis: '1000' });
  });

  it('an amount that counts contracts', () => {
    const [hour] = bookOf(fills('buy 12@0.03881', { market: CONTRACTS })).hours();
    expect(hour?.volumeBase.value.toText()).toBe('1200');
    expect(hour && of(hour.sums.volume, 'USDT')).toBe('46.572');
  });

  it('in hedge mode long and short are positions of their own', () => {
    const market = LINEAR;
    const [hour] = bookOf([
      ...fills('buy 1@100; sell 1@130', { market, position: 'long' }),
      ...fills('sell 1@110; buy 1@100', { market, position: 'short' }),
    ]).hours();
    expect(resultOf(hour, 'USDT')).toMatchObject({ gross: '40', basis: '210' });
  });
});

describe('hour book - late trades, cuts and state', () => {
  it('a late trade is folded at the present lots, and its effects are in its own hour', () => {
    const [buy, sell, late] = fills('buy 1@100; sell 1@110; sell 1@120');
    if (buy === undefined || sell === undefined || late === undefined) throw new Error('three fills');
    const book = bookOf([
      { ...buy, amount: '2' },
      { ...sell, timestampMs: TEN_O_CLOCK_MS + HOUR },
    ]);
    expect(book.hours().map((hour) => resultOf(hour, 'USDT').gross)).toEqual(['0', '10']);
    book.fold(late);
    const [ten, eleven] = book.hours();
    expect(resultOf(ten, 'USDT').gross).toBe('20');
    expect(ten?.trades).toBe(2);
    expect(resultOf(eleven, 'USDT').gross).toBe('10');
  });

  it('a cut hour counts in two parts, and a late trade belongs to its part', () => {
    const book = new HourBook('realized_fifo');
    const cutMs = TEN_O_CLOCK_MS + 600_000;
    const at = (timestampMs: number) => tradeOf({ timestampMs });
    book.fold(at(cutMs - 1));
    book.cut(cutMs);
    book.fold(at(cutMs));
    book.fold(at(cutMs + 1));
    book.fold(at(cutMs - 2));
    const parts = (hours: readonly HourSums[]) =>
      hours.map(({ startMs, hourMs, trades }) => [startMs, hourMs, trades]);
    expect(parts(book.hours())).toEqual([
      [TEN_O_CLOCK_MS, TEN_O_CLOCK_MS, 2],
      [cutMs, TEN_O_CLOCK_MS, 2],
    ]);
    expect(parts(book.hours(cutMs, TEN_O_CLOCK_MS + HOUR))).toHaveLength(1);
  });

  it('forgets hours, but no open lot and no fee of one', () => {
    const book = bookOf(fills('buy 3@100 f3; sell 1@110'));
    book.forget(TEN_O_CLOCK_MS + HOUR);
    expect(book.hours()).toEqual([]);
    book.fold(tradeOf({ side: 'sell', amount: '2', price: '110', timestampMs: TEN_O_CLOCK_MS + HOUR }));
    const [hour] = book.hours();
    expect(resultOf(hour, 'USDT')).toMatchObject({ gross: '20', fees: [['2', TEN_O_CLOCK_MS]] });
    book.forget(TEN_O_CLOCK_MS + 2 * HOUR);
    expect(book.toState()).toEqual({ returnBasis: 'realized_fifo', lots: [], hours: [], cuts: [] });
  });

  it('law - a book from the state of another, as JSON, goes on as that one', () => {
    fc.assert(
      fc.property(
        arbitraryTrades(),
        fc.nat(25),
        fc.constantFrom('realized_fifo', 'price_move'),
        (trades, place, returnBasis) => {
          const ordered = trades.toSorted(compareTrades);
          const whole = new HourBook(returnBasis);
          for (const trade of ordered) whole.fold(trade);
          const first = new HourBook(returnBasis);
          first.cut(TEN_O_CLOCK_MS - HOUR);
          for (const trade of ordered.slice(0, place)) first.fold(trade);
          const second = HourBook.fromState(JSON.parse(JSON.stringify(first.toState())));
          for (const trade of ordered.slice(place)) second.fold(trade);
          expect(second.hours().map((hour) => hour.toState())).toEqual(
            whole.hours().map((hour) => hour.toState()),
          );
          expect(second.toState().lots).toEqual(whole.toState().lots);
        },
      ),
      { numRuns: 200 },
    );
  });
});
