// When an input stream counts as removed from the cluster.

import { expect, it } from 'vitest';
import { GONE_AFTER_MS, GoneStreams } from '../../../src/federation/domain/gone-streams.ts';

it('gone streams - a name that is missing for a minute, and not one that comes back or was never known', () => {
  const gone = new GoneStreams();
  const see = (existing: readonly string[], nowMs: number) => {
    gone.see(existing, ['a', 'b'], nowMs);
    return [...gone.names];
  };
  expect(see(['a', 'b', 'c'], 0)).toEqual([]);
  expect(see(['a'], 1_000)).toEqual([]);
  expect(see(['a'], 999 + GONE_AFTER_MS)).toEqual([]);
  expect(see(['a'], 1_000 + GONE_AFTER_MS)).toEqual(['b']);
  // It was made anew, and goes again.
  expect(see(['a', 'b'], 2_000 + GONE_AFTER_MS)).toEqual([]);
  expect(see(['a'], 3_000 + GONE_AFTER_MS)).toEqual([]);
  expect(see(['a'], 3_000 + 2 * GONE_AFTER_MS)).toEqual(['b']);
});

it('gone streams - one that is not known any more is forgotten', () => {
  const gone = new GoneStreams();
  gone.see([], ['a'], 0);
  gone.see([], ['a'], GONE_AFTER_MS);
  expect([...gone.names]).toEqual(['a']);
  gone.see([], [], GONE_AFTER_MS + 1);
  expect([...gone.names]).toEqual([]);
});
