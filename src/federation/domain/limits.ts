// The limits of docs/federation.md#limits. The ingest thread applies them to event times, in the order of the stream. 0
// turns a limit off.

/** The limits that an operator can set. */
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
