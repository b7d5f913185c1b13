// The scoops of a proof: which nonces at which level, in parts, and modulo 2^64. The hash itself is a stand-in here.

import { describe, expect, it } from 'vitest';
import { noncesOf, scoopsOf } from '../../../src/mining/domain/proof.ts';

const WARP = 4096n;

describe('scoops of a proof', () => {
  it.each([
    // Level 0 reads the nonce itself.
    [5n, 0, 9, [[5n, 9]]],
    // Level 1: nonce 5 of warp 0, then nonce 9 of warp 1 at scoop 5.
    [
      5n,
      1,
      9,
      [
        [5n, 9],
        [WARP + 9n, 5],
      ],
    ],
    [
      3n * WARP + 5n,
      1,
      9,
      [
        [6n * WARP + 5n, 9],
        [7n * WARP + 9n, 5],
      ],
    ],
    [
      WARP,
      2,
      4095,
      [
        [4n * WARP, 4095],
        [5n * WARP + 4095n, 0],
        [6n * WARP, 4095],
        [7n * WARP + 4095n, 0],
      ],
    ],
    // The last warp of level 1 is at the end of all nonces; beyond 2^63 they begin again.
    [
      2n ** 63n - 1n,
      1,
      0,
      [
        [2n ** 64n - WARP - 1n, 0],
        [2n ** 64n - WARP, 4095],
      ],
    ],
    [
      2n ** 63n,
      1,
      7,
      [
        [0n, 7],
        [WARP + 7n, 0],
      ],
    ],
  ])('nonce %d at level %d, scoop %d', (nonce, compression, scoop, expected) => {
    const claim = { nonce, compression };
    const all = scoopsOf(claim, scoop, 0, noncesOf(claim));
    expect(all.map(({ nonce, scoop }) => [nonce, scoop])).toEqual(expected);
  });

  it('level 7 is the sum of its parts', () => {
    const claim = { nonce: 2n ** 64n - 1n, compression: 7 };
    expect(noncesOf(claim)).toBe(128);
    const parts = [0, 12, 24, 120].flatMap((from) => scoopsOf(claim, 1234, from, from === 120 ? 8 : 12));
    const all = scoopsOf(claim, 1234, 0, 128);
    expect(parts).toEqual([...all.slice(0, 36), ...all.slice(120)]);
    expect(new Set(all.map(({ nonce }) => nonce)).size).toBe(128);
  });
});
