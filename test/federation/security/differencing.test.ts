// Conclusions that a reader can draw by subtracting published places from each other, within one publication and
// between two: what PRIVACY_MIN_CELL and the hourly interval protect, and what they do not (docs/security.md).

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Distribution,
  LOCATION_INTERVAL_MS,
  placeDistribution,
} from '../../../src/federation/domain/statistics.ts';
import { NO_STATISTICS } from '../../../src/federation/http/no-statistics.ts';
import { Ticker } from '../../../src/federation/sinks/ticker.ts';
import { until } from '../../support/until.ts';

const MINIMUM = 3;
const CELLS = ['48.0,11.5', '52.5,13.0', '40.5,-74.0', '-34.0,151.0', 'unknown'] as const;
type Counts = ReadonlyMap<string, number>;

const counts = fc
  .tuple(...CELLS.map(() => fc.oneof(fc.nat(4), fc.nat(12))))
  .map((numbers) => new Map(CELLS.map((cell, index) => [cell, numbers[index] ?? 0])));
const publish = (of: Counts) => placeDistribution(of, MINIMUM);
const totalOf = (of: Counts) => [...of.values()].reduce((sum, count) => sum + count, 0);
const plusOne = (of: Counts, cell: string): Counts => new Map(of).set(cell, (of.get(cell) ?? 0) + 1);
const same = (a: Distribution, b: Distribution) => JSON.stringify(a) === JSON.stringify(b);

/** Every way to spread this number of nodes over the cells from this one on. */
function* spread(left: number, index: number): Generator<number[]> {
  if (index === CELLS.length - 1) yield [left];
  else
    for (let count = 0; count <= left; count++)
      for (const rest of spread(left - count, index + 1)) yield [count, ...rest];
}

/** Every way to spread this number of nodes over the cells that gives this publication. */
function* worldsOf(published: Distribution, total: number): Generator<Counts> {
  for (const numbers of spread(total, 0)) {
    const world = new Map(CELLS.map((cell, index) => [cell, numbers[index] ?? 0]));
    if (same(publish(world), published)) yield world;
  }
}

describe('differencing', () => {
  it('differencing - in one publication no sum and no remainder stands for fewer nodes than the minimum', () => {
    fc.assert(
      fc.property(counts, (of) => {
        const published = publish(of);
        const all = totalOf(of);
        let rest = all;
        for (const count of Object.values(published)) {
          expect(count).toBeGreaterThanOrEqual(MINIMUM);
          rest -= count;
        }
        // The number of active nodes is public: the nodes missing from the cells must be none, or all.
        expect(all < MINIMUM ? rest === all : rest === 0).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('differencing - a cell below the minimum in both of two publications is in neither, whichever other nodes come and go', () => {
    fc.assert(
      fc.property(counts, counts, (before, after) => {
        for (const cell of CELLS) {
          if (Math.max(before.get(cell) ?? 0, after.get(cell) ?? 0) >= MINIMUM) continue;
          expect(publish(before)).not.toHaveProperty([cell]);
          expect(publish(after)).not.toHaveProperty([cell]);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('differencing - the place of a node that joins a cell which stays below the minimum cannot be derived', () => {
    const small = fc
      .tuple(...CELLS.map(() => fc.nat(4)))
      .map((numbers) => new Map(CELLS.map((cell, index) => [cell, numbers[index] ?? 0])));
    let tried = 0;
    fc.assert(
      fc.property(small, fc.constantFrom(...CELLS), (before, cell) => {
        const after = plusOne(before, cell);
        const [first, second] = [publish(before), publish(after)];
        // Folded in both, and not alone in it.
        if (first[cell] !== undefined || second[cell] !== undefined || !('other' in first)) return;
        const folded = CELLS.filter((name) => !(name in first) && !(name in second));
        if (folded.length < 2) return;
        tried++;
        const candidates = new Set<string>();
        for (const world of worldsOf(first, totalOf(before))) {
          for (const name of CELLS) if (same(publish(plusOne(world, name)), second)) candidates.add(name);
        }
        expect(candidates.size).toBeGreaterThan(1);
      }),
      { numRuns: 150, seed: 7 },
    );
    expect(tried).toBeGreaterThan(5);
  });

  it('differencing - places are counted at most once an hour, whichever nodes come and go, also after catching up', async () => {
    let nowMs = 0;
    let reads = 0;
    let isCaughtUp = true;
    const shown = new Map<number, Distribution>();
    const ticker = new Ticker(
      { intervalMs: 1, publishes: false, aggregatorId: 'a' },
      {
        readStatistics: (atMs) =>
          Promise.resolve({
            nowMs: atMs,
            periods: { '1h': NO_STATISTICS, '24h': NO_STATISTICS, '7d': NO_STATISTICS, all: NO_STATISTICS },
          }),
        readGeography: () => {
          reads++;
          return Promise.resolve({ continentDistribution: { EU: reads }, locationDistribution: {} });
        },
        publish: () => Promise.resolve(true),
        store: () => undefined,
        done: (tick) => void shown.set(tick.nowMs, tick.periods.all.continentDistribution),
        failed: (error) => {
          throw error;
        },
        isCaughtUp: () => isCaughtUp,
        nowMs: () => nowMs,
        monotonicMs: () => nowMs,
      },
    );
    ticker.start();
    const shownAt = async (atMs: number) => {
      isCaughtUp = false;
      nowMs = atMs;
      isCaughtUp = true;
      return until('a tick', () => shown.get(atMs));
    };
    for (const atMs of [1, 30_000, 1_800_000, LOCATION_INTERVAL_MS - 1])
      expect(await shownAt(atMs)).toEqual({ EU: 1 });
    for (const sinceMs of [1, 30_000])
      expect(await shownAt(LOCATION_INTERVAL_MS + sinceMs)).toEqual({ EU: 2 });
    await ticker.stop();
  });

  it('nothing stops: subtract from a continent, in one publication, the cells that lie in it', () => {
    // Nine nodes in Europe and Asia; a reader knows on which continent a cell lies.
    const continents = publish(
      new Map([
        ['EU', 6],
        ['AS', 3],
      ]),
    );
    const locations = publish(
      new Map([
        ['48.0,11.5', 5],
        ['52.5,13.0', 1],
        ['35.5,139.5', 3],
      ]),
    );
    expect(continents).toEqual({ EU: 6, AS: 3 });
    expect(locations).toEqual({ '48.0,11.5': 5, other: 4 });
    // One node is in Europe and not in the cell.
    expect((continents['EU'] ?? 0) - (locations['48.0,11.5'] ?? 0)).toBe(1);
  });

  it('nothing stops: learn the place of the only node that joins between two publications, from the cell that grows', () => {
    const before = new Map([
      ['48.0,11.5', 3],
      ['52.5,13.0', 5],
    ]);
    const after = publish(plusOne(before, '48.0,11.5'));
    expect(after['48.0,11.5']).toBe((publish(before)['48.0,11.5'] ?? 0) + 1);
  });

  it('nothing stops: lift a cell over the minimum with invented nodes, and subtract them to get the real ones', () => {
    const cell = '-34.0,151.0';
    const real = new Map([
      [cell, 1],
      ['48.0,11.5', 6],
    ]);
    expect(publish(real)).not.toHaveProperty([cell]);
    const invented = MINIMUM - 1;
    expect((publish(new Map(real).set(cell, 1 + invented))[cell] ?? 0) - invented).toBe(1);
  });
});
