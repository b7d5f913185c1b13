import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  closedVocabulary,
  LabelReader,
  locationCell,
  WRONG_TYPE,
} from '../../../src/federation/domain/labels.ts';
import { LABEL_DIMENSIONS } from '../../../src/federation/domain/vocabulary.ts';

describe('location', () => {
  it.each([
    ['48.0,11.5', '48.0,11.5'],
    ['48,11', '48.0,11.0'],
    ['48.4,11.9', '48.0,11.5'],
    ['48.5,11.4', '48.5,11.0'],
    ['0,0', '0.0,0.0'],
    ['-0.0,-0', '0.0,0.0'],
    ['0.4,-0.0', '0.0,0.0'],
    ['-0.1,-0.4', '-0.5,-0.5'],
    ['-0.5,-0.6', '-0.5,-1.0'],
    ['-33.9,151.2', '-34.0,151.0'],
    ['-34.0,-58.4', '-34.0,-58.5'],
    ['90,180', '90.0,180.0'],
    ['-90,-180', '-90.0,-180.0'],
    ['90.0,180.0', '90.0,180.0'],
    ['-89.9,-179.9', '-90.0,-180.0'],
    ['89.9,179.9', '89.5,179.5'],
    ['08.0,011.5', '8.0,11.5'],
  ])('location - %s lies in %s', (text, cell) => {
    expect(locationCell(text)).toBe(cell);
  });

  it.each([
    '',
    ',',
    '48.0',
    '48.0,',
    ',11.5',
    '48.0,11.5,',
    '48.0,11.5,0',
    '48.15,11.5',
    '48.0,11.58',
    '48.,11.5',
    '.5,11.5',
    '48.0, 11.5',
    ' 48.0,11.5',
    '48.0,11.5 ',
    '48.0,11.5\n',
    '48.0;11.5',
    '+48.0,11.5',
    '--48.0,11.5',
    '4e1,11.5',
    '0x10,11.5',
    'NaN,0',
    'Infinity,0',
    '90.1,0',
    '-90.1,0',
    '91,0',
    '0,180.1',
    '0,-180.1',
    '0,181',
    '0,1000',
    '11.5N,48.0E',
    '\u0664\u0668,\u0661\u0661',
    'Munich',
  ])('location - %j is not a location', (text) => {
    expect(locationCell(text)).toBeNull();
  });

  it('location - every place of a tenth of a degree lies in a half-degree cell to its south-west', () => {
    const tenths = (limit: number) => fc.integer({ min: -limit * 10, max: limit * 10 });
    const spelled = (value: number) =>
      `${value < 0 ? '-' : ''}${Math.trunc(Math.abs(value) / 10)}.${Math.abs(value) % 10}`;
    fc.assert(
      fc.property(tenths(90), tenths(180), (latitude, longitude) => {
        const cell = locationCell(`${spelled(latitude)},${spelled(longitude)}`) ?? '';
        expect(cell).toMatch(/^(?!-0\.0)-?\d{1,2}\.[05],(?!-0\.0)-?\d{1,3}\.[05]$/);
        const [south = NaN, west = NaN] = cell.split(',').map((edge) => Math.round(Number(edge) * 10));
        expect(latitude - south).toBeGreaterThanOrEqual(0);
        expect(latitude - south).toBeLessThan(5);
        expect(longitude - west).toBeGreaterThanOrEqual(0);
        expect(longitude - west).toBeLessThan(5);
        // Rounding a cell to cells gives the same cell.
        expect(locationCell(cell)).toBe(cell);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('labels', () => {
  const memory = closedVocabulary('memoryUsedBucket', ['<64MB', '64-256MB']);
  const MEMORY = LABEL_DIMENSIONS.indexOf('memoryUsedBucket');
  const OPERATION = LABEL_DIMENSIONS.indexOf('operation');
  const LOCATION = LABEL_DIMENSIONS.indexOf('locationBucket');

  it.each([
    ['<64MB', 0, []],
    ['64-256MB', 1, []],
    ['unknown', 2, []],
    [null, 2, []],
    [undefined, 2, []],
    ['Unknown', 2, [MEMORY]],
    ['', 2, [MEMORY]],
    ['__proto__', 2, [MEMORY]],
    [0, WRONG_TYPE, []],
    [['<64MB'], WRONG_TYPE, []],
  ])('labels - closed %j', (value, index, unknown) => {
    const reader = new LabelReader();
    expect(reader.closed(memory, value)).toBe(index);
    expect(reader.unknown).toEqual(unknown);
  });

  it.each([
    ['compute', 'compute', []],
    ['__proto__', '__proto__', []],
    ['a b', 'a b', []],
    ['unknown', null, []],
    [null, null, []],
    [undefined, null, []],
    ['', null, [OPERATION]],
    [' a', null, [OPERATION]],
    ['a\n', null, [OPERATION]],
    ['a'.repeat(65), null, [OPERATION]],
    ['\u00e9', null, [OPERATION]],
    ['10.0.0.1', '10.0.0.1', []],
    [1, WRONG_TYPE, []],
    [true, WRONG_TYPE, []],
  ])('labels - open %j, whatever labels were read before', (value, label, unknown) => {
    const reader = new LabelReader();
    expect(reader.open(OPERATION, value, false)).toBe(label);
    expect(reader.open(OPERATION, value, false)).toBe(label);
    expect(reader.unknown).toEqual([...unknown, ...unknown]);
  });

  it.each([
    [1, '1'],
    [0, '0'],
    [11_155_111, '11155111'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [1.5, WRONG_TYPE],
    [NaN, WRONG_TYPE],
    [Infinity, WRONG_TYPE],
  ])('labels - an integer label %s', (value, label) => {
    expect(new LabelReader().open(0, value, true)).toBe(label);
  });

  it('labels - a location is read as its cell', () => {
    const reader = new LabelReader();
    expect(
      ['48.3,11.9', 'unknown', null, undefined, 7].map((value) => reader.location(LOCATION, value)),
    ).toEqual(['48.0,11.5', null, null, null, WRONG_TYPE]);
    expect(reader.unknown).toEqual([]);
    expect(reader.location(LOCATION, '48.25,11.9')).toBeNull();
    expect(reader.unknown).toEqual([LOCATION]);
  });
});
