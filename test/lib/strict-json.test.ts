import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonTooLargeError, NotJsonError } from '../../src/lib/lossless-json.ts';
import { AmbiguousJsonError, parseStrict } from '../../src/lib/strict-json.ts';

const BOUNDS = { charactersMax: 10_000, depthMax: 4, valuesMax: 100 };
const parse = (text: string) => parseStrict(text, BOUNDS);

describe('strict JSON', () => {
  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '{"b":{"a":1,"b":2,"a":3}}',
    '[{},{"":1,"":2}]',
    '{"__proto__":1,"__proto__":2}',
    '{"a":{"a":1},"a":2}',
  ])('strict JSON - two members of one name are refused: %s', (text) => {
    expect(() => parse(text)).toThrow(AmbiguousJsonError);
  });

  it.each([
    '1e400',
    '-1e400',
    `1${'0'.repeat(400)}`,
    '1e-400',
    '9007199254740993',
    '0.1000000000000000055511151231257827',
    '5E-7',
    '5e-07',
    '1e021',
    '50e-8',
    '0.00000000000000000000000000000000000000000000000000000e5',
  ])('strict JSON - a number that readers may understand in different ways is refused: %s', (number) => {
    expect(() => parse(`{"a":[${number}]}`)).toThrow(AmbiguousJsonError);
  });

  it.each([
    ['0.0000005', 5e-7],
    ['5e-7', 5e-7],
    ['1e+21', 1e21],
    ['1000000000000000000000', 1e21],
    ['1.0', 1],
    ['100.500000000000000000000', 100.5],
    ['9007199254740992', 9007199254740992],
    ['0.30000000000000004', 0.1 + 0.2],
    ['-0.0000000000000000000000005', -5e-25],
    [`0.${'0'.repeat(323)}5`, 5e-324],
  ])('strict JSON - a number may be written without its exponent, and with zeros: %s', (text, value) => {
    expect(parse(`[${text}]`)).toEqual([value]);
  });

  it.each([
    [
      '{"a":{"b":1},"b":[{"a":1},{"a":1}]}',
      '"5E-7"',
      '{":":":,:"}',
      '{"1e400":"9007199254740993"}',
      'null',
      '{}',
    ],
  ])('strict JSON - %s is read', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it.each(['', '{', '{"a":1', 'NaN', '[Infinity]', '{"a":1}}', '[1,]', "{'a':1}", '\ufeff{}', '[01]'])(
    'strict JSON - %j is not JSON',
    (text) => {
      expect(() => parse(text)).toThrow(NotJsonError);
    },
  );

  it('strict JSON - each bound is kept', () => {
    expect(parse('[[[[1]]]]')).toEqual([[[[1]]]]);
    expect(() => parse('[[[[[1]]]]]')).toThrow(JsonTooLargeError);
    const ones = (count: number) => JSON.stringify(Array.from({ length: count }, () => 1));
    expect(parse(ones(99))).toHaveLength(99);
    expect(() => parse(ones(100))).toThrow(JsonTooLargeError);
    expect(parse(`"${'a'.repeat(9_998)}"`)).toHaveLength(9_998);
    expect(() => parse(`"${'a'.repeat(9_999)}"`)).toThrow(JsonTooLargeError);
  });

  it('strict JSON - law: whatever the engine prints is read as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const text = JSON.stringify(value);
        expect(parseStrict(text, { charactersMax: 1e6, depthMax: 10, valuesMax: 1e5 })).toEqual(
          JSON.parse(text),
        );
      }),
    );
  });
});
