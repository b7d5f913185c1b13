import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldPlaces, mergePartials } from '../../../src/federation/domain/merge.ts';
import {
  type LabelCounts,
  type PartialStatistics,
  type PeriodCounts,
  type PlacesPartial,
  readPartial,
  readPlacesPartial,
} from '../../../src/federation/domain/partial.ts';
import type { Period } from '../../../src/federation/domain/vocabulary.ts';
import { NOW_MS } from '../store/events.ts';

const count = fc.nat(1_000_000);
const closed = (labels: number) => fc.array(count, { minLength: labels + 1, maxLength: labels + 1 });
const open: fc.Arbitrary<LabelCounts> = fc.array(
  fc.tuple(
    fc.oneof(
      fc.nat(80).map((label) => `label-${label}`),
      fc.constantFrom('unknown', 'other', '__proto__', '1', ''),
    ),
    count,
  ),
  { maxLength: 100 },
);
const period: fc.Arbitrary<PeriodCounts> = fc.record({
  received: count,
  completed: count,
  failed: count,
  cached: count,
  invoices: count,
  executionTimes: closed(8),
  gasAmounts: closed(5),
  stepCounts: closed(5),
  memorySizes: closed(4),
  chains: open,
  taskTypes: open,
});
const partial: fc.Arbitrary<PartialStatistics> = fc.record({
  nowMs: fc.constant(NOW_MS),
  progress: count,
  sources: fc.array(
    fc.record({
      stream: fc.constantFrom('TRUEBIT_INGEST_1', 'TRUEBIT_INGEST_2'),
      incarnation: fc.constant('2026-01-01T00:00:00Z#1'),
      upto: count,
      watermarkMs: count,
      isAway: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  nodes: fc.record({ online: count, stale: count, offline: count }),
  periods: fc.record({ '1h': period, '24h': period, '7d': period, all: period }),
});
const places: fc.Arbitrary<PlacesPartial> = fc.record({
  continents: fc.array(fc.tuple(fc.constantFrom('EU', 'AS', 'unknown'), fc.nat(5)), { maxLength: 5 }),
  locations: fc.array(
    fc.tuple(
      fc.nat(70).map((cell) => `${cell}.0,11.5`),
      fc.nat(5),
    ),
    { maxLength: 70 },
  ),
});

const added = (parts: readonly (readonly number[])[]) =>
  (parts[0] ?? []).map((_, index) => parts.reduce((sum, part) => sum + (part[index] ?? 0), 0));
const whole = (parts: readonly number[]) => parts.reduce((sum, part) => sum + part, 0);

/** What one database would have counted that holds all that these hold. */
function asOne(parts: readonly PartialStatistics[]): PartialStatistics {
  const join = (of: readonly PeriodCounts[]): PeriodCounts => ({
    received: whole(of.map(({ received }) => received)),
    completed: whole(of.map(({ completed }) => completed)),
    failed: whole(of.map(({ failed }) => failed)),
    cached: whole(of.map(({ cached }) => cached)),
    invoices: whole(of.map(({ invoices }) => invoices)),
    executionTimes: added(of.map(({ executionTimes }) => executionTimes)),
    gasAmounts: added(of.map(({ gasAmounts }) => gasAmounts)),
    stepCounts: added(of.map(({ stepCounts }) => stepCounts)),
    memorySizes: added(of.map(({ memorySizes }) => memorySizes)),
    chains: joinLabels(of.map(({ chains }) => chains)),
    taskTypes: joinLabels(of.map(({ taskTypes }) => taskTypes)),
  });
  const periods = (name: Period) => join(parts.map((part) => part.periods[name]));
  return {
    nowMs: NOW_MS,
    progress: 0,
    sources: [],
    nodes: {
      online: whole(parts.map(({ nodes }) => nodes.online)),
      stale: whole(parts.map(({ nodes }) => nodes.stale)),
      offline: whole(parts.map(({ nodes }) => nodes.offline)),
    },
    periods: { '1h': periods('1h'), '24h': periods('24h'), '7d': periods('7d'), all: periods('all') },
  };
}

function joinLabels(lists: readonly LabelCounts[]): LabelCounts {
  const labels = [...new Set(lists.flat().map(([label]) => label))];
  return labels.map((name) => [name, whole(lists.flat().map(([label, of]) => (label === name ? of : 0)))]);
}

describe('merge', () => {
  it('merge - statistics of parts, in any order, are those of the whole', () => {
    fc.assert(
      fc.property(fc.array(partial, { minLength: 1, maxLength: 5 }), (parts) => {
        const expected = JSON.stringify(mergePartials([asOne(parts)]));
        expect(JSON.stringify(mergePartials(parts))).toBe(expected);
        expect(JSON.stringify(mergePartials(parts.toReversed()))).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('merge - places are added before small cells are folded', () => {
    const two: PlacesPartial = { continents: [['EU', 2]], locations: [['48.0,11.5', 2]] };
    expect(foldPlaces([two], 3)).toEqual({ continentDistribution: {}, locationDistribution: {} });
    expect(foldPlaces([two, two], 3)).toEqual({
      continentDistribution: { EU: 4 },
      locationDistribution: { '48.0,11.5': 4 },
    });
    fc.assert(
      fc.property(fc.array(places, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (parts, minimum) => {
        const one = {
          continents: joinLabels(parts.map(({ continents }) => continents)),
          locations: joinLabels(parts.map(({ locations }) => locations)),
        };
        expect(JSON.stringify(foldPlaces(parts, minimum))).toBe(JSON.stringify(foldPlaces([one], minimum)));
      }),
      { numRuns: 300 },
    );
  });

  it('merge - nothing, or counts of two moments, cannot be merged', () => {
    const [one] = fc.sample(partial, 1);
    if (one === undefined) throw new Error('no sample');
    expect(() => mergePartials([])).toThrow(RangeError);
    expect(() => mergePartials([one, { ...one, nowMs: NOW_MS + 1 }])).toThrow(RangeError);
  });
});

describe('partials of other processes', () => {
  it('partials of other processes - they are read as they were sent', () => {
    fc.assert(
      fc.property(partial, places, (sent, of) => {
        expect(readPartial(JSON.parse(JSON.stringify(sent)))).toEqual(sent);
        expect(readPlacesPartial(JSON.parse(JSON.stringify(of)))).toEqual(of);
      }),
      { numRuns: 100 },
    );
  });

  it('partials of other processes - rubbish anywhere in them is refused, and never throws', () => {
    const rubbish = fc.constantFrom<unknown>(null, -1, 1.5, 2 ** 53, '1', {}, [], [['a']], [['a', -1]], true);
    /** Every place in the value, as a path. */
    const pathsIn = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
      typeof value === 'object' && value !== null
        ? [path, ...Object.entries(value).flatMap(([name, member]) => pathsIn(member, [...path, name]))]
        : [path];
    const put = (value: unknown, [name, ...rest]: readonly string[], what: unknown): unknown => {
      if (name === undefined) return what;
      const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
        string,
        unknown
      >;
      copy[name] = put(copy[name], rest, what);
      return copy;
    };
    let refused = 0;
    fc.assert(
      fc.property(partial, fc.nat(), rubbish, (sent, place, what) => {
        const paths = pathsIn(sent);
        const damaged = put(sent, paths[place % paths.length] ?? [], what);
        const read = readPartial(damaged);
        // What is accepted can be merged, and gives whole numbers that are not negative.
        if (read === null) refused++;
        else
          for (const { totalTasks } of Object.values(mergePartials([read]).periods))
            expect(totalTasks >= 0).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(500);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readPartial(value)).toBeNull();
      }),
    );
  });
});
