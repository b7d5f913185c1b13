// Canonical text: the vectors of RFC 8785, what it refuses, the plain form, and laws.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberLiteral } from '../../../src/lib/lossless-json.ts';
import { canonicalText, NotCanonicalError, withSignature } from '../../../src/trades/domain/canonical.ts';
import { FIRST } from './check-values.ts';

const rfc = (value: unknown) => canonicalText(value, 'rfc8785');
const plain = (value: unknown) => canonicalText(value, 'plain');

/** The double with these bits, in hex. */
function double(bits: string): number {
  return Buffer.from(bits, 'hex').readDoubleBE();
}

/**
 * RFC 8785, appendix B: bits of a double, its text, and the plain form where it differs. Its rows for NaN, infinity and
 * minus zero are among what is refused: a figure is never one of them, so one would be a defect.
 */
const NUMBERS: readonly (readonly [string, string] | readonly [string, string, string])[] = [
  ['0000000000000000', '0'],
  ['0000000000000001', '5e-324', `0.${'0'.repeat(323)}5`],
  ['8000000000000001', '-5e-324', `-0.${'0'.repeat(323)}5`],
  ['7fefffffffffffff', '1.7976931348623157e+308', `17976931348623157${'0'.repeat(292)}`],
  ['ffefffffffffffff', '-1.7976931348623157e+308', `-17976931348623157${'0'.repeat(292)}`],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22', '99999999999999970000000'],
  ['44b52d02c7e14af6', '1e+23', '100000000000000000000000'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23', '100000000000000010000000'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21', '1000000000000000000000'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7', '0.0000009999999999999997'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

/** Values of RFC 8785, 3.2.2 and 3.2.3, and of its test data. */
const DOCUMENTS: readonly (readonly [string, string, string])[] = [
  [
    'literals and escapes',
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  ],
  [
    'order by UTF-16 units',
    '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  ],
  ['an array keeps its order', '[56,{"d":true,"10":null,"1":[]}]', '[56,{"1":[],"10":null,"d":true}]'],
  [
    'order at every level',
    '{"1":{"f":{"f":"hi","F":5},"\\n":56},"10":{},"":"empty","a":{},"111":[{"e":"yes","E":"no"}],"A":{}}',
    '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
  ],
  ['no normalisation', '{"Unnormalized Unicode":"A\\u030a"}', '{"Unnormalized Unicode":"A\u030a"}'],
  [
    'names that an engine may treat in its own way',
    '{"constructor":1,"__proto__":{"b":2,"a":1},"toJSON":3,"2":4,"\\b":5}',
    '{"\\b":5,"2":4,"__proto__":{"a":1,"b":2},"constructor":1,"toJSON":3}',
  ],
  ['markup', '"</script>\\u2028"', '"</script>\u2028"'],
];

const hole: unknown[] = [1];
hole[2] = 1;
const circle: Record<string, unknown> = {};
circle['a'] = circle;
class Amount {
  readonly units = 1;
}

const REFUSED: readonly (readonly [string, unknown, string])[] = [
  ['undefined', undefined, ''],
  ['a member that is undefined', { a: { b: undefined } }, 'a.b'],
  ['an element that is undefined', [1, undefined], '[1]'],
  ['a hole', { a: hole }, 'a[1]'],
  ['NaN', { a: [{ b: NaN }] }, 'a[0].b'],
  ['Infinity', [Infinity], '[0]'],
  ['-Infinity', -Infinity, ''],
  ['-0', { a: -0 }, 'a'],
  ['a high surrogate alone', 'a\ud800', ''],
  ['a low surrogate alone', ['\udc00a'], '[0]'],
  ['surrogates in the wrong order', '\udc00\ud800', ''],
  ['a name with a lone surrogate', { '\ud800': 1 }, '\ud800'],
  ['a function', { a: () => 1 }, 'a'],
  ['a symbol', [Symbol('a')], '[0]'],
  ['a bigint', { a: 1n }, 'a'],
  ['toJSON', { a: { toJSON: () => 1 } }, 'a'],
  ['toJSON of an array', { a: Object.assign([], { toJSON: () => 1 }) }, 'a'],
  ['a date', [new Date(0)], '[0]'],
  ['a map', new Map(), ''],
  ['an instance of a class', { a: new Amount() }, 'a'],
  ['a boxed number', { a: Object(1) as unknown }, 'a'],
  ['a number literal', { a: numberLiteral(1n) }, 'a'],
  ['a member named by a symbol', { [Symbol('a')]: 1 }, ''],
  ['a hidden member', Object.defineProperty({}, 'a', { value: 1 }), ''],
  ['a circle', circle, Array.from({ length: 32 }, () => 'a').join('.')],
];

describe('canonical text', () => {
  it.each(NUMBERS)('canonical text - the double %s is written %s', (...[bits, text, written = text]) => {
    expect(rfc(double(bits))).toBe(text);
    expect(plain(double(bits))).toBe(written);
    expect(JSON.parse(written)).toBe(double(bits));
  });

  it.each(DOCUMENTS)('canonical text - %s', (_name, document, text) => {
    expect(rfc(JSON.parse(document))).toBe(text);
  });

  it.each(REFUSED)('canonical text - %s is refused, and is never null', (_name, value, path) => {
    for (const write of [rfc, plain]) {
      expect(() => write(value)).toThrow(NotCanonicalError);
      expect(() => write(value)).toThrow(expect.objectContaining({ path }));
    }
  });

  it('canonical text - the message of an error has no text of the value', () => {
    expect(() => rfc({ SECRET: NaN })).toThrow('The value cannot be signed: a number is not finite.');
  });

  it('canonical text - 32 levels are written, more are not', () => {
    const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;
    expect(rfc(nested(32))).toBe('['.repeat(32) + ']'.repeat(32));
    expect(() => rfc(nested(33))).toThrow('more than 32 levels');
  });

  it('canonical text - the plain form changes numbers only', () => {
    const value = { '1e-7': '2e+30,[3e-9]', a: '\\"4e-8', b: [5e-8, -1.25e22], c: 'e-7' };
    expect(plain(value)).toBe(
      '{"1e-7":"2e+30,[3e-9]","a":"\\\\\\"4e-8","b":[0.00000005,-12500000000000000000000],"c":"e-7"}',
    );
  });

  const values = fc
    .jsonValue({ noUnicodeString: false, maxDepth: 5 })
    .map((value) => withoutMinusZero(value));

  it('canonical text - law: it says the same value, in one text, whatever the order of members was', () => {
    fc.assert(
      fc.property(values, (value) => {
        for (const write of [rfc, plain]) {
          const text = write(value);
          expect(JSON.parse(text)).toEqual(value);
          expect(write(JSON.parse(text))).toBe(text);
          expect(write(reversed(value))).toBe(text);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('canonical text - law: a number in the plain form has no exponent and is the same number', () => {
    const numbers = fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((each) => !Object.is(each, -0));
    fc.assert(
      fc.property(numbers, (value) => {
        expect(plain(value)).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(plain(value))).toBe(value);
        const isSmall = value !== 0 && Math.abs(value) < 1e-6;
        expect(plain(value) === rfc(value)).toBe(!isSmall && Math.abs(value) < 1e21);
      }),
    );
  });
});

describe('body with signature', () => {
  it('body with signature - the member stands where the order puts it, whatever names the metadata has', () => {
    const text = rfc({
      ...(JSON.parse(FIRST.text) as object),
      metadata: { unconverted: { totals: { fees: 1 }, ',"totals":{': { fees: 1 } } },
    });
    const body = withSignature(text, 'AAAA');
    expect(body).toBe(rfc({ ...(JSON.parse(text) as object), signature: 'AAAA' }));
  });
});

function withoutMinusZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/** The value with its members in the reverse order, at every level. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  );
}
