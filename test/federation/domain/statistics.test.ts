import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  closedDistribution,
  type Distribution,
  OPEN_LABELS_PUBLISHED_MAX,
  openDistribution,
  percent,
  placeDistribution,
} from '../../../src/federation/domain/statistics.ts';

const sum = (distribution: Distribution) =>
  Object.values(distribution).reduce((total, count) => total + count, 0);
const total = (counts: ReadonlyMap<string, number>) =>
  [...counts.values()].reduce((all, count) => all + count, 0);

describe('percent', () => {
  it.each([
    [1520, 1547, 98.2],
    [342, 1547, 22.1],
    [0, 0, 0],
    [0, 1, 0],
    [1, 1, 100],
    [999_999, 1_000_000, 99.9],
    [1, 1_000_000, 0],
    [1, 1000, 0.1],
    [1, 1001, 0],
    [2, 3, 66.6],
    [1, 3, 33.3],
    [57, 1000, 5.7],
    [29, 100, 29],
    [58, 100, 58],
    [1, 2_000_000_000, 0],
    [1_999_999_999, 2_000_000_000, 99.9],
  ])('percent - %i of %i is published as %d', (part, whole, rate) => {
    expect(percent(part, whole)).toBe(rate);
  });

  it('percent - the published rate is never above the true value, and less than 0.1 below it', () => {
    const counts = fc
      .oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 1_000_000_000_000 }))
      .chain((whole) => fc.tuple(fc.integer({ min: 0, max: whole }), fc.constant(whole)));
    fc.assert(
      fc.property(counts, ([part, whole]) => {
        const rate = percent(part, whole);
        const tenths = BigInt(Math.round(rate * 10));
        // One decimal exactly as written, then exact arithmetic.
        expect(rate).toBe(Number(tenths) / 10);
        expect(tenths * BigInt(whole) <= BigInt(part) * 1000n).toBe(true);
        expect((tenths + 1n) * BigInt(whole) > BigInt(part) * 1000n).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('closed distribution', () => {
  const LABELS = ['<64MB', '64-256MB', '256MB-1GB', '>1GB'];

  it.each([
    [[], ['<64MB:0', '64-256MB:0', '256MB-1GB:0', '>1GB:0']],
    [
      [1, 0, 3, 0, 0],
      ['<64MB:1', '64-256MB:0', '256MB-1GB:3', '>1GB:0'],
    ],
    [
      [0, 2, 0, 0, 7],
      ['<64MB:0', '64-256MB:2', '256MB-1GB:0', '>1GB:0', 'unknown:7'],
    ],
  ])('closed distribution - %j', (counts, entries) => {
    const distribution = closedDistribution(LABELS, counts);
    expect(Object.entries(distribution).map(([label, count]) => `${label}:${count}`)).toEqual(entries);
    expect(sum(distribution)).toBe(counts.reduce((all, count) => all + count, 0));
  });
});

describe('open distribution', () => {
  const numbered = (count: number, value: (index: number) => number) =>
    new Map(
      Array.from({ length: count }, (_, index) => [`label-${String(index).padStart(3, '0')}`, value(index)]),
    );

  it('open distribution - labels are sorted by count, the largest first, then by name', () => {
    const counts = new Map([
      ['b', 3],
      ['unknown', 7],
      ['c', 3],
      ['a', 3],
      ['none', 0],
    ]);
    expect(Object.entries(openDistribution(counts))).toEqual([
      ['unknown', 7],
      ['a', 3],
      ['b', 3],
      ['c', 3],
    ]);
  });

  it('open distribution - chains are sorted by count', () => {
    const counts = new Map([
      ['137', 47],
      ['1', 1200],
      ['5', 300],
    ]);
    expect(JSON.stringify(openDistribution(counts))).toBe('{"1":1200,"5":300,"137":47}');
  });

  it('open distribution - 50 labels are all published, without other', () => {
    const counts = numbered(50, (index) => index + 1);
    expect(Object.keys(openDistribution(counts))).toEqual([...counts.keys()].toReversed());
  });

  it('open distribution - of 51 labels the smallest is folded into other, the last by name where counts are equal', () => {
    expect(OPEN_LABELS_PUBLISHED_MAX).toBe(50);
    const distribution = openDistribution(numbered(51, () => 2));
    expect(Object.keys(distribution)).toHaveLength(51);
    expect(distribution).toMatchObject({ 'label-000': 2, 'label-049': 2, other: 2 });
    expect(distribution).not.toHaveProperty('label-050');
  });

  it('open distribution - labels beyond those kept are counted in other, which is never one of the 50', () => {
    const counts = numbered(60, () => 1).set('other', 1000);
    const distribution = openDistribution(counts);
    expect(Object.keys(distribution).at(-1)).toBe('other');
    expect(distribution['other']).toBe(1010);
    expect(Object.keys(distribution)).toHaveLength(51);
  });

  it('open distribution - no counts give no labels, and names that every object has can be labels', () => {
    expect(openDistribution(new Map())).toEqual({});
    const distribution = openDistribution(
      new Map([
        ['__proto__', 2],
        ['constructor', 1],
      ]),
    );
    expect(Object.entries(distribution)).toEqual([
      ['__proto__', 2],
      ['constructor', 1],
    ]);
    expect(JSON.stringify(distribution)).toBe('{"__proto__":2,"constructor":1}');
  });

  it('open distribution - folding keeps the sum, and no folded label is larger than a published one', () => {
    const counts = fc
      .array(fc.tuple(fc.stringMatching(/^[a-z0-9]{1,3}$/), fc.nat(20)), { maxLength: 150 })
      .map((entries) => new Map(entries));
    fc.assert(
      fc.property(counts, (labels) => {
        const distribution = openDistribution(labels);
        expect(sum(distribution)).toBe(total(labels));
        const published = Object.entries(distribution).filter(([label]) => label !== 'other');
        expect(published.length).toBeLessThanOrEqual(50);
        for (const [label, count] of published) expect(count).toBe(labels.get(label));
        const least = Math.min(...published.map(([, count]) => count));
        for (const [label, count] of labels) {
          if (!Object.hasOwn(distribution, label) && label !== 'other')
            expect(count).toBeLessThanOrEqual(least);
          if (!Object.hasOwn(distribution, label) && count > 0) expect(published).toHaveLength(50);
        }
      }),
    );
  });
});

describe('place distribution', () => {
  const places = (counts: Readonly<Record<string, number>>, minimum = 3) =>
    Object.entries(placeDistribution(new Map(Object.entries(counts)), minimum)).map(
      ([cell, count]) => `${cell}:${count}`,
    );

  it.each([
    ['no nodes', {}, []],
    ['fewer nodes than the minimum', { EU: 2 }, []],
    ['fewer nodes than the minimum in several cells', { EU: 1, AF: 1 }, []],
    ['as many as the minimum', { EU: 3 }, ['EU:3']],
    ['every cell at the minimum', { EU: 3, AF: 3 }, ['AF:3', 'EU:3']],
    ['small cells that together reach it', { EU: 5, AF: 2, AS: 2 }, ['EU:5', 'other:4']],
    ['one small cell takes the smallest with it', { EU: 9, NA: 5, AF: 1 }, ['EU:9', 'other:6']],
    ['two small cells below it take one more', { EU: 9, NA: 5, AF: 1, AS: 1 }, ['EU:9', 'other:7']],
    ['and everything if there is but one', { EU: 9, AF: 1 }, ['other:10']],
    ['small cells that reach it exactly', { EU: 9, AF: 1, AS: 2 }, ['EU:9', 'other:3']],
    ['only small cells', { EU: 2, AF: 2, AS: 1 }, ['other:5']],
    ['empty cells are none', { EU: 4, AF: 0 }, ['EU:4']],
    ['equal cells: the last by name goes', { EU: 3, AF: 3, AS: 1 }, ['AF:3', 'other:4']],
  ])('place distribution - %s', (_what, counts, cells) => {
    expect(places(counts)).toEqual(cells);
  });

  it('place distribution - a minimum of 1 folds nothing', () => {
    expect(places({ EU: 2, AF: 1 }, 1)).toEqual(['EU:2', 'AF:1']);
  });

  it('place distribution - at most 50 cells are published by name', () => {
    const counts = new Map(Array.from({ length: 80 }, (_, index) => [`${index}.0,0.0`, 10]));
    const distribution = placeDistribution(counts, 3);
    expect(Object.keys(distribution)).toHaveLength(51);
    expect(distribution['other']).toBe(300);
  });

  it('place distribution - no published cell is below the minimum, no node is lost, and no cell is folded without need', () => {
    const cells = fc
      .array(fc.tuple(fc.stringMatching(/^[A-Z]{2}$/), fc.oneof(fc.nat(4), fc.nat(40))), { maxLength: 90 })
      .map((entries) => new Map(entries));
    fc.assert(
      fc.property(cells, fc.integer({ min: 0, max: 12 }), (counts, minimum) => {
        const distribution = placeDistribution(counts, minimum);
        const all = total(counts);
        if (all < minimum || all === 0) {
          expect(distribution).toEqual({});
          return;
        }
        expect(sum(distribution)).toBe(all);
        for (const [cell, count] of Object.entries(distribution)) {
          expect(count).toBeGreaterThanOrEqual(minimum);
          if (cell !== 'other') expect(count).toBe(counts.get(cell));
        }
        const folded = [...counts].filter(([cell, count]) => count > 0 && !Object.hasOwn(distribution, cell));
        const largest = Math.max(0, ...folded.map(([, count]) => count));
        const others = (distribution['other'] ?? 0) - largest;
        const isNeeded = largest < minimum || (others > 0 && others < minimum);
        const named = Object.keys(distribution).filter((cell) => cell !== 'other').length;
        if (folded.length > 0) expect(isNeeded || named === 50).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
