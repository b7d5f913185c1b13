// The share of observed time during which a node was online or stale (docs/federation.md#uptime). Pure arithmetic on
// the observed clock: time that the aggregator did not observe counts neither as up nor as down.

import type { NodeState } from './node-state.ts';

/** Uptime looks back this far on the observed clock, in ms. */
export const UPTIME_WINDOW_MS = 86_400_000;

/** One change of state; `observedMs` is its time on the observed clock. */
export interface StateChange {
  readonly observedMs: number;
  readonly from: NodeState;
  readonly to: NodeState;
}

/**
 * The uptime, 0 … 1, over the last 24 h of observed time, or since `firstObservedMs` if that is later. Null if no time
 * was observed yet. `changes` are the changes within the window, oldest first; `state` is the present state.
 */
export function uptime(
  state: NodeState,
  firstObservedMs: number,
  changes: readonly StateChange[],
  observedNowMs: number,
): number | null {
  const start = Math.max(firstObservedMs, observedNowMs - UPTIME_WINDOW_MS);
  if (observedNowMs <= start) return null;
  let upMs = 0;
  let sinceMs = start;
  for (const change of changes) {
    const atMs = Math.max(start, change.observedMs);
    if (change.from !== 'offline') upMs += atMs - sinceMs;
    sinceMs = atMs;
  }
  if (state !== 'offline') upMs += observedNowMs - sinceMs;
  return Math.min(1, upMs / (observedNowMs - start));
}

/**
 * The last 24 h of observed time in `cells` equal parts, oldest first. Each cell is the share, 0 … 1, of its observed
 * time during which the node was up, rounded to a thousandth; null before the node was first seen.
 */
export function uptimeStrip(
  state: NodeState,
  firstObservedMs: number,
  changes: readonly StateChange[],
  observedNowMs: number,
  cells: number,
): (number | null)[] {
  const cellMs = UPTIME_WINDOW_MS / cells;
  const startMs = observedNowMs - UPTIME_WINDOW_MS;
  const upMs = Array.from({ length: cells }, () => 0);
  const fill = (fromMs: number, toMs: number): void => {
    for (let cell = Math.max(0, Math.floor((fromMs - startMs) / cellMs)); cell < cells; cell++) {
      const overlapMs =
        Math.min(toMs, startMs + (cell + 1) * cellMs) - Math.max(fromMs, startMs + cell * cellMs);
      if (overlapMs <= 0) return;
      upMs[cell] = (upMs[cell] ?? 0) + overlapMs;
    }
  };
  let sinceMs = Math.max(firstObservedMs, startMs);
  for (const change of changes) {
    const atMs = Math.max(sinceMs, change.observedMs);
    if (change.from !== 'offline') fill(sinceMs, atMs);
    sinceMs = atMs;
  }
  if (state !== 'offline') fill(sinceMs, observedNowMs);
  return upMs.map((ms, cell) => {
    const seenMs = Math.min(cellMs, startMs + (cell + 1) * cellMs - firstObservedMs);
    return seenMs <= 0 ? null : Math.min(1, Math.round((ms / seenMs) * 1000) / 1000);
  });
}
