// The options that decide the shape of a simulated run.

/** Options of a plan; the same options give the same plan, byte for byte. */
export interface PlanOptions {
  /** Number of simulated monitors, 1 or more. */
  readonly nodes: number;
  /** Messages per node and minute, without repeats. */
  readonly ratePerMinute: number;
  readonly durationMs: number;
  /** Decides which node sends what and when. */
  readonly seed: number;
  /** Part of every id, so that a second run with the same seed uses other nodes, tasks and invoices. */
  readonly nonce: string;
  /** Fraction of messages that are sent a second time, 0 … 1. */
  readonly duplicates: number;
  /** Fraction of reports in which a reporter contradicts the others, 0 … 1. */
  readonly disagree: number;
  /** The monitors' clock at the start of the run. It only fills the `timestamp`, which the aggregator ignores. */
  readonly startAtMs: number;
  /** True if no node leaves during the run. Default: some do, and some of those return. */
  readonly stays?: boolean;
  /**
   * True if a node that reports the same task or invoice again says the same again. Then no outcome depends on the order
   * in which messages of different nodes arrive. Default: it may say something else.
   */
  readonly isOrderFree?: boolean;
}
