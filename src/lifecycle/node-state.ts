// The states of a node's heartbeat lifecycle, and the data that the store and the actors exchange: the store sends
// signs of life, the actors return transitions. Plain data.

/** The three states of a node's heartbeat lifecycle; the index is the stored code. */
export const NODE_STATES = ['online', 'stale', 'offline'] as const;
/** One of {@link NODE_STATES}. */
export type NodeState = (typeof NODE_STATES)[number];

/** What an actor receives about a node that gave a sign of life, or that is restored at the start. */
export interface NodeSign {
  readonly number: number;
  readonly nodeId: string;
  /**
   * On the event clock, as is `leftAtMs`. Which of the two is later decides whether the node has left; the values have
   * no other use.
   */
  readonly lifeAtMs: number;
  readonly leftAtMs: number;
  readonly heardObservedMs: number;
  /** The stored state; null if no actor has judged the node yet. */
  readonly state: NodeState | null;
}

/** A transition that an actor decided. Nothing else changes a stored state. */
export interface NodeTransition {
  readonly nodeId: string;
  readonly atMs: number;
  readonly observedMs: number;
  /** Null if no state was stored before. Then the state is stored and does not count as a transition. */
  readonly from: NodeState | null;
  readonly to: NodeState;
  readonly cause: string;
}
