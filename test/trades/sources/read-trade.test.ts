// What counts as a trade at a job's door, and which digits survive it.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLossless } from '../../../src/lib/lossless-json.ts';
import type { Market } from '../../../src/trades/domain/trade.ts';
import { REMEMBERED_MARKETS_MAX, TradeReader } from '../../../src/trades/sources/read-trade.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
const BOUNDS = { charactersMax: 10_000, depthMax: 20, valuesMax: 1_000 };

function market(symbol: string): Market | null {
  if (symbol.endsWith(':BTC')) return null;
  const [base = symbol, quote = 'USDT'] = symbol.split('/');
  return { symbol, kind: 'spot', base, quote, settle: quote, contractSize: '1', isAssumedUsd: false };
}

const reader = new TradeReader(market);

/** Members as JSON texts, over those of a sample; undefined leaves one out. */
function textWith(members: Readonly<Record<string, string | undefined>>): string {
  const sample = {
    symbol: '"BTCUSDT"',
    price: '50000',
    size: '0.1',
    side: '"buy"',
    timestamp: '1640995200000',
    fee: '1.5',
  };
  const given = Object.entries({ ...sample, ...members }).filter(([, value]) => value !== undefined);
  return `{${given.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

/** The outcome by both parsers, which must agree unless a test says otherwise. */
function readBoth(members: Readonly<Record<string, string | undefined>>) {
  const text = textWith(members);
  const quick = reader.read(JSON.parse(text), NOW_MS);
  const exact = reader.read(parseLossless(text, BOUNDS), NOW_MS);
  return { quick, exact };
}

describe('a trade', () => {
  it('read trade - the documented trade is taken as it stands', () => {
    const { quick, exact } = readBoth({});
    expect(quick).toEqual({
      trade: {
        market: market('BTCUSDT'),
        side: 'buy',
        price: '50000',
        amount: '0.1',
        timestampMs: 1_640_995_200_000,
        id: null,
        fees: [{ asset: 'USDT', amount: '1.5' }],
        position: null,
      },
      ackId: '"BTCUSDT-1640995200000"',
    });
    expect(exact).toEqual(quick);
  });

  it.each([
    ['price', '"50000.10"', { price: '50000.10' }],
    ['price', '".5"', { price: '.5' }],
    ['price', '5e-7', { price: '5e-7' }],
    ['size', `"${'9'.repeat(40)}"`, { amount: '9'.repeat(40) }],
    ['timestamp', '1230768000000', { timestampMs: 1_230_768_000_000 }],
    ['timestamp', String(NOW_MS + 300_000), { timestampMs: NOW_MS + 300_000 }],
    ['fee', undefined, { fees: [] }],
    ['fee', 'null', { fees: [] }],
    ['fee', '0', { fees: [] }],
    ['fee', '"0.00"', { fees: [] }],
    ['fee', '"-0e5"', { fees: [] }],
    ['fee', '-0.02', { fees: [{ asset: 'USDT', amount: '-0.02' }] }],
    ['fee', '"-0.0200"', { fees: [{ asset: 'USDT', amount: '-0.0200' }] }],
    ['fee_currency', '"BNB"', { fees: [{ asset: 'BNB', amount: '1.5' }] }],
    ['fee_currency', '"bnb"', { fees: [{ asset: 'BNB', amount: '1.5' }] }],
    ['fee_currency', 'null', { fees: [{ asset: 'USDT', amount: '1.5' }] }],
    ['trade_id', '"t-1"', { id: 't-1' }],
    ['trade_id', '17', { id: '17' }],
    ['trade_id', '""', { id: null }],
    ['trade_id', 'null', { id: null }],
    ['more', '{"deep":[1]}', {}],
  ])('read trade - takes %s %s', (name, value, expected) => {
    const { quick, exact } = readBoth({ [name]: value });
    expect(quick?.trade).toMatchObject(expected);
    expect(exact).toEqual(quick);
  });

  it.each([
    ['"t-1"', '"t-1"'],
    ['17', '17'],
    ['"a\\"b\\u00e9"', '"a\\"bé"'],
    ['""', '"BTCUSDT-1640995200000"'],
  ])('read trade - an id %s is acked as %s', (id, ackId) => {
    expect(readBoth({ trade_id: id }).quick?.ackId).toBe(ackId);
  });
});

describe('refusals', () => {
  const OTHERS = ['true', '[]', '{}', '[1]', '{"rawJSON":"1"}', '""', '" "'];
  const REFUSED: Readonly<Record<string, readonly (string | undefined)[]>> = {
    price: ['null', '0', '-1', '1e400', '1e-400', '1e41', '1e-41', undefined, ...OTHERS],
    size: [
      '"0"',
      '"-1"',
      '"NaN"',
      '"Infinity"',
      '"0x10"',
      '"1,5"',
      '"1 "',
      '"+1"',
      '"1e"',
      '"."',
      `"${'9'.repeat(41)}"`,
      '"1e99999"',
      undefined,
    ],
    side: ['"BUY"', '"long"', '1', undefined],
    timestamp: [
      'null',
      '"1640995200000"',
      '1640995200000.5',
      '1230767999999',
      '-1',
      '1e400',
      '1640995200',
      String(NOW_MS + 300_001),
    ],
    fee: ['1e400', '-1e400', '1e41', '"1e-41"', '"x"', '"--1"', 'true', '[]', '{}', '""'],
    fee_currency: ['1', '" "', '"B NB"', '"\\u0000"', '"\\ud800"', `"${'B'.repeat(33)}"`, '[]'],
    trade_id: ['1.5', 'true', '[]', '{}', '"\\ud800"', `"${'i'.repeat(129)}"`],
    symbol: [
      '""',
      '" "',
      'null',
      '1',
      '"A\\nB"',
      '"\\udfff"',
      `"${'S'.repeat(65)}"`,
      '["BTCUSDT"]',
      '"BTC/USD:BTC"',
      undefined,
    ],
  };
  const rows = Object.entries(REFUSED).flatMap(([name, values]) => values.map((value) => ({ name, value })));
  it.each(rows)('read trade - refuses $name $value', ({ name, value }) => {
    expect(readBoth({ [name]: value })).toEqual({ quick: null, exact: null });
  });

  it.each(['null', '1', '"text"', '[]', 'true', '{}', '{"__proto__":{"symbol":"BTCUSDT"}}'])(
    'read trade - %s is no trade',
    (text) => {
      expect(reader.read(JSON.parse(text), NOW_MS)).toBeNull();
      expect(reader.read(parseLossless(text, BOUNDS), NOW_MS)).toBeNull();
    },
  );

  it('read trade - no value of any kind makes it throw', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('symbol', 'price', 'size', 'side'), fc.jsonValue()),
        (data) => {
          const text = JSON.stringify({ ...JSON.parse(textWith({})), ...data });
          reader.read(JSON.parse(text), NOW_MS);
          reader.read(parseLossless(text, BOUNDS), NOW_MS);
        },
      ),
    );
  });
});

describe('digits', () => {
  it('read trade - the exact parser keeps digits beyond double precision, and the ack too', () => {
    const text = textWith({
      price: '284578000.00000004',
      size: '0.10000000000000000001',
      fee: '-1.00000000000000000001',
      trade_id: '12345678901234567890',
    });
    expect(reader.read(parseLossless(text, BOUNDS), NOW_MS)).toMatchObject({
      trade: {
        price: '284578000.00000004',
        amount: '0.10000000000000000001',
        fees: [{ amount: '-1.00000000000000000001' }],
        id: '12345678901234567890',
      },
      ackId: '12345678901234567890',
    });
  });

  it('read trade - a time is not rounded to a whole number', () => {
    const read = (timestamp: string) => reader.read(parseLossless(textWith({ timestamp }), BOUNDS), NOW_MS);
    expect(read('1640995200000.00000001')).toBeNull();
    expect(read('1640995200000.0')?.trade.timestampMs).toBe(1_640_995_200_000);
  });

  it('read trade - symbols of a flood are forgotten again, and equal ones share a market', () => {
    const read = (symbol: string) =>
      reader.read(JSON.parse(textWith({ symbol: JSON.stringify(symbol) })), NOW_MS)?.trade.market;
    const first = read('SAME/USD');
    expect(read('SAME/USD')).toBe(first);
    for (let index = 0; index < REMEMBERED_MARKETS_MAX; index++) read(`A${index}/USD`);
    expect(read('SAME/USD')).not.toBe(first);
    expect(read('SAME/USD')).toEqual(first);
  });
});
