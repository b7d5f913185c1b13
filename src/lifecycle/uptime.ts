// The share of observed time during which a node was online or stale (docs/federation.md#uptime). Pure arithmetic on
// the observed clock: time that the aggregator did not observe counts neither as up nor as down.

import type { NodeState } from './node-state.ts';

/** Uptime looks back this far on the observed clock, in ms, unless another window is asked for. */
export const UPTIME_WINDOW_MS = 86_400_000;

/** One change of state; `observedMs` is its time on the observed clock. */
export interface StateChange {
  readonly observedMs: number;
  readonly from: NodeState;
  readonly to: NodeState;
}

/**
 * The uptime, 0 … 1, over the last `windowMs` of observed time, or since `knownFromMs` if that is later: the node was
 * first seen then, or its earlier changes are no longer stored. Null if no time was observed yet. `changes` are the
 * changes within the window, oldest first; `state` is the present state.
 */
export function uptime(
  state: NodeState,
  knownFromMs: number,
  changes: readonly StateChange[],
  observedNowMs: number,
  windowMs = UPTIME_WINDOW_MS,
): number | null {
  const start = Math.max(knownFromMs, observedNowMs - windowMs);
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
 * The last `windowMs` of observed time in `cells` equal parts, oldest first. Each cell is the share, 0 … 1, of its known
 * time during which the node was up, rounded to a thousandth; null before `knownFromMs`.
 */
export function uptimeStrip(
  state: NodeState,
  knownFromMs: number,
  changes: readonly StateChange[],
  observedNowMs: number,
  cells: number,
  windowMs = UPTIME_WINDOW_MS,
): (number | null)[] {
  const cellMs = windowMs / cells;
  const startMs = observedNowMs - windowMs;
  const upMs = Array.from({ length: cells }, () => 0);
  const fill = (fromMs: number, toMs: number): void => {
    for (let cell = Math.max(0, Math.floor((fromMs - startMs) / cellMs)); cell < cells; cell++) {
      const overlapMs =
        Math.min(toMs, startMs + (cell + 1) * cellMs) - Math.max(fromMs, startMs + cell * cellMs);
      if (overlapMs <= 0) return;
      upMs[cell] = (upMs[cell] ?? 0) + overlapMs;
    }
  };
  let sinceMs = Math.max(knownFromMs, startMs);
  for (const change of changes) {
    const atMs = Math.max(sinceMs, change.observedMs);
    if (change.from !== 'offline') fill(sinceMs, atMs);
    sinceMs = atMs;
  }
  if (state !== 'offline') fill(sinceMs, observedNowMs);
  return upMs.map((ms, cell) => {
    const seenMs = Math.min(cellMs, startMs + (cell + 1) * cellMs - knownFromMs);
    return seenMs <= 0 ? null : Math.min(1, Math.round((ms / seenMs) * 1000) / 1000);
  });
}
