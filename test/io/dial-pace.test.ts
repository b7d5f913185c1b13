import { describe, expect, it } from 'vitest';
import { DialPace } from '../../src/io/dial-pace.ts';

const NOON_MS = Date.parse('2026-03-04T12:00:00.000Z');
const USUAL_MS = 1000;

/**
 * The NATS client's loop (nats-core, dodialLoop) against servers that never answer: it tries them in turn, dials one
 * whose last dial by the wall clock is long enough ago, and rests otherwise. Each step of the wall clock comes when the
 * monotonic clock shows its time; returned are the times of the dials on the monotonic clock.
 */
function dials(servers: number, forMs: number, steps: readonly (readonly [atMs: number, byMs: number])[]) {
  let monotonicMs = 0;
  const nowMs = () =>
    steps.reduce((ms, [atMs, byMs]) => (monotonicMs >= atMs ? ms + byMs : ms), NOON_MS + monotonicMs);
  const pace = new DialPace({ nowMs, monotonicMs: () => monotonicMs }, () => USUAL_MS);
  const lastMs = Array.from({ length: servers }, nowMs);
  const dialled: number[] = [];
  // Connected meanwhile.
  monotonicMs = 60_000;
  for (let turn = 0; monotonicMs < 60_000 + forMs; turn = (turn + 1) % servers) {
    const waitMs = pace.waitMs();
    const last = lastMs[turn] ?? 0;
    if (last + waitMs > nowMs()) {
      monotonicMs += Math.min(waitMs, last + waitMs - nowMs());
      continue;
    }
    pace.dials(servers);
    lastMs[turn] = nowMs();
    dialled.push(monotonicMs - 60_000);
    // A refusal takes a short time.
    monotonicMs += 10;
  }
  return dialled;
}

describe('the pace of dialling', () => {
  const usual = dials(1, 5000, []);

  it('is normal without a step of the wall clock', () => {
    expect(usual).toEqual([0, 1000, 2000, 3000, 4000]);
  });

  it.each([
    ['set back by an hour while connected', [[30_000, -3_600_000]]],
    [
      'set back by 40 days, twice',
      [
        [20_000, -40 * 86_400_000],
        [30_000, -40 * 86_400_000],
      ],
    ],
    ['set forward by an hour', [[30_000, 3_600_000]]],
  ] as const)('is the same with a clock %s', (_name, steps) => {
    expect(dials(1, 5000, steps)).toEqual(usual);
  });

  it.each([1, 2, 3])(
    'stays normal when the wall clock is set back between dials, with %i servers',
    (servers) => {
      const without = dials(servers, 10_000, []);
      const withStep = dials(servers, 10_000, [[62_500, -3_600_000]]);
      // No rest is longer than usual, and each server is dialled at most once more.
      const rests = withStep.slice(1).map((atMs, index) => atMs - (withStep[index] ?? 0));
      expect(Math.max(...rests)).toBeLessThanOrEqual(USUAL_MS);
      expect(withStep.length).toBeLessThanOrEqual(without.length + servers);
      expect(withStep.length).toBeGreaterThanOrEqual(without.length - servers);
    },
  );
});
