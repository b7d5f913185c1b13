import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonObject, mergePatch } from '../../src/lib/merge-patch.ts';

/** RFC 7396, implemented a second time. */
function apply(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result = new Map(
    typeof target === 'object' && target !== null && !Array.isArray(target) ? Object.entries(target) : [],
  );
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, apply(result.get(name), value));
  }
  return Object.fromEntries(result);
}

/** A patch cannot say null: to a reader a null member and none are the same. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutNulls(member)]));
}

const leaf = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.integer(), { maxLength: 3 }),
);
const names = fc.constantFrom('a', 'b', 'c', '__proto__', 'toString');
const { document } = fc.letrec<{ document: JsonObject; value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, leaf, tie('document')),
  document: fc.dictionary(names, tie('value') as fc.Arbitrary<never>, { maxKeys: 4 }),
}));

describe('merge patch', () => {
  it('merge patch - the patch turns any document into any other', () => {
    fc.assert(
      fc.property(document, document, (before, after) => {
        const patch = mergePatch(before, after);
        expect(withoutNulls(patch === undefined ? before : apply(before, patch))).toEqual(
          withoutNulls(after),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [{ a: 1 }, { a: 1 }, undefined],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, { b: 3 }],
    [{ a: { b: 1, c: 2 } }, { a: { b: 1 } }, { a: { c: null } }],
    [{ a: [1, 2] }, { a: [1, 2] }, undefined],
    [{ a: [1, 2] }, { a: [1] }, { a: [1] }],
    [{}, { a: { b: 1 } }, { a: { b: 1 } }],
  ])('%j to %j is %j', (before, after, patch) => {
    expect(mergePatch(before, after)).toEqual(patch);
  });
});
