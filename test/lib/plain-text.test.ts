// Texts of strangers on one line, with the quick path for plain texts and without it.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { oneLine, plainSentence, plainText } from '../../src/lib/plain-text.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom('a', ' ', '\n', '~', '!', '\u00a0', '\u202e', '😀', '\ud83d'),
    maxLength: 30,
  }),
);

it('plain text - is one well-formed line without control characters and with single spaces, of at most the length', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, charactersMax) => {
      const line = oneLine(text, charactersMax);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\n]|\s\s|^\s/u);
      expect(line.isWellFormed()).toBe(true);
      expect(line.length).toBeLessThanOrEqual(charactersMax + 1);
    }),
    { numRuns: 2_000 },
  );
});

it('plain text - what is plain stays as it is', () => {
  for (const text of ['Node a-1 went offline: silence', 'x', '']) expect(oneLine(text, 100)).toBe(text);
  expect(oneLine('  a \t b  ', 100)).toBe('a b');
  expect(oneLine('abcdef', 3)).toBe('abc…');
  expect(plainText('<@U1> `x` [y](z)', 100)).toBe('U1 x y (z)');
  expect(plainSentence('It is over.')).toBe('It is over');
});
