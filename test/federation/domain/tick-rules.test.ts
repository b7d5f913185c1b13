import { describe, expect, it } from 'vitest';
import type { SourcePosition } from '../../../src/federation/domain/cluster.ts';
import { chooseAnswer, dueTick, fallenTotal } from '../../../src/federation/domain/tick-rules.ts';
import { countsOf, statisticsOf } from '../cluster/counts.ts';
import { NOW_MS } from '../store/events.ts';

const source = (changes: Partial<SourcePosition> = {}): SourcePosition => ({
  stream: 'TRUEBIT_INGEST_1',
  incarnation: 'a',
  upto: 1,
  watermarkMs: NOW_MS,
  isAway: false,
  ...changes,
});
const answer = (replica: string, progress: number, sources = [source()]) => ({
  replica,
  partial: countsOf(progress, NOW_MS, { progress, sources }),
});
const wanted = { partition: 0, atMs: NOW_MS, floor: 100, gone: new Set(['removed']) };
const late = (ms: number) => source({ watermarkMs: NOW_MS - ms });

describe('choice of an answer', () => {
  it.each([
    ['the only one', [answer('a', 100)], 'a'],
    ['the one with the greatest progress', [answer('a', 101), answer('b', 102), answer('c', 100)], 'b'],
    ['one that is up to 10 s behind', [answer('a', 100, [late(10_000)])], 'a'],
    [
      'one that is not behind, although another has more',
      [answer('a', 200, [late(10_001)]), answer('b', 100)],
      'b',
    ],
    [
      'one that waits only for a server that is away',
      [answer('a', 100, [source(), source({ stream: 'x', isAway: true, watermarkMs: 0 })])],
      'a',
    ],
    [
      'one that waits only for a stream that was removed',
      [answer('a', 100, [source(), source({ stream: 'removed', watermarkMs: 5 })])],
      'a',
    ],
    ['one whose streams were all removed', [answer('a', 100, [source({ stream: 'removed' })])], 'a'],
    [
      'one whose stream was made anew, whatever the old one held',
      [answer('a', 100, [source({ watermarkMs: 5 }), source({ incarnation: 'b' })])],
      'a',
    ],
    ['none', [], 'not_all_partitions'],
    ['none below the floor', [answer('a', 99), answer('b', 3)], 'floor'],
    ['none that is behind', [answer('a', 100, [late(10_001)]), answer('b', 99)], 'behind'],
    [
      'none that is behind in one of its streams',
      [answer('a', 100, [source(), source({ stream: 'x', watermarkMs: NOW_MS - 60_000 })])],
      'behind',
    ],
    ['none that has read no stream', [answer('a', 100, [])], 'behind'],
  ])('choice of an answer - %s', (_name, answers, expected) => {
    for (const of of [answers, answers.toReversed()]) {
      const chosen = chooseAnswer(of, wanted);
      expect('reason' in chosen ? chosen.reason : chosen.replica).toBe(expected);
    }
  });

  it('choice of an answer - the sentence names the partition, the replica and the stream', () => {
    const behind = chooseAnswer(
      [answer('east', 100, [source(), source({ stream: 'x', watermarkMs: NOW_MS - 61_000 })])],
      wanted,
    );
    expect(behind).toEqual({
      reason: 'behind',
      sentence: 'partition 0, replica east, is 61 s behind the stream x',
    });
  });
});

describe('totals', () => {
  const { periods } = statisticsOf(5, NOW_MS);
  it.each([
    ['nothing before', null, periods.all, null],
    ['the same', periods.all, periods.all, null],
    ['fewer completed tasks of as many', periods.all, { ...periods.all, completedTasks: 1 }, null],
    ['fewer tasks', periods.all, { ...periods.all, totalTasks: 4 }, /totalTasks would fall from 5 to 4/],
    ['fewer nodes', periods.all, { ...periods.all, totalNodes: 0 }, /totalNodes/],
    ['fewer invoices', { ...periods.all, totalInvoices: 2 }, periods.all, /totalInvoices/],
  ])('totals - %s', (_name, before, now, expected) => {
    const skip = fallenTotal(before, now);
    if (expected === null) expect(skip).toBeNull();
    else expect(skip).toMatchObject({ reason: 'fell', sentence: expect.stringMatching(expected) as string });
  });
});

describe('due tick', () => {
  it.each([
    [0, 0],
    [29_999, 0],
    [30_000, 30_000],
    [NOW_MS + 1, NOW_MS],
  ])('due tick - at %i it is %i', (nowMs, expected) => {
    expect(dueTick(nowMs, 30_000)).toBe(expected);
  });
});
