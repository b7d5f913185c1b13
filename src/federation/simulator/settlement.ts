// After a run: waits until the aggregator accounts for all messages of the simulator, and then for a tick that counts
// them all.

import type { ActiveNodes } from './aggregator-client.ts';
import type { BaselineParts } from './baseline.ts';
import { waitForTick } from './baseline.ts';
import type { Counters } from './counters.ts';
import { countersSince, decidedTotal, hasRestarted } from './counters.ts';
import type { Tick } from './publication.ts';

/** The aggregator's counters after a run. */
export interface Account {
  /** The change since the baseline; null if the aggregator restarted and lost its counters. */
  readonly counters: Counters | null;
  /** True if every message of the simulator has an outcome. */
  readonly isComplete: boolean;
}

/** Interval between two readings of the counters. */
const POLL_INTERVAL_MS = 250;
/** The wait ends when nothing has changed for this long. */
const STANDSTILL_MS = 20_000;
/** Counters that have not changed for this long stand still. */
const QUIET_MS = 500;
/** Actors store states a moment after the messages that caused them. */
const STATES_SETTLE_MS = 1000;
/** Maximum number of ticks tried until the nodes of others do not change around a tick. */
const TICKS_TRIED_MAX = 3;
const NODES_INTERVAL_MS = 1000;

/**
 * Waits until `sent` more messages than in `before` have an outcome and none is in flight. `mayBeMore`: there may be
 * more messages, sent twice or by others; then it also waits until none is left in the stream and the counters stand
 * still.
 */
export async function waitForAccount(
  parts: BaselineParts,
  before: Counters,
  sent: number,
  mayBeMore = false,
): Promise<Account> {
  let decided = -1;
  let movedAtMs = parts.clock.monotonicMs();
  for (;;) {
    const isOverdue = parts.clock.monotonicMs() - movedAtMs > STANDSTILL_MS;
    let now: Counters;
    try {
      now = await parts.aggregator.counters();
    } catch (error) {
      // The aggregator may be restarting, which is no reason to give up the run.
      if (isOverdue) throw error;
      await parts.wait(POLL_INTERVAL_MS);
      continue;
    }
    const restarted = hasRestarted(before, now);
    const counters = restarted ? null : countersSince(before, now);
    const isComplete = counters !== null && decidedTotal(counters) + counters.lost >= sent;
    const isQuiet =
      decidedTotal(now) === decided && now.pending === 0 && parts.clock.monotonicMs() - movedAtMs > QUIET_MS;
    if (isComplete && now.inFlight === 0 && (!mayBeMore || isQuiet)) return { counters, isComplete };
    if (decidedTotal(now) !== decided) movedAtMs = parts.clock.monotonicMs();
    decided = decidedTotal(now);
    if (isOverdue && parts.clock.monotonicMs() - movedAtMs > STANDSTILL_MS) return { counters, isComplete };
    await parts.wait(POLL_INTERVAL_MS);
  }
}

/** Number of nodes that have not the same state in both readings. */
function changesBetween(left: ActiveNodes, right: ActiveNodes): number {
  const nodeIds = new Set([...left.keys(), ...right.keys()]);
  return [...nodeIds].filter((nodeId) => left.get(nodeId) !== right.get(nodeId)).length;
}

/**
 * Returns the first tick after now, and the nodes of others that were active at it. If those nodes differ between a
 * reading shortly before the tick and one after it, the next tick is tried; `changed` is the number of nodes that differed
 * at the last one. Without others at the start this reads no
 * nodes.
 */
export async function readAftermath(
  parts: BaselineParts,
  ownNodes: ReadonlySet<string>,
  hadOthers: boolean,
): Promise<{ readonly tick: Tick; readonly others: ActiveNodes; readonly changed: number }> {
  let afterMs = parts.clock.nowMs() + STATES_SETTLE_MS;
  if (!hadOthers) return { tick: await waitForTick(parts, afterMs), others: new Map(), changed: 0 };
  for (let tried = 1; ; tried += 1) {
    let earlier = await parts.aggregator.activeNodes(ownNodes);
    const deadlineMs = parts.clock.monotonicMs() + parts.patienceMs;
    while (parts.ticks.firstAfter(afterMs) === null && parts.clock.monotonicMs() < deadlineMs) {
      await parts.wait(NODES_INTERVAL_MS);
      // A reading during which the tick came may show the nodes before or after it.
      const look = await parts.aggregator.activeNodes(ownNodes);
      if (parts.ticks.firstAfter(afterMs) === null) earlier = look;
    }
    const tick = await waitForTick(parts, afterMs);
    const others = await parts.aggregator.activeNodes(ownNodes);
    const changed = changesBetween(earlier, others);
    if (changed === 0 || tried === TICKS_TRIED_MAX) return { tick, others, changed };
    afterMs = Date.parse(tick.timestamp);
  }
}
