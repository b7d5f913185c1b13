// The judgement of a client's line: gaps, forks and corrections as a table, and that the order of arrival does not matter.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Finding, judgeChain, type Link } from '../../../src/trades/backend/chain.ts';

const HOUR_MS = 3_600_000;

interface Given {
  readonly seq: number | null;
  /** In hours. */
  readonly period: readonly [number, number];
  readonly name: string;
  readonly prev?: string;
  readonly revises?: string;
  readonly gap?: readonly [number, number];
}

const linkOf = ({ seq, period: [from, to], name, prev, revises, gap }: Given, number: number): Link => ({
  number,
  digest: name,
  seq,
  periodStartMs: from * HOUR_MS,
  periodEndMs: to * HOUR_MS,
  prev: prev ?? null,
  revises: revises ?? null,
  gap: gap === undefined ? null : { fromMs: gap[0] * HOUR_MS, toMs: gap[1] * HOUR_MS },
});

/** The findings as `kind seq×count from-to`, and the names of the summaries that count. */
function judge(given: readonly Given[]) {
  const links = given.map(linkOf);
  const { findings, counted } = judgeChain(links);
  return {
    found: findings.map(said),
    counted: links.filter(({ number }) => counted.has(number)).map(({ digest }) => digest),
  };
}

function said({ kind, seq, count, fromMs, toMs }: Finding): string {
  const span = fromMs === null || toMs === null ? '' : ` ${fromMs / HOUR_MS}-${toMs / HOUR_MS}`;
  return `${kind} ${seq}×${count}${span}`;
}

const A: Given = { seq: 1, period: [0, 1], name: 'a' };
const B: Given = { seq: 2, period: [1, 2], name: 'b', prev: 'a' };
const C: Given = { seq: 3, period: [2, 3], name: 'c', prev: 'b' };
const JOB: Given = { seq: null, period: [0, 9], name: 'job' };

const TABLE: readonly [string, readonly Given[], readonly string[], readonly string[]][] = [
  ['nothing', [], [], []],
  ['a whole line', [A, B, C], [], ['a', 'b', 'c']],
  ['a line that begins late', [{ ...C, seq: 7, prev: 'unknown' }], [], ['c']],
  ['a cut hour', [A, { ...B, period: [1, 1.4] }, { ...C, period: [1.4, 2] }], [], ['a', 'b', 'c']],
  ['a missing summary', [A, C], ['missing 2×1 1-2', 'gap 3×1 1-2'], ['a', 'c']],
  ['missing numbers without a gap', [A, { ...B, seq: 5 }], ['missing 2×3 1-1'], ['a', 'b']],
  ['a gap without a missing number', [A, { ...B, period: [2, 3] }], ['gap 2×1 1-2'], ['a', 'b']],
  ['an overlap', [A, { ...B, period: [0.5, 2] }], ['overlap 2×1 0.5-1'], ['a', 'b']],
  ['a repeated period', [A, { ...B, period: [0, 1] }], ['overlap 2×1 0-1'], ['a', 'b']],
  ['a broken link', [A, { ...B, prev: 'x' }], ['broken_link 2×1'], ['a', 'b']],
  ['a declared gap', [A, { ...B, gap: [1, 2] }], ['declared_gap 2×1 1-2'], ['a', 'b']],
  ['a fork: the first one received counts', [A, B, { ...B, name: 'b2' }], ['fork 2×2 1-2'], ['a', 'b']],
  ['a fork of three', [A, { ...A, name: 'a2' }, { ...A, name: 'a3' }], ['fork 1×3 0-1'], ['a']],
  [
    'a link to the other side of a fork',
    [A, { ...A, name: 'a2' }, { ...B, prev: 'a2' }],
    ['fork 1×2 0-1'],
    ['a', 'b'],
  ],
  [
    'jobs never take part',
    [JOB, A, { ...JOB, name: 'job2', period: [5, 6] }, B],
    [],
    ['job', 'a', 'job2', 'b'],
  ],
  [
    'a correction stands outside the tiling, and the next links to it',
    [A, B, { ...A, seq: 3, name: 'a+', prev: 'b', revises: 'a' }, { ...C, seq: 4, prev: 'a+' }],
    [],
    ['b', 'a+', 'c'],
  ],
  [
    'the next may link to the period before the correction too',
    [A, B, { ...A, seq: 3, name: 'a+', prev: 'b', revises: 'a' }, { ...C, seq: 4, prev: 'b' }],
    [],
    ['b', 'a+', 'c'],
  ],
  [
    'a correction that is missing',
    [A, B, { ...C, seq: 4, prev: 'a+' }],
    ['missing 3×1 2-2'],
    ['a', 'b', 'c'],
  ],
  [
    'of two corrections the one with the highest number',
    [A, { ...A, seq: 3, name: 'a3', revises: 'a2' }, { ...A, seq: 2, name: 'a2', revises: 'a' }],
    [],
    ['a3'],
  ],
  [
    'a correction of something unknown',
    [A, { ...A, seq: 2, name: 'a+', revises: 'x' }],
    ['unknown_revision 2×1 0-1'],
    ['a'],
  ],
  [
    'a correction of a correction of something unknown',
    [A, { ...A, seq: 2, name: 'x+', revises: 'x' }, { ...A, seq: 3, name: 'x++', revises: 'x+' }],
    ['unknown_revision 2×1 0-1', 'unknown_revision 3×1 0-1'],
    ['a'],
  ],
  [
    'a correction of another period',
    [A, B, { ...A, seq: 3, name: 'b+', revises: 'b' }],
    ['moved_revision 3×1 0-1'],
    ['a', 'b'],
  ],
  [
    'a correction of what lost a fork',
    [A, { ...A, name: 'a2' }, { ...A, seq: 2, name: 'a2+', revises: 'a2' }],
    ['fork 1×2 0-1'],
    ['a'],
  ],
  ['a correction of a job', [JOB, { ...JOB, name: 'job+', revises: 'job' }], [], ['job+']],
  [
    'a circle that no honest digest can make',
    [
      { ...A, name: 'x', revises: 'y' },
      { ...A, seq: 2, name: 'y', revises: 'x' },
    ],
    ['unknown_revision 1×1 0-1', 'unknown_revision 2×1 0-1'],
    [],
  ],
];

describe('chain', () => {
  it.each(TABLE)('judges %s', (_name, given, found, counted) => {
    expect(judge(given)).toEqual({ found, counted });
  });

  it('judges the same in any order of arrival, forks apart', () => {
    const cases = TABLE.map(([, given]) => given).filter((given) => {
      const numbers = given.flatMap(({ seq }) => seq ?? []);
      return new Set(numbers).size === numbers.length;
    });
    const orders = fc
      .constantFrom(...cases)
      .chain((given) =>
        fc.tuple(fc.constant(given), fc.shuffledSubarray([...given], { minLength: given.length })),
      );
    fc.assert(
      fc.property(orders, ([given, shuffled]) => {
        const [first, second] = [judge(given), judge(shuffled)];
        expect(second.found).toEqual(first.found);
        expect(second.counted.toSorted()).toEqual(first.counted.toSorted());
      }),
    );
  });
});
