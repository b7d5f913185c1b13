import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HashKeys } from '../../../src/federation/store/hash-keys.ts';
import { SegmentFilters } from '../../../src/federation/store/segment-filters.ts';

const keys = new HashKeys('secret');
const hash = fc.integer({ min: 0, max: 50 }).map((n) => n.toString(16).padStart(16, '0'));
const segment = fc.constantFrom(0, 1, 31, 32, 33, 63, 64, 200);

type Step =
  | { readonly type: 'add'; readonly segment: number; readonly hash: string }
  | { readonly type: 'clear' | 'reload'; readonly segment: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('add' as const), segment, hash }) },
  fc.record({ type: fc.constantFrom('clear' as const, 'reload' as const), segment }),
);

describe('segment filters', () => {
  it('segment filters - a segment that has the hash is always named, whatever was added, stored and forgotten', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(3, 5, 8, 12),
        fc.array(step, { maxLength: 60, size: 'max' }),
        (placesLog2, steps) => {
          const filters = new SegmentFilters(placesLog2);
          const model = new Map<number, Set<string>>();
          for (const done of steps) {
            const held = model.get(done.segment) ?? new Set();
            model.set(done.segment, held);
            if (done.type === 'add') {
              filters.add(done.segment, keys.keyOf(done.hash));
              held.add(done.hash);
              continue;
            }
            const bits = filters.save(done.segment);
            expect(bits).toHaveLength(filters.bytes);
            filters.clear(done.segment);
            if (done.type === 'reload') filters.load(done.segment, bits);
            else held.clear();
          }
          for (let n = 0; n <= 50; n++) {
            const wanted = n.toString(16).padStart(16, '0');
            const candidates = filters.candidates(keys.keyOf(wanted));
            expect(new Set(candidates).size).toBe(candidates.length);
            for (const [number, held] of model) {
              if (held.has(wanted)) expect(candidates).toContain(number);
              if (held.size === 0) expect(candidates).not.toContain(number);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('segment filters - with 16 places a hash, fewer than one segment in 200 is named wrongly', () => {
    const filters = new SegmentFilters(16);
    const name = (n: number) => n.toString(16).padStart(64, '0');
    for (let n = 0; n < 4096 * 8; n++) filters.add(n >> 12, keys.keyOf(name(n)));
    let needless = 0;
    for (let n = 100_000; n < 120_000; n++) needless += filters.candidates(keys.keyOf(name(n))).length;
    expect(needless / (20_000 * 8)).toBeLessThan(1 / 200);
  });

  it('hash keys - another secret gives other keys, and ids that differ in one digit have very different tags', () => {
    const other = new HashKeys('another');
    const tags = new Set<number>();
    for (let n = 0; n < 256; n++) {
      const id = n.toString(16).padStart(64, 'a');
      expect(other.keyOf(id)).not.toEqual(keys.keyOf(id));
      tags.add(keys.keyOf(id).tag);
    }
    expect(tags.size).toBeGreaterThan(200);
  });
});
