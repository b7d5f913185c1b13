import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasLeft, isForgettable, judge, nextJudgementAfterMs } from '../../src/lifecycle/lifecycle.ts';
import { NODE_STATES } from '../../src/lifecycle/node-state.ts';

const THRESHOLDS = { staleAfterMs: 150_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };

describe('lifecycle', () => {
  it.each([
    // life, left, silence, state
    [0, 0, 0, 'online'],
    [1000, 0, 0, 'online'],
    [1000, 0, 149_999, 'online'],
    [1000, 0, 150_000, 'stale'],
    [1000, 0, 299_999, 'stale'],
    [1000, 0, 300_000, 'offline'],
    [1000, 0, 86_400_000, 'offline'],
    [0, 0, 149_999, 'online'],
    [0, 0, 150_000, 'stale'],
    [0, 0, 300_000, 'offline'],
    [1000, 1000, 0, 'offline'],
    [1000, 1001, 0, 'offline'],
    [0, 1, 0, 'offline'],
    [1001, 1000, 0, 'online'],
    [1001, 1000, 150_000, 'stale'],
    [1001, 1000, 300_000, 'offline'],
    [1000, 1000, 150_000, 'offline'],
  ] as const)(
    'lifecycle - life at %i, left at %i, silent for %i: %s',
    (lifeAtMs, leftAtMs, silenceMs, state) => {
      expect(judge({ lifeAtMs, leftAtMs, silenceMs }, THRESHOLDS)).toBe(state);
    },
  );

  it.each([
    [0, 0, false],
    [5, 0, false],
    [0, 5, true],
    [5, 5, true],
    [5, 6, true],
    [6, 5, false],
  ])('lifecycle - life at %i, left at %i: left %s', (lifeAtMs, leftAtMs, left) => {
    expect(hasLeft({ lifeAtMs, leftAtMs })).toBe(left);
  });

  it.each([
    [0, false],
    [86_399_999, false],
    [86_400_000, true],
  ])('lifecycle - silent for %i: may be forgotten %s', (silenceMs, forgettable) => {
    expect(isForgettable(silenceMs, THRESHOLDS)).toBe(forgettable);
  });

  it('lifecycle - the next judgement is due when the silence reaches the next threshold', () => {
    expect(NODE_STATES.map((state) => nextJudgementAfterMs(state, THRESHOLDS))).toEqual([
      150_000, 300_000, 86_400_000,
    ]);
  });

  const thresholds = fc
    .tuple(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 1000 }),
    )
    .map(([stale, offline, forget]) => ({
      staleAfterMs: stale,
      offlineAfterMs: stale + offline,
      forgetAfterMs: stale + offline + forget,
    }));
  const times = fc.record({ lifeAtMs: fc.nat(5), leftAtMs: fc.nat(5) });

  it('lifecycle - more silence never improves a state', () => {
    fc.assert(
      fc.property(thresholds, times, fc.nat(3500), fc.nat(3500), (limits, signs, one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        const before = NODE_STATES.indexOf(judge({ ...signs, silenceMs: less }, limits));
        const after = NODE_STATES.indexOf(judge({ ...signs, silenceMs: more }, limits));
        expect(after).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  it('lifecycle - no state changes between two due judgements, so the sweep misses no change', () => {
    fc.assert(
      fc.property(thresholds, times, fc.nat(3500), fc.nat(3500), (limits, signs, silenceMs, moreMs) => {
        const state = judge({ ...signs, silenceMs }, limits);
        const laterMs = silenceMs + moreMs;
        if (laterMs < nextJudgementAfterMs(state, limits)) {
          expect(judge({ ...signs, silenceMs: laterMs }, limits)).toBe(state);
        }
      }),
    );
  });
});
