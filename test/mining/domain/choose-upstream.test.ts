import { expect, it } from 'vitest';
import { chooseUpstream, type UpstreamOrder } from '../../../src/mining/domain/choose-upstream.ts';
import type { UpstreamState } from '../../../src/mining/domain/upstream-state.ts';

/** An upstream: state, seconds since it came into it, height. */
type Row = readonly [UpstreamState, number, bigint | null];

const NOW_MS = 1_000_000;
const choose = (order: UpstreamOrder, active: string, rows: Readonly<Record<string, Row>>) =>
  chooseUpstream(
    Object.entries(rows).map(([name, [state, seconds, height]]) => ({
      name,
      state,
      sinceMs: NOW_MS - seconds * 1000,
      height,
    })),
    active,
    order,
    NOW_MS,
  );

it.each<readonly [string, UpstreamOrder, string, Readonly<Record<string, Row>>, string]>([
  ['a ready one stays', 'order', 'a', { a: ['ready', 5, 1n], b: ['ready', 500, 9n] }, 'a'],
  ['a degraded one stays', 'order', 'a', { a: ['degraded', 5, 1n], b: ['ready', 500, 9n] }, 'a'],
  ['a probing one gets its time', 'order', 'a', { a: ['probing', 1, null], b: ['ready', 1, 9n] }, 'a'],
  ['a down one is left', 'order', 'a', { a: ['down', 0, 1n], b: ['ready', 1, 1n] }, 'b'],
  ['in order', 'order', 'a', { a: ['down', 0, 1n], b: ['down', 1, 1n], c: ['degraded', 1, 1n] }, 'c'],
  [
    'to an earlier one too',
    'order',
    'c',
    { a: ['down', 0, 1n], b: ['ready', 1, 1n], c: ['down', 0, 1n] },
    'b',
  ],
  ['if none works it stays', 'order', 'a', { a: ['down', 0, 1n], b: ['probing', 0, null] }, 'a'],
  ['no return before a minute', 'order', 'b', { a: ['ready', 59, 1n], b: ['ready', 500, 1n] }, 'b'],
  ['return after a minute', 'order', 'b', { a: ['ready', 60, 1n], b: ['ready', 500, 1n] }, 'a'],
  ['no return to a degraded one', 'order', 'b', { a: ['degraded', 99, 1n], b: ['ready', 1, 1n] }, 'b'],
  [
    'never on to a later one',
    'order',
    'b',
    { a: ['down', 9, 1n], b: ['ready', 1, 1n], c: ['ready', 99, 9n] },
    'b',
  ],
  ['the newest', 'newest', 'a', { a: ['ready', 5, 1n], b: ['ready', 5, 2n], c: ['ready', 5, 3n] }, 'c'],
  ['equal heights stay', 'newest', 'b', { a: ['ready', 99, 2n], b: ['ready', 5, 2n] }, 'b'],
  ['a down one is not the newest', 'newest', 'a', { a: ['ready', 5, 1n], b: ['down', 5, 2n] }, 'a'],
  [
    'the newest that works',
    'newest',
    'a',
    { a: ['down', 5, 9n], b: ['ready', 5, 2n], c: ['ready', 5, 3n] },
    'c',
  ],
  ['none works', 'newest', 'b', { a: ['down', 5, 9n], b: ['down', 5, 2n] }, 'b'],
  ['the active one is gone', 'order', 'x', { a: ['probing', 5, null], b: ['down', 5, 2n] }, 'a'],
])('choice of the upstream - %s', (_, order, active, rows, chosen) => {
  expect(choose(order, active, rows)).toBe(chosen);
});
