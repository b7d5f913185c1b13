import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLosslessObject,
  isNumberLiteral,
  JsonTooLargeError,
  type LosslessJson,
  type LosslessObject,
  memberOf,
  NotJsonError,
  numberLiteral,
  parseLossless,
  printLossless,
  readU64,
} from '../../src/lib/lossless-json.ts';

const BOUNDS = { charactersMax: 1_000_000, depthMax: 32, valuesMax: 10_000 };

function parse(text: string): LosslessJson {
  return parseLossless(text, BOUNDS);
}

function parseObject(text: string): LosslessObject {
  const value = parse(text);
  if (!isLosslessObject(value)) throw new Error('not an object');
  return value;
}

/** Number literals in every form that JSON has. */
const literal = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant(0n), fc.bigInt(0n, 2n ** 80n)),
    fc.option(fc.stringMatching(/^\d{1,25}$/), { nil: null }),
    fc.option(fc.stringMatching(/^[eE][+-]?\d{1,4}$/), { nil: null }),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent ?? ''}`,
  );

/** Texts without blanks whose members have different names, none of which an object would put into another order. */
const { document } = fc.letrec<{ document: string; value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    literal,
    fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
    fc.constantFrom('true', 'false', 'null', '"1e5"', '{"rawJSON":"7"}'),
    tie('document'),
  ),
  document: fc.oneof(
    fc.array(tie('value'), { maxLength: 4 }).map((values) => `[${values.join(',')}]`),
    fc
      .uniqueArray(fc.constantFrom('a', 'b', '__proto__', 'toString', 'constructor', 'rawJSON', 'é"\\'), {
        maxLength: 4,
      })
      .chain((names) =>
        fc.tuple(...names.map(() => tie('value'))).map((values) => {
          const members = names.map((name, index) => `${JSON.stringify(name)}:${values[index]}`);
          return `{${members.join(',')}}`;
        }),
      ),
  ),
}));

describe('lossless JSON', () => {
  it('lossless JSON - text, value and text again: every digit and every member is kept', () => {
    fc.assert(
      fc.property(document, (text) => {
        expect(printLossless(parse(text))).toBe(text);
      }),
    );
  });

  it('lossless JSON - takes exactly the texts that the engine takes', () => {
    const damaged = fc
      .tuple(document, fc.nat(), fc.constantFrom('"', ',', '[', '}', '\\', '0', ' ', 'e', '\u0000'))
      .map(([text, at, mark]) => text.slice(0, at % text.length) + mark + text.slice((at % text.length) + 1));
    fc.assert(
      fc.property(damaged, (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        if (isJson) parse(text);
        else expect(() => parse(text)).toThrow(NotJsonError);
      }),
    );
  });

  it.each([
    ['0', 0n],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['9007199254740993', 9007199254740993n],
    ['18446744073709551616', null],
    ['99999999999999999999', null],
    ['100000000000000000000', null],
    ['-0', null],
    ['-1', null],
    ['1.0', null],
    ['1e3', null],
    ['1e999', null],
    ['"1"', null],
    ['null', null],
    ['[1]', null],
    ['{"rawJSON":"1"}', null],
  ])('lossless JSON - %s as an unsigned 64-bit integer is %s', (text, value) => {
    expect(readU64(parse(text))).toBe(value);
  });

  it('lossless JSON - a number of JavaScript or a bigint is no literal', () => {
    expect([readU64(1), readU64(1n), readU64(undefined), isNumberLiteral({ rawJSON: '1' })]).toEqual([
      null,
      null,
      null,
      false,
    ]);
  });

  it('lossless JSON - prints bigints as numbers, at any depth', () => {
    expect(printLossless({ a: 2n ** 64n - 1n, b: [numberLiteral(7n), null], c: undefined })).toBe(
      '{"a":18446744073709551615,"b":[7,null]}',
    );
  });

  it('lossless JSON - a member named __proto__ changes no prototype, and inherited names are no members', () => {
    const value = parseObject('{"__proto__":{"admin":true},"a":1}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(memberOf(value, 'admin')).toBeUndefined();
    expect(memberOf(value, 'toString')).toBeUndefined();
    expect(memberOf(value, '__proto__')).toEqual({ admin: true });
  });

  it('lossless JSON - of members with equal names the last one counts, with its digits', () => {
    expect(printLossless(parse('{"a":[1,2],"a":18446744073709551615}'))).toBe('{"a":18446744073709551615}');
    expect(printLossless(parse('{"a":1,"a":[2.50]}'))).toBe('{"a":[2.50]}');
  });

  it('lossless JSON - a lone surrogate stays one, and a NUL byte in a string is escaped', () => {
    expect(printLossless(parse('["\\ud800","\\u0000"]'))).toBe('["\\ud800","\\u0000"]');
    expect(() => parse('["\u0000"]')).toThrow(NotJsonError);
  });

  it('lossless JSON - bounds: at the limit taken, above it refused', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    const wide = (values: number): string => `[${Array.from({ length: values }, () => '0').join()}]`;
    expect(() => parse(nested(32))).not.toThrow();
    expect(() => parse(nested(33))).toThrow(JsonTooLargeError);
    expect(() => parse(nested(100_000))).toThrow(JsonTooLargeError);
    expect(() => parse('['.repeat(100_000))).toThrow(NotJsonError);
    expect(() => parse(wide(9_998))).not.toThrow();
    expect(() => parse(wide(10_000))).toThrow(JsonTooLargeError);
    expect(() => parse(`"${'['.repeat(100)},\\"[["`)).not.toThrow();
    expect(() => parseLossless('"abc"', { ...BOUNDS, charactersMax: 4 })).toThrow(JsonTooLargeError);
  });
});
