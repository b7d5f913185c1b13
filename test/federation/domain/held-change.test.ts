import { expect, it } from 'vitest';
import { HeldChange } from '../../../src/federation/domain/held-change.ts';

it.each<[string, readonly (readonly [atMs: number, state: boolean])[], readonly number[]]>([
  [
    'the state as it was',
    [
      [0, true],
      [9_000, true],
    ],
    [],
  ],
  [
    'a blip',
    [
      [0, false],
      [4_999, true],
      [20_000, true],
    ],
    [],
  ],
  [
    'a change that holds',
    [
      [100, false],
      [5_099, false],
      [5_100, false],
      [20_000, false],
    ],
    [5_100],
  ],
  [
    'two blips, which are no whole',
    [
      [0, false],
      [3_000, true],
      [4_000, false],
      [8_999, false],
    ],
    [],
  ],
  [
    'there and back',
    [
      [0, false],
      [5_000, false],
      [6_000, true],
      [11_000, true],
    ],
    [5_000, 11_000],
  ],
])('held change - %s', (_what, states, changes) => {
  const held = new HeldChange(true, 5_000);
  expect(states.filter(([atMs, state]) => held.hasChanged(state, atMs)).map(([atMs]) => atMs)).toEqual(
    changes,
  );
});
