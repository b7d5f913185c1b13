// The limits of section 7, computed on event time in stream order. 0 turns one off.

/** The four limits an operator can set. */
export interface Limits {
  /** Messages a node may send in a minute, sustained. */
  readonly ratePerMinute: number;
  /** Messages a node may send at once before the sustained rate applies. */
  readonly rateBurst: number;
  /** Messages of all nodes together in a second. */
  readonly globalPerSecond: number;
  /** Node ids never seen before that may appear in a minute. */
  readonly newNodesPerMinute: number;
  /** Nodes kept at any time. */
  readonly maxNodes: number;
}
