import { expect, it } from 'vitest';
import { judgeFailure } from '../../src/actors/restart.ts';

const LIMIT = { restartsMax: 2, spanMs: 1_000 };

it.each([
  { of: 'the first failure', before: [], nowMs: 0, outcome: 'restarted', after: [0] },
  { of: 'a second one at the same moment', before: [5], nowMs: 5, outcome: 'restarted', after: [5, 5] },
  { of: 'one more than the limit', before: [0, 500], nowMs: 999, outcome: 'given_up', after: [0, 500] },
  {
    of: 'the oldest just a span old',
    before: [0, 500],
    nowMs: 1_000,
    outcome: 'restarted',
    after: [500, 1_000],
  },
  { of: 'all older than a span', before: [0, 1], nowMs: 9_000, outcome: 'restarted', after: [9_000] },
])('restart - $of: $outcome', ({ before, nowMs, outcome, after }) => {
  expect(judgeFailure(before, nowMs, LIMIT)).toEqual({ outcome, restartsAtMs: after });
});

it('restart - with no restarts allowed, the first failure is final', () => {
  expect(judgeFailure([], 0, { ...LIMIT, restartsMax: 0 })).toEqual({
    outcome: 'given_up',
    restartsAtMs: [],
  });
});
