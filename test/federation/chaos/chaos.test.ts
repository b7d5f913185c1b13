// Two short runs of `npm run chaos`. The seed is in the title; CHAOS_SEED runs it again.

import { describe, expect, it } from 'vitest';
import { killsIn } from './faults.ts';
import { describeResult } from './report.ts';
import { runScenario } from './run.ts';
import { createScenario, type Scenario } from './scenario.ts';

const SEED = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e6));
const SECONDS = 5;
const TIME_MAX_MS = 240_000;

async function expectEqual(only: Partial<Scenario>): Promise<void> {
  const result = await runScenario(createScenario(SEED, SECONDS, only));
  expect(result.differences, `${describeResult(result)}\n    again: CHAOS_SEED=${SEED}`).toEqual([]);
  expect(killsIn(result.faults)).toBeGreaterThanOrEqual(3);
}

describe('chaos', () => {
  it(
    `chaos - an aggregator killed and stopped at any moment, with its broker, equals a fresh aggregator and the oracle (seed ${SEED})`,
    () => expectEqual({ isLimited: false, pruneEvery: null, streamChange: 'none' }),
    TIME_MAX_MS,
  );

  it(
    `chaos - the same holds with limits, retention and a stream that is purged (seed ${SEED})`,
    () =>
      expectEqual({ isLimited: true, pruneEvery: { messages: 300, keepMs: 2500 }, streamChange: 'purge' }),
    TIME_MAX_MS,
  );
});
