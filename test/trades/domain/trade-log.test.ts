// What goes into a trade log comes out with its exact values, each id once, within a few bytes.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decimal, Market, Trade } from '../../../src/trades/domain/trade.ts';
import {
  decodeTrades,
  type EncodedTrades,
  JOB_ASSETS_MAX,
  TradeLog,
} from '../../../src/trades/domain/trade-log.ts';

function market(symbol: string, more: Partial<Market> = {}): Market {
  const quote = 'USDT';
  return {
    symbol,
    kind: 'spot',
    base: symbol,
    quote,
    settle: quote,
    contractSize: '1',
    isAssumedUsd: false,
    ...more,
  };
}

const BTC = market('BTCUSDT');

function trade(more: Partial<Trade> = {}): Trade {
  return {
    market: BTC,
    side: 'buy',
    price: '50000.1',
    amount: '0.25',
    timestampMs: 1_735_689_600_000,
    id: null,
    fees: [],
    position: null,
    ...more,
  };
}

/** One text for each value: digits without zeros at either end, and the place of the point. */
function valueOf(text: Decimal): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const place = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${place}`;
}

function withValues(one: Trade): unknown {
  return {
    ...one,
    price: valueOf(one.price),
    amount: valueOf(one.amount),
    fees: one.fees.map(({ asset, amount }) => ({ asset, amount: valueOf(amount) })),
  };
}

function roundTrip(trades: readonly Trade[]): { decoded: Trade[]; encoded: EncodedTrades } {
  const log = new TradeLog();
  for (const one of trades) log.append(one);
  const encoded = log.release();
  const decoded = decodeTrades(encoded);
  // A second time, too.
  expect([...decoded]).toEqual([...decoded]);
  return { decoded: [...decoded], encoded };
}

const DIGITS = fc.stringMatching(/^\d{1,20}$/);
const DECIMAL = fc.oneof(
  fc.tuple(DIGITS, DIGITS).map(([whole, fraction]) => `${whole}.${fraction}`.slice(0, 40)),
  DIGITS,
  fc.double({ min: 1e-90, max: 1e90, noNaN: true }).map(String),
  fc.tuple(fc.integer({ min: 1, max: 99_999 }), fc.integer({ min: -99, max: 99 })).map((of) => of.join('e')),
  fc.integer({ min: 1, max: 9_999_999 }).map((cents) => (cents / 100).toFixed(2)),
  fc.constantFrom('0', '-0', '0.00', '999999999999999', '9999999999999999', '0.00000000000000000001', '1E+7'),
);
const SIGNED = fc.tuple(fc.boolean(), DECIMAL).map(([isRebate, text]) => {
  return isRebate && !text.startsWith('-') ? `-${text}` : text;
});
const ID = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map(String),
  fc.integer({ min: 0, max: 30 }).map((id) => `t-${id}`),
  fc.integer({ min: 0, max: 3_000 }).map((id) => String(id).padStart(4, '0')),
  DIGITS,
  fc.uuid(),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const MARKETS = [
  BTC,
  { ...BTC },
  market('ETH/USDT:USDT', { kind: 'linear' }),
  market('币安人生USDT'),
] as const;
const TRADE: fc.Arbitrary<Trade> = fc.record({
  market: fc.constantFrom(...MARKETS),
  side: fc.constantFrom('buy' as const, 'sell' as const),
  price: DECIMAL,
  amount: DECIMAL,
  timestampMs: fc.oneof(
    fc.integer({ min: 1_735_689_600_000, max: 1_735_689_660_000 }),
    fc.integer({ min: 0, max: 4_102_444_800_000 }),
  ),
  id: fc.option(ID),
  fees: fc.array(fc.record({ asset: fc.constantFrom('USDT', 'BNB', 'GATEPOINT'), amount: SIGNED }), {
    maxLength: 3,
  }),
  position: fc.constantFrom(null, null, 'long' as const, 'short' as const),
});
const WITHOUT_ID = TRADE.map((one) => ({ ...one, id: null }));

describe('what comes out', () => {
  it('trade log - every trade comes back with its exact values, in order', () => {
    fc.assert(
      fc.property(fc.array(WITHOUT_ID, { maxLength: 60 }), fc.array(ID), (trades, ids) => {
        // Ids of their own, so that nothing is repeated.
        const known = new Set<string>();
        const given = trades.map((one, index) => {
          const id = ids[index];
          if (id === undefined || known.has(id)) return one;
          known.add(id);
          return { ...one, id };
        });
        expect(roundTrip(given).decoded.map(withValues)).toEqual(given.map(withValues));
      }),
      { numRuns: 300 },
    );
  });

  it('trade log - many trades fill many blocks, which survive the way to a thread', () => {
    const given = Array.from({ length: 20_000 }, (_, index) =>
      trade({ id: `id-${index}`, price: String(50_000 + (index % 97) / 10), timestampMs: 1e12 + index }),
    );
    const { encoded } = roundTrip(given);
    expect(encoded.blocks.length).toBeGreaterThan(1);
    expect([...decodeTrades(structuredClone(encoded))]).toEqual(given);
  });

  it.each([
    ['1.50', '1.5'],
    ['100', '100'],
    ['0.0000005', '0.0000005'],
    ['5e-7', '0.0000005'],
    ['1e30', '1e30'],
    ['284578000.00000004', '284578000.00000004'],
    ['0.1000000000000000055511151231257827021', '0.1000000000000000055511151231257827021'],
    ['6.170000000000001', '6.170000000000001'],
    ['9007199254740993', '9007199254740993'],
  ])('trade log - the price %s comes back as %s', (price, back) => {
    expect(roundTrip([trade({ price })]).decoded[0]?.price).toBe(back);
  });
});

describe('repetitions', () => {
  it('trade log - an id counts once for its market and side, and no id counts each time', () => {
    const log = new TradeLog();
    const other = market('ETHUSDT');
    expect(
      [
        trade({ id: '7' }),
        trade({ id: '7', price: '1' }),
        trade({ id: '7', side: 'sell' }),
        trade({ id: '7', market: other }),
        trade({ id: '7', market: { ...BTC } }),
        trade(),
        trade(),
      ].map((one) => log.append(one)),
    ).toEqual(['taken', 'repeated', 'taken', 'taken', 'repeated', 'taken', 'taken']);
    expect(log.trades).toBe(5);
  });

  it('trade log - any repetition in any order leaves the same trades', () => {
    const keyOf = ({ market: { symbol }, side, id }: Trade) => `${symbol} ${side} ${id}`;
    fc.assert(
      fc.property(fc.array(fc.record({ one: TRADE, id: ID }), { maxLength: 80 }), (rows) => {
        const given = rows.map(({ one, id }) => ({ ...one, id }));
        const log = new TradeLog();
        const first = new Map<string, Trade>();
        for (const one of [...given, ...given.toReversed()]) {
          expect(log.knows(one)).toBe(one.id !== null && first.has(keyOf(one)));
          expect(log.append(one)).toBe(first.has(keyOf(one)) ? 'repeated' : 'taken');
          if (!first.has(keyOf(one))) first.set(keyOf(one), one);
        }
        expect(log.trades).toBe(first.size);
        expect([...decodeTrades(log.release())].map(withValues)).toEqual([...first.values()].map(withValues));
      }),
      { numRuns: 100 },
    );
  });

  it('trade log - knows every one of many ids again', () => {
    const log = new TradeLog();
    const ids = Array.from({ length: 30_000 }, (_, index) => String(index * 7));
    expect(ids.filter((id) => log.append(trade({ id })) === 'repeated')).toEqual([]);
    expect(ids.filter((id) => log.append(trade({ id })) === 'taken')).toEqual([]);
    expect(ids.filter((id) => !log.knows(trade({ id })))).toEqual([]);
    expect(log.append(trade({ id: '1' }))).toBe('taken');
  });

  it('trade log - says whether it knows a trade, and takes nothing then', () => {
    const log = new TradeLog();
    expect(log.knows(trade({ id: '7' }))).toBe(false);
    log.append(trade({ id: '7' }));
    log.append(trade());
    const { bytes } = log;
    expect(
      [
        trade({ id: '7' }),
        trade({ id: '8' }),
        trade({ id: '7', side: 'sell' }),
        trade({ id: '7', market: market('ETHUSDT') }),
        trade(),
      ].map((one) => log.knows(one)),
    ).toEqual([true, false, false, false, false]);
    expect([log.trades, log.bytes]).toEqual([2, bytes]);
  });

  it('trade log - a released log is empty and forgets ids', () => {
    const log = new TradeLog();
    const emptyBytes = log.bytes;
    log.append(trade({ id: '7' }));
    expect(log.bytes).toBeGreaterThan(emptyBytes);
    expect(log.release().trades).toBe(1);
    expect({ trades: log.trades, bytes: log.bytes }).toEqual({ trades: 0, bytes: emptyBytes });
    expect(log.append(trade({ id: '7' }))).toBe('taken');
    expect(roundTrip([]).decoded).toEqual([]);
  });
});

describe('bytes', () => {
  it.each([
    ['with ascending ids and fees', (index: number) => ({ id: String(4_000_000 + index), fees: true }), 26],
    ['without ids and fees', () => ({ id: null, fees: false }), 11],
    ['with UUIDs', (index: number) => ({ id: uuid(index), fees: true }), 43],
  ])('trade log - a trade %s takes few bytes', (_what, of, bytesMost) => {
    const log = new TradeLog();
    const trades = 100_000;
    for (let index = 0; index < trades; index++) {
      const { id, fees } = of(index);
      log.append(
        trade({
          id,
          side: index % 3 === 0 ? 'sell' : 'buy',
          price: (50_000 + ((index * 7_919) % 100_000) / 100).toFixed(2),
          amount: (((index * 104_729) % 1_000_000) / 1_000_000 + 0.001).toFixed(6),
          timestampMs: 1_735_689_600_000 + index * 100 - (index % 5) * 70,
          fees: fees ? [{ asset: 'USDT', amount: ((index % 3_000) / 1_000).toFixed(3) }] : [],
        }),
      );
    }
    expect(log.bytes / trades).toBeLessThan(bytesMost);
    const encoded = log.release();
    expect(encoded.blocks.reduce((bytes, { length }) => bytes + length, 0) / trades).toBeLessThan(bytesMost);
  });

  it('trade log - JOB_ASSETS_MAX: a further quote or currency of a fee is too many, and known ones still count', () => {
    const log = new TradeLog();
    const paid = (asset: string, id: string | null = null) => trade({ id, fees: [{ asset, amount: '1' }] });
    // The quote is the first one.
    for (let nth = 1; nth < JOB_ASSETS_MAX; nth++) expect(log.append(paid(`A${nth}`))).toBe('taken');
    expect(log.append(paid('A1', '7'))).toBe('taken');
    const { bytes } = log;
    const other = market('ETHEUR', { quote: 'EUR' });
    expect(log.append(paid('NEW'))).toBe('too_many');
    expect(log.append(trade({ market: other }))).toBe('too_many');
    expect(log.append(paid('NEW', '7'))).toBe('repeated');
    expect(log.bytes).toBe(bytes);
    expect(log.append(trade({ market: market('ETHA1', { quote: 'A1' }) }))).toBe('taken');
    expect(log.append(paid('USDT'))).toBe('taken');
    const { trades, assets } = log.release();
    expect([trades, assets.length]).toEqual([JOB_ASSETS_MAX + 2, JOB_ASSETS_MAX]);
  });

  it('trade log - a small job takes little', () => {
    const log = new TradeLog();
    for (let index = 0; index < 5; index++) log.append(trade({ id: String(index) }));
    expect(log.bytes).toBeLessThan(4_500);
  });

  it('trade log - markets count, so that a job of nothing but new symbols is not cheap', () => {
    const log = new TradeLog();
    for (let index = 0; index < 1_000; index++) log.append(trade({ market: market(`A${index}USDT`) }));
    expect(log.bytes).toBeGreaterThan(1_000 * 800);
  });
});

function uuid(index: number): string {
  const hex = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  return `${hex.toString(16).padStart(8, '0')}-0000-4000-8000-${String(index).padStart(12, '0')}`;
}
