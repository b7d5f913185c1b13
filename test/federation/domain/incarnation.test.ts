import { describe, expect, it } from 'vitest';
import { judgeIncarnation } from '../../../src/federation/domain/incarnation.ts';

const stream = (created: string, firstSeq: number, lastSeq: number) => ({
  name: 's',
  created,
  firstSeq,
  lastSeq,
});
const known = (incarnation: string, seq: number, atMs: number | null) => ({ incarnation, seq, atMs });

describe('incarnation', () => {
  it.each([
    ['a stream that nobody knows', stream('a', 5, 9), null, null, 'a', 5],
    ['an empty stream that nobody knows', stream('a', 0, 0), null, null, 'a', 1],
    ['the same', stream('a', 1, 9), known('a', 7, 70), 70, 'a', null],
    ['the same without the message', stream('a', 8, 9), known('a', 7, 70), null, 'a', null],
    ['the same, known only by its sequence', stream('a', 1, 9), known('a', 7, null), 70, 'a', null],
    ['made anew', stream('b', 1, 9), known('a', 7, 70), 71, 'b', 1],
    ['made anew, and shorter', stream('b', 1, 2), known('a', 7, 70), null, 'b', 1],
    ['made anew, known only by its sequence', stream('b', 1, 9), known('a', 7, null), 70, 'b', 1],
    ['another creation time for the same messages', stream('b', 1, 9), known('a#2', 7, 70), 70, 'b', null],
    ['went back', stream('a', 1, 4), known('a', 7, 70), null, 'a#1', 5],
    ['went back again', stream('a', 1, 4), known('a#1', 7, 70), null, 'a#2', 5],
    ['went back and on', stream('a', 1, 9), known('a', 7, 70), 71, 'a#1', 8],
    ['went back after another name', stream('b', 1, 9), known('b', 7, 70), 71, 'b#1', 8],
  ])('%s', (_what, facts, before, storedAtMs, incarnation, firstSeq) => {
    expect(judgeIncarnation(facts, before, storedAtMs)).toEqual({ incarnation, firstSeq });
  });
});
