// The state before a run: the statistics of a tick that counts everything received so far, the counters, and the other
// active nodes.

import type { Clock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import type { ActiveNodes, AggregatorClient } from './aggregator-client.ts';
import type { Counters } from './counters.ts';
import { decidedTotal, receivedTotal } from './counters.ts';
import type { Tick, Ticks } from './publication.ts';
import { PERIODS } from './vocabulary.ts';

/** The state before a run. */
export interface Baseline {
  readonly tick: Tick;
  readonly counters: Counters;
  readonly activeNodes: ActiveNodes;
  /** Number of messages that others sent while the baseline was read. If it is not 0 the comparison cannot be exact. */
  readonly receivedMeanwhile: number;
}

/** What the waiting functions need. */
export interface BaselineParts {
  readonly aggregator: AggregatorClient;
  readonly ticks: Ticks;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  readonly print: (line: string) => void;
  /** Maximum wait for a publication, in ms. */
  readonly patienceMs: number;
}

const POLL_INTERVAL_MS = 100;

/** Waits for the first tick later than `afterMs`; throws CodedError `usage` if there is none in time. */
export async function waitForTick(parts: BaselineParts, afterMs: number): Promise<Tick> {
  const deadlineMs = parts.clock.monotonicMs() + parts.patienceMs;
  for (;;) {
    const tick = parts.ticks.firstAfter(afterMs);
    if (tick !== null) return tick;
    if (parts.clock.monotonicMs() > deadlineMs) {
      const seconds = Math.round(parts.patienceMs / 1000);
      const hint = 'set PUBLISH=on, name the same broker with --nats, or give --patience SECONDS';
      throw new CodedError('usage', `No statistics were published within ${seconds} s: ${hint}.`);
    }
    await parts.wait(POLL_INTERVAL_MS);
  }
}

/**
 * The tick shown over HTTP, if all periods are of the same tick; null otherwise, and before the aggregator's first
 * tick.
 */
async function shownTick(aggregator: AggregatorClient): Promise<Tick | null> {
  const [hour, day, week, all] = await Promise.all(PERIODS.map((period) => aggregator.statistics(period)));
  if (!hour?.isConnected || !day || !week || !all) return null;
  const { timestamp } = hour;
  if ([day, week, all].some((shown) => shown.timestamp !== timestamp)) return null;
  return { timestamp, periods: { '1h': hour.data, '24h': day.data, '7d': week.data, all: all.data } };
}

/**
 * Reads the state before a run. If the process has received nothing since it started, its numbers have not changed
 * since its latest tick, which is then read over HTTP. Otherwise only the next tick is certain to be complete.
 */
export async function readBaseline(parts: BaselineParts): Promise<Baseline> {
  const { aggregator, print } = parts;
  const first = await aggregator.counters();
  const shown = receivedTotal(first) === 0 && decidedTotal(first) === 0 ? await shownTick(aggregator) : null;
  if (shown === null)
    print(`waiting for the next publication, at most ${Math.round(parts.patienceMs / 1000)} s`);
  const tick = shown ?? (await waitForTick(parts, parts.clock.nowMs()));
  const activeNodes = await aggregator.activeNodes(new Set());
  const counters = await aggregator.counters();
  // The difference is negative after a restart, which resets the counters.
  const receivedMeanwhile = Math.max(0, receivedTotal(counters) - receivedTotal(first));
  return { tick, counters, activeNodes, receivedMeanwhile };
}
