import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZERO } from '../../../src/trades/domain/amount.ts';
import { foldJob } from '../../../src/trades/domain/fold-job.ts';
import { HourBook } from '../../../src/trades/domain/hour-book.ts';
import { decodeTrades, TradeLog } from '../../../src/trades/domain/trade-log.ts';
import type { Trade } from '../../../src/trades/domain/trade.ts';
import { arbitraryTrades } from './arbitrary-trades.ts';
import { fee, fills, HOUR, LINEAR, marketOf, SPOT, TEN_O_CLOCK_MS, tradeOf } from './fills.ts';
import { NOTHING, Rational } from './rational.ts';

const fold = (trades: readonly Trade[]) => foldJob(trades, { returnBasis: 'realized_fifo' });
const T10 = '2025-01-01T10:00:00.000Z';
const T11 = '2025-01-01T11:00:00.000Z';

const TABLE = [
  { market: SPOT, text: 'buy 1@100 f1; sell 1@110 f1', realised: '8', basis: '100', percent: 8, volume: 210 },
  { market: SPOT, text: 'buy 2@100 f2; sell 1@110 f1', realised: '8', basis: '100', percent: 8, volume: 310 },
  {
    market: SPOT,
    text: 'buy 2@100 f2; sell 1@110 f1; sell 1@120 f1',
    realised: '26',
    basis: '200',
    percent: 13,
    volume: 430,
  },
  {
    market: LINEAR,
    text: 'sell 1@110 f1; buy 1@100 f1',
    realised: '8',
    basis: '110',
    percent: 7.272727,
    volume: 210,
  },
  {
    market: LINEAR,
    text: 'buy 1@100 f1; sell 2@110 f2; buy 1@105 f1',
    realised: '11',
    basis: '210',
    percent: 5.238095,
    volume: 425,
  },
  {
    market: SPOT,
    text: 'buy 1@100 f-0.02; sell 1@101 f-0.02',
    realised: '1.04',
    basis: '100',
    percent: 1.04,
    volume: 201,
  },
  {
    market: SPOT,
    text: 'buy 3@100 f3; sell 1@110 f1; sell 1@90 f1; sell 1@120 f1',
    realised: '14',
    basis: '300',
    percent: 4.666667,
    volume: 620,
  },
  { market: SPOT, text: 'sell 1@110 f1; buy 1@100 f1', realised: '0', basis: '0', percent: 0, volume: 210 },
] as const;

/** Realised net profit and basis of the lots that the trades closed, exactly. */
function resultsOf(trades: readonly Trade[]) {
  const book = new HourBook('realized_fifo');
  for (const trade of trades) book.fold(trade);
  let [realised, basis] = [ZERO, ZERO];
  for (const { sums } of book.hours()) {
    for (const [, result] of sums.results) {
      realised = realised.plus(result.gross.value);
      basis = basis.plus(result.basis.value);
      for (const { amount } of result.fees.amounts()) realised = realised.minus(amount);
    }
  }
  return { realised: realised.toText(), basis: basis.toText() };
}

describe('fold job - the table of the specification', () => {
  it.each(TABLE)('$text is $percent %', ({ market, text, realised, basis, percent, volume }) => {
    const trades = fills(text, { market });
    expect(resultsOf(trades)).toEqual({ realised, basis });
    const { buckets, totals } = fold(trades);
    expect(buckets).toHaveLength(1);
    expect(buckets[0]).toMatchObject({ t: T10, return_pct: percent, volume_quote: volume });
    expect(totals.volume_quote).toBe(volume);
  });

  it('trades of the same millisecond go by their ids, as numbers', () => {
    const trades = [
      tradeOf({ side: 'sell', price: '110', id: '10' }),
      tradeOf({ side: 'buy', price: '100', id: '9' }),
    ];
    expect(fold(trades).buckets[0]).toMatchObject({ return_pct: 10, volume_quote: 210 });
    expect(fold(trades).notes.unmatched_sells).toBeUndefined();
  });

  it('a sell beyond the lots is unmatched, and leaves the return alone', () => {
    const { notes, buckets } = fold(fills('sell 1@110 f1; buy 1@100 f1'));
    expect(notes).toEqual({
      return_basis: 'realized_fifo',
      unmatched_sells: { count: 1, volume_quote: 110 },
    });
    expect(buckets[0]).toMatchObject({ fees_usd: 2, return_pct: 0 });
  });

  it('of a sell partly beyond the lots, only the matched part and its share of the fee count', () => {
    const { notes, buckets } = fold(fills('buy 1@100; sell 4@110 f4'));
    expect(notes.unmatched_sells).toEqual({ count: 1, volume_quote: 330 });
    expect(buckets[0]).toMatchObject({ return_pct: 9, fees_usd: 4 });
  });

  it('a buy of one hour and its sell of the next: the result is in the next', () => {
    const [buy, sell] = fills('buy 1@100; sell 1@110');
    if (buy === undefined || sell === undefined) throw new Error('two fills');
    const { buckets } = fold([{ ...sell, timestampMs: TEN_O_CLOCK_MS + HOUR }, buy]);
    expect(buckets.map(({ t, return_pct }) => [t, return_pct])).toEqual([
      [T10, 0],
      [T11, 10],
    ]);
  });
});

