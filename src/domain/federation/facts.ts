// What passes between the ingest thread and the actors: signs of life one way, transitions the other. Plain data.

import type { NodeState } from './vocabulary.ts';

/** What an actor must know of a node that gave a sign of life, or that is rebuilt at start. */
export interface NodeSign {
  readonly number: number;
  readonly nodeId: string;
  /** On the event clock, as `leftAtMs`: which of the two is later decides, and nothing else. */
  readonly lifeAtMs: number;
  readonly leftAtMs: number;
  readonly heardObservedMs: number;
  /** As last stored; null if no actor has judged it. */
  readonly state: NodeState | null;
}

/** Nodes that have a row, by who spoke last for them: a key, or anyone under their id. */
export interface NodeTrust {
  readonly authenticated: number;
  readonly claimed: number;
}

/** A transition that an actor decided: the only thing that changes a stored state. */
export interface NodeTransition {
  readonly nodeId: string;
  readonly atMs: number;
  readonly observedMs: number;
  /** Null if the state was never stored before: then it is stored, but nothing moved. */
  readonly from: NodeState | null;
  readonly to: NodeState;
  readonly cause: string;
}
