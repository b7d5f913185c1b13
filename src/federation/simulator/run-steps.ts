// The steps that `simulate` and `loadtest` share: wait until the aggregator is ready, read its limits, read the state
// before the run, show progress, and afterwards read and compare what it counted and published. It sends nothing.

import { progressLine, type Progress, type ProgressOutput } from '../../cli/progress-line.ts';
import type { Clock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { receivedFromOthers } from './account-check.ts';
import type { AggregatorClient } from './aggregator-client.ts';
import type { Baseline, BaselineParts } from './baseline.ts';
import type { Broker } from './broker.ts';
import type { Comparison, Difference } from './comparison.ts';
import { compareStatistics } from './comparison.ts';
import { type Counters, countersSince } from './counters.ts';
import type { ExpectedStatistics } from './expected-rows.ts';
import { createTicks } from './publication.ts';
import { readAftermath, waitForAccount } from './settlement.ts';
import { compareShown } from './shown-check.ts';

/** The outside world of a run. */
export interface RunParts {
  readonly aggregator: AggregatorClient;
  readonly connectSimulator: () => Promise<Broker>;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  readonly output: ProgressOutput;
  /** A text that differs in every run, see {@link PlanOptions}. */
  readonly nonce: string;
}

/** What was sent. */
export interface SentRun {
  /** Number of different messages. */
  readonly sent: number;
  /** Number of messages that were sent more than once because they were unconfirmed; the aggregator may have all. */
  readonly resent: number;
  /** True if messages of other publishers are a fault: then they are looked for up to the end. */
  readonly isAlone: boolean;
  readonly nodeIds: readonly string[];
  readonly baseline: Baseline;
  readonly elapsedMs: number;
  /** The expectation for the published statistics; the counters are null if the aggregator restarted. */
  statistics(counters: Counters | null): ExpectedStatistics;
}

/** What the aggregator counted and published after a run. */
export interface Aftermath {
  /** The change of the aggregator's counters; null if it restarted. */
  readonly counters: Counters | null;
  readonly isComplete: boolean;
  /** The change of the counters at the last reading, which messages of others may have moved on. */
  readonly lastCounters: Counters | null;
  readonly fromOthers: number;
  readonly comparison: Comparison;
  /** Differences between the HTTP API and the publication; null if the API never showed a published tick. */
  readonly shown: readonly Difference[] | null;
  /** Number of nodes of others that were active before the run and no longer are. */
  readonly othersGone: number;
  /** Number of nodes of others that changed their state around the tick: node counts may be wrong by so many. */
  readonly othersChanged: number;
  readonly notes: readonly string[];
}

const READY_WAIT_MS = 10_000;
const READY_INTERVAL_MS = 500;

/** Waits until the aggregator is ready. Throws CodedError `usage` if it does not become ready. */
export async function waitUntilReady(parts: RunParts): Promise<void> {
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

/** Number of nodes that the aggregator shows as active. */
export async function shownActiveNodes(aggregator: AggregatorClient): Promise<number> {
  const shown = await aggregator.statistics('all');
  const active = shown.data['activeNodes'];
  return typeof active === 'number' ? active : 0;
}

/** Subscribes to the statistics of the aggregator; returns what the waiting functions need. */
export async function listen(parts: RunParts, broker: Broker, patienceMs: number): Promise<BaselineParts> {
  const { aggregator, clock, wait, output } = parts;
  const { aggregatorId } = await aggregator.statistics('all');
  const ticks = createTicks(aggregatorId);
  await broker.onStatistics((payload) => ticks.add(payload));
  const print = (line: string): void => void output.write(`${line}\n`);
  return { aggregator, ticks, wait, print, patienceMs, clock };
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

/** The progress line of the sending. */
export function sendingProgress(
  command: string,
  parts: Pick<RunParts, 'output' | 'clock'>,
  size: { readonly messages: number; readonly durationMs: number; readonly nodes: number },
): Pick<Progress, 'end'> & { onProgress(sent: number, planMs: number): void } {
  const progress = progressLine(command, parts.output, () => parts.clock.monotonicMs());
  return {
    end: () => progress.end(),
    onProgress: (sent, planMs) => progress.show('sending', progressText(size, sent, planMs)),
  };
}

/** Waits until the aggregator has counted and published what was sent, and compares. */
export async function readResults(waiting: BaselineParts, run: SentRun): Promise<Aftermath> {
  const { baseline, elapsedMs, sent, resent } = run;
  const account = await waitForAccount(waiting, baseline.counters, sent, run.isAlone);
  waiting.print('waiting for the publication that counts it all');
  const hadOthers = baseline.activeNodes.size > 0;
  const { tick, others, changed } = await readAftermath(waiting, new Set(run.nodeIds), hadOthers);
  const states = [...others.values()];
  const { counters, isComplete } = account;
  const comparison = compareStatistics({
    before: baseline.tick,
    after: tick,
    ours: run.statistics(counters),
    othersOnline: states.filter((state) => state === 'online').length,
    othersStale: states.filter((state) => state === 'stale').length,
    elapsedMs,
  });
  const shown = await compareShown(waiting);
  const isReadAgain = run.isAlone && counters !== null;
  const lastCounters = isReadAgain
    ? countersSince(baseline.counters, await waiting.aggregator.counters())
    : counters;
  const fromOthers = lastCounters === null ? 0 : receivedFromOthers(lastCounters, sent + resent);
  return {
    counters,
    isComplete,
    lastCounters,
    fromOthers: fromOthers + baseline.receivedMeanwhile,
    comparison,
    shown,
    othersGone: [...baseline.activeNodes.keys()].filter((nodeId) => !others.has(nodeId)).length,
    othersChanged: changed,
    notes:
      changed === 0 ? [] : ['earlier nodes changed state at every tick: node counts may differ by those'],
  };
}

/**
 * After the first message is sent, an error means that the run cannot be judged; it is no longer a reason to have
 * refused the run (`usage`).
 */
export async function onceBegun<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`The run cannot be judged. ${message}`, { cause: error });
  }
}
