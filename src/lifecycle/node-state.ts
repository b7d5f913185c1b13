// The states of a node's heartbeat lifecycle, and what passes between what stores nodes and the actors: signs of life one
// way, transitions the other. Plain data.

/** The three states of a node's heartbeat lifecycle; the index is the stored code. */
export const NODE_STATES = ['online', 'stale', 'offline'] as const;
export type NodeState = (typeof NODE_STATES)[number];

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
