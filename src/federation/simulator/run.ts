// One run of `simulate` from beginning to end: limits, plan, baseline, sending over one connection, counters,
// comparison, report. The plan is that of the profile `steady`.

import { CodedError } from '../../lib/errors.ts';
import { compareAccount } from './account-check.ts';
import type { AggregatorClient } from './aggregator-client.ts';
import type { Baseline, BaselineParts } from './baseline.ts';
import { readBaseline } from './baseline.ts';
import type { Broker } from './broker.ts';
import type { Expected } from './expected-rows.ts';
import { exceededLimits } from './limits-check.ts';
import type { SimulationOptions } from './options.ts';
import type { Plan } from './plan.ts';
import { foresee, planSteady } from './profiles/steady.ts';
import type { RunResult } from './report.ts';
import { exitCodeOf } from './report.ts';
import {
  listen,
  onceBegun,
  readResults,
  type RunParts,
  sendingProgress,
  shownActiveNodes,
  waitUntilReady,
} from './run-steps.ts';
import { sendPlan } from './sender.ts';

/** The outside world of a run. */
export interface SimulationParts extends RunParts {
  /** Called with the result of a run that can be judged. */
  readonly report: (result: RunResult) => void;
}

async function refuseBeyondLimits(plan: Plan, aggregator: AggregatorClient): Promise<void> {
  const active = await shownActiveNodes(aggregator);
  const sentences = exceededLimits(plan.messages, await aggregator.limits(), active);
  if (sentences.length > 0) throw new CodedError('usage', sentences.join('\n'));
}

/** Sends the plan, waits for its effects, compares and reports. */
async function performRun(
  options: SimulationOptions,
  parts: SimulationParts,
  run: { waiting: BaselineParts; broker: Broker; plan: Plan; expected: Expected; baseline: Baseline },
): Promise<0 | 1> {
  const { clock, wait } = parts;
  const { waiting, broker, plan, expected, baseline } = run;
  const size = { messages: plan.messages.length, durationMs: options.durationMs, nodes: options.nodes };
  const { onProgress, end } = sendingProgress('simulate', parts, size);
  const { elapsedMs } = await sendPlan(plan.messages, { outlet: broker, clock, wait, onProgress }).finally(
    end,
  );
  const sent = plan.messages.length;
  const aftermath = await readResults(waiting, {
    sent,
    resent: 0,
    isAlone: false,
    nodeIds: plan.nodeIds,
    baseline,
    elapsedMs,
    statistics: () => expected.statistics,
  });
  const { counters } = aftermath;
  const accountDifferences = counters === null ? [] : compareAccount(counters, expected.messages);
  const result = { ...aftermath, sent, elapsedMs, accountDifferences };
  parts.report(result);
  return exitCodeOf(result);
}

/**
 * Runs the simulation; resolves to 0 (all equal) or 1. Throws CodedError `usage` if it cannot or must not begin, and a
 * plain error if a run that began cannot be judged.
 */
export async function runSimulation(options: SimulationOptions, parts: SimulationParts): Promise<0 | 1> {
  const { aggregator, clock } = parts;
  await waitUntilReady(parts);
  const plan = planSteady({ ...options, nonce: parts.nonce, startAtMs: clock.nowMs() });
  await refuseBeyondLimits(plan, aggregator);
  const broker = await parts.connectSimulator();
  try {
    const waiting = await listen(parts, broker, options.patienceMs);
    const expected = foresee(plan.messages);
    const baseline = await readBaseline(waiting);
    return await onceBegun(() => performRun(options, parts, { waiting, broker, plan, expected, baseline }));
  } finally {
    await broker.close();
  }
}
