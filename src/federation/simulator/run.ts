// One simulated run from beginning to end: limits, plan, baseline, sending, counters, comparison, report.

import { progressLine, type ProgressOutput } from '../../cli/progress-line.ts';
import type { Clock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { compareAccount, receivedFromOthers } from './account-check.ts';
import type { AggregatorClient } from './aggregator-client.ts';
import type { Baseline, BaselineParts } from './baseline.ts';
import { readBaseline } from './baseline.ts';
import type { Broker } from './broker.ts';
import { compareStatistics } from './comparison.ts';
import type { Expected } from './expected-rows.ts';
import { exceededLimits } from './limits-check.ts';
import type { SimulationOptions } from './options.ts';
import { createOracle } from './oracle.ts';
import type { Plan } from './plan.ts';
import { createPlan } from './plan.ts';
import { createTicks } from './publication.ts';
import type { RunResult } from './report.ts';
import { exitCodeOf } from './report.ts';
import { sendPlan } from './sender.ts';
import { readAftermath, waitForAccount } from './settlement.ts';
import { compareShown } from './shown-check.ts';

/** The outside world of a run. */
export interface SimulationParts {
  readonly aggregator: AggregatorClient;
  readonly connectSimulator: () => Promise<Broker>;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  readonly output: ProgressOutput;
  /** Called with the result of a run that can be judged. */
  readonly report: (result: RunResult) => void;
  /** A text that differs in every run, see {@link PlanOptions}. */
  readonly nonce: string;
}

const READY_WAIT_MS = 10_000;
const READY_INTERVAL_MS = 500;

async function waitUntilReady(parts: SimulationParts): Promise<void> {
  const deadlineMs = parts.clock.monotonicMs() + READY_WAIT_MS;
  for (;;) {
    const reason = await parts.aggregator.notReadyBecause();
    if (reason === null) return;
    if (parts.clock.monotonicMs() > deadlineMs) {
      throw new CodedError('usage', `The aggregator is not ready; /readyz says: ${reason}`);
    }
    await parts.wait(READY_INTERVAL_MS);
  }
}

async function refuseBeyondLimits(plan: Plan, aggregator: AggregatorClient): Promise<void> {
  const shown = await aggregator.statistics('all');
  const active = shown.data['activeNodes'];
  const limits = await aggregator.limits();
  const sentences = exceededLimits(plan.messages, limits, typeof active === 'number' ? active : 0);
  if (sentences.length > 0) throw new CodedError('usage', sentences.join('\n'));
}

/** The oracle's expectation for a plan. */
function foresee(plan: Plan): Expected {
  const oracle = createOracle();
  for (const message of plan.messages) oracle.record(message);
  return oracle.expected();
}

async function concludeRun(
  parts: SimulationParts,
  waiting: BaselineParts,
  run: { plan: Plan; expected: Expected; baseline: Baseline; elapsedMs: number },
): Promise<RunResult> {
  const { plan, expected, baseline, elapsedMs } = run;
  const sent = plan.messages.length;
  const account = await waitForAccount(waiting, baseline.counters, sent);
  waiting.print('waiting for the publication that counts it all');
  const hadOthers = baseline.activeNodes.size > 0;
  const { tick, others, isSteady } = await readAftermath(waiting, new Set(plan.nodeIds), hadOthers);
  const states = [...others.values()];
  const comparison = compareStatistics({
    before: baseline.tick,
    after: tick,
    ours: expected.statistics,
    othersOnline: states.filter((state) => state === 'online').length,
    othersStale: states.filter((state) => state === 'stale').length,
    elapsedMs,
  });
  const { counters, isComplete } = account;
  const fromOthers = counters === null ? 0 : receivedFromOthers(counters, sent);
  return {
    sent,
    elapsedMs,
    counters,
    isComplete,
    fromOthers: fromOthers + baseline.receivedMeanwhile,
    accountDifferences: counters === null ? [] : compareAccount(counters, expected.messages),
    comparison,
    shown: await compareShown({ aggregator: parts.aggregator, ticks: waiting.ticks, wait: parts.wait }),
    notes: isSteady ? [] : ['earlier nodes changed state at every tick: node counts may differ by those'],
  };
}

/** Sends the plan, waits for its effects, compares and reports. */
async function performRun(
  options: SimulationOptions,
  parts: SimulationParts,
  run: { waiting: BaselineParts; broker: Broker; plan: Plan; expected: Expected; baseline: Baseline },
): Promise<0 | 1> {
  const { clock, wait, output } = parts;
  const { waiting, broker, plan } = run;
  const size = { messages: plan.messages.length, durationMs: options.durationMs, nodes: options.nodes };
  const progress = progressLine('simulate', output, () => clock.monotonicMs());
  const onProgress = (sent: number, planMs: number) =>
    progress.show('sending', progressText(size, sent, planMs));
  const sender = { outlet: broker, clock, wait, onProgress };
  const { elapsedMs } = await sendPlan(plan.messages, sender).finally(() => progress.end());
  const result = await concludeRun(parts, waiting, { ...run, elapsedMs });
  parts.report(result);
  return exitCodeOf(result);
}

/** The progress of the sending: `12 of 60 s, 1,200 of 6,000 messages, 100 nodes`. */
function progressText(
  run: { readonly messages: number; readonly durationMs: number; readonly nodes: number },
  sent: number,
  planMs: number,
): string {
  const seconds = (ms: number) => Math.round(Math.min(ms, run.durationMs) / 1000);
  const whole = (count: number) => count.toLocaleString('en-US');
  return `${seconds(planMs)} of ${seconds(run.durationMs)} s, ${whole(sent)} of ${whole(run.messages)} messages, ${whole(run.nodes)} nodes`;
}

/**
 * After the first message is sent, an error means that the run cannot be judged; it is no longer a reason to have
 * refused the run (`usage`).
 */
async function onceBegun<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`The run cannot be judged. ${message}`, { cause: error });
  }
}

/**
 * Runs the simulation; resolves to 0 (all equal) or 1. Throws CodedError `usage` if it cannot or must not begin, and a
 * plain error if a run that began cannot be judged.
 */
export async function runSimulation(options: SimulationOptions, parts: SimulationParts): Promise<0 | 1> {
  const { aggregator, clock, wait, output } = parts;
  const print = (line: string): void => void output.write(`${line}\n`);
  await waitUntilReady(parts);
  const plan = createPlan({ ...options, nonce: parts.nonce, startAtMs: clock.nowMs() });
  await refuseBeyondLimits(plan, aggregator);
  const broker = await parts.connectSimulator();
  try {
    const { aggregatorId } = await aggregator.statistics('all');
    const ticks = createTicks(aggregatorId);
    await broker.onStatistics((payload) => ticks.add(payload));
    const expected = foresee(plan);
    const waiting: BaselineParts = {
      aggregator,
      ticks,
      wait,
      print,
      patienceMs: options.patienceMs,
      clock,
    };
    const baseline = await readBaseline(waiting);
    return await onceBegun(() => performRun(options, parts, { waiting, broker, plan, expected, baseline }));
  } finally {
    await broker.close();
  }
}