describe('fold job - the five sample trades', () => {
  const samples = [
    ...fills('buy 0.5@100 f0.02; buy 0.4@101 f0.02; buy 0.3@102 f0.02'),
    ...fills('buy 0.6@103 f0.03; buy 0.7@104 f0.03').map((trade) => ({
      ...trade,
      timestampMs: trade.timestampMs + HOUR,
    })),
  ];

  it('buckets and totals', () => {
    expect(fold(samples)).toEqual({
      buckets: [
        { t: T10, return_pct: 0, trades: 3, volume_base: 1.2, volume_quote: 121, fees_usd: 0.06 },
        { t: T11, return_pct: 0, trades: 2, volume_base: 1.3, volume_quote: 134.6, fees_usd: 0.06 },
      ],
      totals: { trades: 5, volume_base: 2.5, volume_quote: 255.6, fees_usd: 0.12 },
      notes: { return_basis: 'realized_fifo' },
    });
  });

  it('price moves', () => {
    const { buckets, notes } = foldJob(samples, { returnBasis: 'price_move' });
    expect(buckets.map(({ return_pct }) => return_pct)).toEqual([2, 0.970874]);
    expect(notes.return_basis).toBe('price_move');
  });
});

describe('fold job - assets', () => {
  it('without trades there are no buckets', () => {
    expect(fold([])).toEqual({
      buckets: [],
      totals: { trades: 0, volume_base: 0, volume_quote: 0, fees_usd: 0 },
      notes: { return_basis: 'realized_fifo' },
    });
  });

  it('one quote that is no dollar stays, and is named', () => {
    const market = marketOf('ETH/BTC');
    const { notes, buckets } = fold(
      fills('buy 1@0.05; sell 1@0.06', { market, fees: [fee('0.001', 'BTC'), fee('3', 'USDT')] }),
    );
    expect(buckets[0]).toMatchObject({ return_pct: 16, volume_quote: 0.11, fees_usd: 0.002 });
    expect(notes).toMatchObject({ quote: 'BTC', unconverted: { USDT: { volume: 0, fees: 6, profit: -6 } } });
  });

  it('of several quotes, what counts as dollars adds up and the rest is unconverted', () => {
    const { notes, totals } = fold([
      ...fills('buy 1@100; sell 1@110'),
      ...fills('buy 1@200', { market: marketOf('ETH-USDC') }),
      ...fills('buy 2@0.05; sell 2@0.06 f0.001', { market: marketOf('ETH/BTC') }).map((trade) => ({
        ...trade,
        fees: trade.fees.map(({ amount }) => fee(amount, 'BTC')),
      })),
    ]);
    expect(totals.volume_quote).toBe(410);
    expect(notes).toEqual({
      return_basis: 'realized_fifo',
      mixed_base: true,
      unconverted: { BTC: { volume: 0.22, fees: 0.001, profit: 0.019 } },
    });
  });

  it('a lot whose quote has no price is out of the return, with fees that have one', () => {
    const { notes, buckets } = fold([
      ...fills('buy 1@100 f1; sell 1@110 f1'),
      ...fills('buy 1@0.05 f3; sell 1@0.06 f3', { market: marketOf('ETH/BTC') }),
    ]);
    // The fees of both were paid; profit and basis are of the first lot.
    expect(buckets[0]).toMatchObject({ return_pct: 8, fees_usd: 8, volume_quote: 210 });
    expect(notes.unconverted).toEqual({
      BTC: { volume: 0.11, fees: 0, profit: 0.01 },
      USDT: { volume: 0, fees: 0, profit: -6 },
    });
  });

  it('a symbol that does not tell its quote counts as dollars, and is marked', () => {
    expect(fold(fills('buy 1@100', { market: marketOf('GOLD') })).notes).toEqual({
      return_basis: 'realized_fifo',
      assumed_usd: true,
    });
  });

  it('a symbol in small letters is the same market, and a fee in its base reduces the lot', () => {
    const { notes, buckets } = fold([
      ...fills('buy 2@100', { market: marketOf('gold'), fees: [fee('1', 'GOLD')] }),
      ...fills('sell 1@120', { market: marketOf('GOLD'), timestampMs: TEN_O_CLOCK_MS + 1 }),
    ]);
    // Of the two one is the fee, worth 100; the other was sold for 20 more than it cost.
    expect(buckets[0]).toMatchObject({ return_pct: -80, fees_usd: 100 });
    expect(notes).toEqual({ return_basis: 'realized_fifo', assumed_usd: true });
  });

  it('a fee in an asset without a price is unconverted, and every fee counts', () => {
    const fees = [fee('0.03'), fee('0.01', 'GATEPOINT')];
    const { notes, buckets } = fold(fills('buy 1@100', { fees }));
    expect(buckets[0]?.fees_usd).toBe(0.03);
    expect(notes.unconverted).toEqual({ GATEPOINT: { volume: 0, fees: 0.01, profit: 0 } });
  });

  it('a fee in the base of a spot buy reduces the lot, and its value counts as the fee', () => {
    const buy = tradeOf({ fees: [fee('0.1', 'BTC')] });
    const sell = tradeOf({ side: 'sell', amount: '0.9', price: '110', timestampMs: TEN_O_CLOCK_MS + 1 });
    const { notes, buckets } = fold([buy, sell]);
    // Bought for 100, sold for 99; the basis is 90.
    expect(buckets[0]).toMatchObject({ return_pct: -1.111111, fees_usd: 10, volume_base: 1.9 });
    expect(notes).toEqual({ return_basis: 'realized_fifo' });
  });
});

