// The only file that decides when silence means stale or offline (docs/federation.md#states). Pure: the caller measures
// silence on the observed clock, so that the aggregator's own absence marks no node as silent.

import type { NodeState } from './node-state.ts';

/** The silence, in ms, at which a node becomes stale, becomes offline and is forgotten; in ascending order. */
export interface LifecycleThresholds {
  readonly staleAfterMs: number;
  readonly offlineAfterMs: number;
  readonly forgetAfterMs: number;
}

/** A node's signs of life: times on the event clock, in ms, 0 for never; silence on the observed clock, in ms. */
export interface SignsOfLife {
  readonly lifeAtMs: number;
  readonly leftAtMs: number;
  readonly silenceMs: number;
}

/** True if the node announced that it leaves and no later sign of life followed. Equal times count as left. */
export function hasLeft(signs: Pick<SignsOfLife, 'lifeAtMs' | 'leftAtMs'>): boolean {
  return signs.leftAtMs > 0 && signs.leftAtMs >= signs.lifeAtMs;
}

/** The state that a node with these signs of life must have. */
export function judge(signs: SignsOfLife, thresholds: LifecycleThresholds): NodeState {
  if (hasLeft(signs)) return 'offline';
  if (signs.silenceMs >= thresholds.offlineAfterMs) return 'offline';
  if (signs.silenceMs >= thresholds.staleAfterMs) return 'stale';
  return 'online';
}

/** True if the node has been silent for so long that its actor can be removed. */
export function isForgettable(silenceMs: number, thresholds: LifecycleThresholds): boolean {
  return silenceMs >= thresholds.forgetAfterMs;
}

/**
 * The silence, in ms, at which a node in `state` must be judged again. The supervisor's sweep compares silence with
 * this number, and wakes an actor only when the actor has something to decide.
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
