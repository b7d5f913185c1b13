// The only place that knows when silence means stale or offline (section 6). Pure: silence is measured elsewhere, on
// the observed clock, so that our own absence marks nobody.

import type { NodeState } from './node-state.ts';

/** Milliseconds of silence, rising. */
export interface LifecycleThresholds {
  readonly staleAfterMs: number;
  readonly offlineAfterMs: number;
  readonly forgetAfterMs: number;
}

/** What is known of a node's life: times on the event clock, 0 for never, and silence on the observed clock. */
export interface SignsOfLife {
  readonly lifeAtMs: number;
  readonly leftAtMs: number;
  readonly silenceMs: number;
}

/** True if the node said that it leaves and nothing has shown it alive since; equal times count as left. */
export function hasLeft(signs: Pick<SignsOfLife, 'lifeAtMs' | 'leftAtMs'>): boolean {
  return signs.leftAtMs > 0 && signs.leftAtMs >= signs.lifeAtMs;
}

/** The state that the signs call for. */
export function judge(signs: SignsOfLife, thresholds: LifecycleThresholds): NodeState {
  if (hasLeft(signs)) return 'offline';
  if (signs.silenceMs >= thresholds.offlineAfterMs) return 'offline';
  if (signs.silenceMs >= thresholds.staleAfterMs) return 'stale';
  return 'online';
}

/** True if the node has been silent so long that no actor need remember it. */
export function isForgettable(silenceMs: number, thresholds: LifecycleThresholds): boolean {
  return silenceMs >= thresholds.forgetAfterMs;
}

/**
 * The silence at which a node in `state` must be judged again, in ms: the supervisor's sweep compares this number and
 * wakes an actor only when it has something to decide.
 */
export function nextJudgementAfterMs(state: NodeState, thresholds: LifecycleThresholds): number {
  switch (state) {
    case 'online':
      return thresholds.staleAfterMs;
    case 'stale':
      return thresholds.offlineAfterMs;
    case 'offline':
      return thresholds.forgetAfterMs;
  }
}