/** A sum from 1 on, or of whole 1e-8, at 8 fractional and 15 significant digits. */
function onWire(sum: Rational): Rational {
  return sum.rounded(Math.min(8, 15 - `${sum.top / sum.bottom}`.length));
}

describe('fold job - laws', () => {
  it('law - totals are sums of exact values, not of rounded ones', () => {
    fc.assert(
      fc.property(arbitraryTrades([SPOT, LINEAR]), (trades) => {
        const exactly = (value: (trade: Trade) => string[]) =>
          trades.reduce(
            (sum, trade) =>
              value(trade)
                .reduce((product, text) => product.times(Rational.of(text)), Rational.of('1'))
                .plus(sum),
            NOTHING,
          );
        const { totals } = fold(trades);
        const volume = exactly(({ price, amount }) => [price, amount]);
        const base = exactly(({ amount }) => [amount]);
        expect(Rational.of(JSON.stringify(totals.volume_quote)).isEqual(onWire(volume))).toBe(true);
        expect(Rational.of(JSON.stringify(totals.volume_base)).isEqual(onWire(base))).toBe(true);
      }),
    );
  });

  it('law - the order of the trades does not matter', () => {
    fc.assert(
      fc.property(
        arbitraryTrades(),
        fc.constantFrom('realized_fifo', 'price_move'),
        (trades, returnBasis) => {
          const turned = trades.toReversed();
          expect(foldJob(turned, { returnBasis })).toEqual(foldJob(trades, { returnBasis }));
        },
      ),
    );
  });
});

describe('fold job - delivery to a job', () => {
  it('law - any repetition or order of delivery gives the same figures', () => {
    fc.assert(
      fc.property(
        arbitraryTrades(),
        fc.array(fc.nat(1000), { minLength: 50, maxLength: 50 }),
        (trades, ranks) => {
          const log = new TradeLog();
          const delivered = [...trades, ...trades]
            .map((trade, index) => ({ trade, rank: ranks[index] ?? 0 }))
            .toSorted((one, other) => one.rank - other.rank);
          for (const { trade } of delivered) log.append(trade);
          expect(fold([...decodeTrades(log.release())])).toEqual(fold(trades));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('fold job - many trades', () => {
  /** 40,000 trades, each a millisecond after the one before. */
  const ordered = Array.from({ length: 40_000 }, (_, index) =>
    tradeOf({
      side: index % 3 === 0 ? 'sell' : 'buy',
      price: `${100 + (index % 17)}`,
      timestampMs: TEN_O_CLOCK_MS + index * 200,
      id: `${index}`,
      fees: [fee('0.01')],
    }),
  );
  const [first, ...others] = ordered;
  if (first === undefined) throw new Error('trades');

  it.each([
    ['nearly in order', ordered.map((trade, index) => ordered[index ^ 511] ?? trade)],
    ['a trade as late as it may be', [...others.slice(0, 8191), first, ...others.slice(8191)]],
    ['a trade that comes last of all', [...others, first]],
    ['from the last to the first', ordered.toReversed()],
  ])('%s: the figures are the same', (_, trades) => {
    expect(trades).toHaveLength(ordered.length);
    expect(fold(trades)).toEqual(fold(ordered));
  });

  it('trades in order are read once', () => {
    let [asked, passes] = [0, 0];
    const counting: Iterable<Trade> = {
      *[Symbol.iterator]() {
        passes++;
        for (const trade of ordered) {
          asked++;
          yield trade;
        }
      },
    };
    foldJob(counting, { returnBasis: 'realized_fifo' });
    expect([passes, asked]).toEqual([1, 40_000]);
  });
});
