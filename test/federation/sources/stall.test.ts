import { describe, expect, it } from 'vitest';
import { Stall, unreadOf } from '../../../src/federation/sources/stall.ts';

describe('stall: the messages that a stream must still hold', () => {
  it.each<[string, [number, number, number], number, number | null]>([
    ['all was read', [1, 100, 0], 100, 0],
    ['nothing was read', [1, 100, 0], 0, 100],
    ['some was read', [1, 100, 0], 60, 40],
    ['what was not read has expired', [91, 100, 0], 60, 10],
    ['it was purged', [101, 100, 0], 60, 0],
    ['it is empty and new', [0, 0, 0], 0, 0],
    ['we were further than it is', [1, 10, 0], 60, 0],
    ['messages were deleted, before or behind', [1, 100, 10], 90, null],
    ['messages were deleted, and all was read', [1, 100, 10], 100, 0],
  ])('stall - %s', (_name, [firstSeq, lastSeq, deleted], readSeq, unread) => {
    expect(unreadOf({ firstSeq, lastSeq, deleted }, readSeq)).toBe(unread);
  });
});

/** A check: sequence read, messages unread, moment. */
type Look = readonly [readSeq: number, unread: number, atMs: number];

function after(looks: readonly Look[], readSeq?: number) {
  const stall = new Stall(30_000);
  for (const [seq, unread, atMs] of looks)
    stall.looked({ readSeq: seq, lastSeq: seq + unread, unread, atMs });
  if (readSeq !== undefined) stall.read(readSeq);
  return { unread: stall.unread, forMs: stall.stalled?.forMs ?? null };
}

describe('stall: for how long', () => {
  it.each<[string, readonly Look[], number | undefined, { unread: number; forMs: number | null }]>([
    ['no look', [], undefined, { unread: 0, forMs: null }],
    ['the first look is none yet', [[5, 9, 0]], undefined, { unread: 9, forMs: null }],
    [
      'just before the time',
      [
        [5, 9, 0],
        [5, 9, 29_999],
      ],
      undefined,
      { unread: 9, forMs: null },
    ],
    [
      'at the time',
      [
        [5, 9, 0],
        [5, 12, 30_000],
      ],
      undefined,
      { unread: 12, forMs: 30_000 },
    ],
    [
      'it gave something between',
      [
        [5, 9, 0],
        [6, 8, 20_000],
        [6, 8, 40_000],
      ],
      undefined,
      { unread: 8, forMs: null },
    ],
    [
      'nothing is left',
      [
        [5, 9, 0],
        [5, 9, 31_000],
        [5, 0, 41_000],
      ],
      undefined,
      { unread: 0, forMs: null },
    ],
    [
      'it gives again',
      [
        [5, 9, 0],
        [5, 9, 31_000],
      ],
      6,
      { unread: 0, forMs: null },
    ],
    [
      'it gives nothing',
      [
        [5, 9, 0],
        [5, 9, 31_000],
      ],
      5,
      { unread: 9, forMs: 31_000 },
    ],
  ])('stall - %s', (_name, looks, readSeq, expected) => {
    expect(after(looks, readSeq)).toEqual(expected);
  });
});

describe('stall: messages lost with the files', () => {
  it.each<[string, readonly Look[], number, number | null]>([
    ['nothing was withheld', [[5, 0, 0]], 0, null],
    ['the stream begins anew', [[5, 9, 0]], 0, 14],
    ['it ends where we stopped', [[5, 9, 0]], 5, 14],
    ['it still has one of them', [[5, 9, 0]], 6, null],
    ['it has all of them', [[5, 9, 0]], 14, null],
  ])('stall - %s', (_name, looks, lastSeq, expected) => {
    const stall = new Stall(30_000);
    for (const [readSeq, unread, atMs] of looks)
      stall.looked({ readSeq, lastSeq: readSeq + unread, unread, atMs });
    expect(stall.goneUpTo(lastSeq)).toBe(expected);
  });
});
