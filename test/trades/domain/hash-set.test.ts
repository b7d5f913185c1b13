// The set of hashes against a plain set, over every growth.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import { HashSet64 } from '../../../src/trades/domain/hash-set.ts';

const HALF = fc.oneof(fc.constantFrom(0, 1, 2 ** 32 - 1), fc.integer({ min: 0, max: 2 ** 32 - 1 }));

it('hash set - has what was added, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(HALF, HALF), { maxLength: 200 }), (hashes) => {
      const set = new HashSet64();
      const plain = new Set<string>();
      // Zeros stand for their neighbour.
      const nameOf = (high: number, low: number) => (high === 0 && low === 0 ? '0 1' : `${high} ${low}`);
      for (const [high, low] of hashes) {
        expect(set.has(high, low)).toBe(plain.has(nameOf(high, low)));
        expect(set.add(high, low)).toBe(!plain.has(nameOf(high, low)));
        plain.add(nameOf(high, low));
      }
      for (const [high, low] of hashes) expect(set.has(high, low)).toBe(true);
    }),
  );
});

it('hash set - many hashes are found again after every growth, in few bytes each', () => {
  const set = new HashSet64();
  const hashes = 60_000;
  const draw = () => {
    const random = createRandom(7, 'hashes');
    return () => [random.below(2 ** 32), random.below(2 ** 32)] as const;
  };
  const next = draw();
  let lost = 0;
  for (let index = 0; index < hashes; index++) {
    if (!set.add(...next())) lost++;
    // Some that came long before.
    if ((index & (index - 1)) === 0) {
      const again = draw();
      for (let count = 0; count <= index; count++) if (!set.has(...again())) lost++;
    }
  }
  expect(lost).toBe(0);
  expect(set.bytes / hashes).toBeLessThan(11);
});

it('hash set - hashes that all begin at the end of a table go on at its beginning', () => {
  const set = new HashSet64();
  for (let high = 0; high < 2_000; high += 4) expect(set.add(high, 2 ** 32 - 1)).toBe(true);
  for (let high = 0; high < 2_000; high += 4) expect(set.add(high, 2 ** 32 - 1)).toBe(false);
});
