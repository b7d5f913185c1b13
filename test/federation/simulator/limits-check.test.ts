import { describe, expect, it } from 'vitest';
import { exceededLimits, peakWithin } from '../../../src/federation/simulator/limits-check.ts';
import { createPlan } from '../../../src/federation/simulator/plan.ts';

const DEFAULTS = {
  ratePerMinute: 60,
  rateBurst: 120,
  globalPerSecond: 0,
  newNodesPerMinute: 6000,
  maxNodes: 200_000,
};
const OFF = { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 0, maxNodes: 0 };

function plan(nodes: number, ratePerMinute: number, seconds: number, duplicates = 0) {
  const rest = { seed: 1, nonce: 'limits', disagree: 0, startAtMs: 0 };
  return createPlan({ nodes, ratePerMinute, durationMs: seconds * 1000, duplicates, ...rest }).messages;
}

describe('limits', () => {
  it.each([
    ['rate 30 with repeats', plan(20, 30, 60, 0.3), DEFAULTS, 0, []],
    ['rate 90, short enough for the burst', plan(20, 90, 60), DEFAULTS, 0, []],
    ['rate 600', plan(20, 600, 60), DEFAULTS, 0, ['RATE_LIMIT_PER_MINUTE']],
    [
      'rate 60 with every message twice, too long',
      plan(5, 60, 180, 1),
      DEFAULTS,
      0,
      ['RATE_LIMIT_PER_MINUTE'],
    ],
    ['any rate, limits off', plan(20, 600, 60), OFF, 0, []],
    ['all together', plan(20, 60, 60), { ...OFF, globalPerSecond: 10 }, 0, ['RATE_LIMIT_GLOBAL_PER_SECOND']],
    ['all together, enough', plan(20, 60, 60), { ...OFF, globalPerSecond: 100 }, 0, []],
    ['new nodes', plan(20, 30, 60), { ...OFF, newNodesPerMinute: 19 }, 0, ['NEW_NODES_PER_MINUTE']],
    ['new nodes, just enough', plan(20, 30, 60), { ...OFF, newNodesPerMinute: 20 }, 0, []],
    ['nodes', plan(20, 30, 60), { ...OFF, maxNodes: 19 }, 0, ['MAX_NODES']],
    ['nodes, some there already', plan(20, 30, 60), { ...OFF, maxNodes: 25 }, 6, ['MAX_NODES']],
    ['nodes, just enough', plan(20, 30, 60), { ...OFF, maxNodes: 26 }, 6, []],
  ] as const)('limits - %s', (_, messages, limits, activeNodes, settings) => {
    const sentences = exceededLimits(messages, limits, activeNodes);
    expect(sentences).toHaveLength(settings.length);
    settings.forEach((setting, index) => expect(sentences[index]).toContain(setting));
  });

  it('limits - the peak of a window does not count its far end', () => {
    expect(peakWithin([0, 0, 500, 999, 1000, 1000], 1000)).toBe(4);
    expect(peakWithin([], 1000)).toBe(0);
  });
});
