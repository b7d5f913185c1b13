// Patterns of names, compared with the regular expression that they mean.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { matches } from '../../src/notify/choice.ts';

it('choice - a star stands for any characters, and everything else for itself', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 12 });
  fc.assert(
    fc.property(text, text, (pattern, written) => {
      const name = written.replaceAll('*', '-');
      const expected = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(name);
      expect(matches(pattern, name)).toBe(expected);
    }),
    { numRuns: 5_000 },
  );
});

it('choice - many stars and a long name take no time', () => {
  expect(matches('*a'.repeat(120) + '*b', 'a'.repeat(10_000))).toBe(false);
});
