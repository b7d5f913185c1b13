import { describe, expect, it } from 'vitest';
import { BlockChanges } from '../../../src/mining/domain/block-changes.ts';

/** Steps: the time in ms, a block as `height:hash`, and what becomes of it. */
type Step = readonly [number, string, string];

function play(steps: readonly Step[], before: string | null = null) {
  const block = (text: string) => {
    const [height = '', blockHash = ''] = text.split(':');
    return { height: BigInt(height), blockHash };
  };
  const changes = new BlockChanges(before === null ? null : block(before));
  return steps.map(([nowMs, text]) => [nowMs, text, changes.take(block(text), nowMs)]);
}

const STORIES: readonly (readonly [name: string, steps: readonly Step[], before?: string])[] = [
  [
    'the next block is adopted at once',
    [
      [0, '5:a', 'adopted'],
      [1000, '5:a', 'same'],
      [2000, '6:b', 'adopted'],
      [2001, '9:c', 'adopted'],
    ],
  ],
  [
    'another hash of the same height is adopted at once, the first time',
    [
      [0, '5:a', 'adopted'],
      [1000, '5:b', 'adopted'],
      [2000, '5:a', 'waiting'],
      [2999, '5:a', 'waiting'],
      [3000, '5:a', 'adopted'],
    ],
  ],
  [
    'S8: two nodes behind one address make one change',
    [
      [0, '5:a', 'adopted'],
      [1000, '6:b', 'adopted'],
      [2000, '5:a', 'waiting'],
      [3000, '6:b', 'same'],
      [4000, '5:a', 'refused'],
      [5000, '6:b', 'same'],
      [6000, '5:a', 'refused'],
      [7000, '6:b', 'same'],
    ],
  ],
  [
    'S8 at one height',
    [
      [0, '5:a', 'adopted'],
      [1000, '5:b', 'adopted'],
      [2000, '5:a', 'waiting'],
      [3000, '5:b', 'same'],
      [4000, '5:a', 'refused'],
      [5000, '5:b', 'same'],
    ],
  ],
  [
    'S9: a reorganisation to the same and to a lower height needs at most two refreshes',
    [
      [0, '5:a', 'adopted'],
      [1000, '5:b', 'adopted'],
      [2000, '5:b', 'same'],
      [3000, '4:c', 'waiting'],
      [4000, '4:c', 'adopted'],
      [5000, '5:d', 'adopted'],
    ],
  ],
  [
    'two refreshes less than a second apart do not agree yet, and a third one does',
    [
      [0, '5:a', 'adopted'],
      [1000, '4:c', 'waiting'],
      [1100, '4:c', 'waiting'],
      [1999, '4:c', 'waiting'],
      [2000, '4:c', 'adopted'],
    ],
  ],
  [
    'another candidate starts the second anew',
    [
      [0, '5:a', 'adopted'],
      [1000, '4:c', 'waiting'],
      [2000, '4:d', 'waiting'],
      [2500, '4:c', 'waiting'],
      [3500, '4:c', 'adopted'],
    ],
  ],
  [
    'a block that has alternated is adopted if it stays for 2 s',
    [
      [0, '5:a', 'adopted'],
      [1000, '6:b', 'adopted'],
      [2000, '5:a', 'waiting'],
      [3000, '6:b', 'same'],
      [4000, '5:a', 'refused'],
      [5000, '5:a', 'refused'],
      [6000, '5:a', 'adopted'],
    ],
  ],
  [
    'S8 with two answers of each node in a row makes one change more, and then none',
    [
      [0, '5:a', 'adopted'],
      [1000, '6:b', 'adopted'],
      [2000, '5:a', 'waiting'],
      [3000, '5:a', 'adopted'],
      [4000, '6:b', 'refused'],
      [5000, '6:b', 'refused'],
      [6000, '5:a', 'same'],
      [7000, '5:a', 'same'],
      [8000, '6:b', 'refused'],
      [9000, '6:b', 'refused'],
      [10_000, '5:a', 'same'],
      [11_000, '7:c', 'adopted'],
      [12_000, '5:a', 'waiting'],
      [13_000, '7:c', 'same'],
    ],
  ],
  [
    'the block from before a restart counts',
    [
      [0, '5:b', 'waiting'],
      [1000, '5:b', 'adopted'],
    ],
    '6:a',
  ],
  ['the same block after a restart', [[0, '6:a', 'same']], '6:a'],
];

describe('block changes', () => {
  it.each(STORIES.map(([name, steps, before]) => ({ name, steps, before })))(
    'block changes - $name',
    ({ steps, before }) => {
      expect(play(steps, before ?? null)).toEqual(steps);
    },
  );

  it('block changes - a hash that was replaced is remembered over many blocks, and memory is bounded', () => {
    const changes = new BlockChanges();
    for (let height = 0n; height < 10_000n; height++)
      expect(changes.take({ height, blockHash: `h${height}` }, Number(height))).toBe('adopted');
    expect(changes.take({ height: 9_990n, blockHash: 'h9990' }, 10_000)).toBe('waiting');
    expect(changes.take({ height: 9_999n, blockHash: 'h9999' }, 10_001)).toBe('same');
  });
});
