// A short run of the agents' trial, and one with a fault that it must find; more of them: sh scripts/agent-trial.sh.

import { expect, it } from 'vitest';
import { runTrial } from './run.ts';

const SETTLE_MS = 100_000;

it('trial - with broker, aggregator and agents killed at any moment the network counts what the nodes did', async () => {
  const result = await runTrial({
    seed: 1,
    executions: 40,
    durationMs: 6_000,
    kills: 2,
    settleMs: SETTLE_MS,
  });
  expect(result.differences).toEqual([]);
  expect(result.sharedTasks).toBeGreaterThan(0);
});

it('trial - an execution that one node keeps back is found', async () => {
  const result = await runTrial({
    seed: 2,
    executions: 12,
    durationMs: 1_000,
    kills: 0,
    settleMs: SETTLE_MS,
    hidesAnExecution: true,
  });
  expect(result.differences.length).toBeGreaterThan(1);
  expect(result.differences[0]).toContain('reporting_nodes":1');
});
