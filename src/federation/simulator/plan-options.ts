// What decides the shape of a simulated run.

/** Options of a plan; the same options give the same plan, byte for byte. */
export interface PlanOptions {
  /** Simulated monitors, 1 or more. */
  readonly nodes: number;
  /** Messages per node and minute, repeats not counted. */
  readonly ratePerMinute: number;
  readonly durationMs: number;
  /** Decides the shape of the run: who says what when. */
  readonly seed: number;
  /** Goes into every id, so that a second run with the same seed concerns other nodes, tasks and invoices. */
  readonly nonce: string;
  /** Fraction of messages that are sent a second time, 0 … 1. */
  readonly duplicates: number;
  /** Fraction of reports in which a reporter contradicts the others, 0 … 1. */
  readonly disagree: number;
  /** The monitors' clock at the start of the run; it only fills the `timestamp` that nobody believes. */
  readonly startAtMs: number;
}
