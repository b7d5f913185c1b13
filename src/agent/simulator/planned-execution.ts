// What happened to one execution on simulated nodes, as plain data. It knows neither files nor messages.

/** How an id is written: as a string, or as a JSON number, whose digits a double cannot hold. */
export type IdForm = 'text' | 'number';

/**
 * How records are written: `real` as nodes write them, `payload` with the record of an outcome or invoice inside
 * `payload`, `flat` with every member at the top level, numbers as text and ISO times.
 */
export type RecordForm = 'real' | 'payload' | 'flat';

/** An id and the way in which it is written. */
export interface PlannedId {
  /** The digits or letters: 1 to 256 bytes. */
  readonly text: string;
  readonly form: IdForm;
}

/** What the log says about the work of one node on an execution. */
export interface PlannedMetrics {
  readonly elapsedNs: number;
  /** Null: the entry has no exit code. */
  readonly exitCode: number | null;
  readonly steps: number | null;
  /** WebAssembly pages; no message has it. */
  readonly peakMemory: number;
  readonly cached: boolean | null;
  /** True if the entry names its execution. */
  readonly isNamed: boolean;
}

/** One node's part in an execution. All times in ms since the epoch. */
export interface PlannedWork {
  readonly receivedMs: number;
  readonly startedMs: number;
  /** Null: the node never completes it. */
  readonly completedMs: number | null;
  readonly metrics: PlannedMetrics | null;
  /** Which log file tells of it, from 0. */
  readonly worker: number;
  readonly isInEvents: boolean;
  readonly isInLogs: boolean;
}

/** An invoice, which every node of the execution keeps. */
export interface PlannedInvoice {
  readonly id: PlannedId;
  readonly createdMs: number;
  /** Null: an invoice without an execution. */
  readonly executionId: PlannedId | null;
  /** Null: the invoice has none of its own. */
  readonly chainId: string | null;
  readonly operation: string;
  /** Null for tasks that call an API, which have no steps. */
  readonly steps: number | null;
  /** Null for tasks that call an API. Below 65,536 these are pages of 65,536 bytes, else bytes. */
  readonly peakMemory: number | null;
  /** Line items behind the first, one per node that was paid or punished. */
  readonly shares: number;
}

/** One execution. */
export interface PlannedExecution {
  readonly index: number;
  readonly id: PlannedId;
  readonly form: RecordForm;
  /** `rs_` or `api_` and 64 hex digits; it names a program, so executions share it. */
  readonly program: string;
  /** The member `taskType`; null: absent. */
  readonly taskType: string | null;
  readonly chainId: string;
  readonly blockNumber: number;
  /** Text of the task's requester, with canaries. */
  readonly input: string;
  /** By node: null if the node has no part in it. */
  readonly works: readonly (PlannedWork | null)[];
  /** At most one; an array so that none needs no null. */
  readonly invoices: readonly PlannedInvoice[];
}

/** A simulated node. */
export interface PlannedNode {
  /** Ethereum address, `0x` and 40 hex digits. It stands in folder names, log entries and records. */
  readonly wallet: string;
  /** Name of the event file without folder. */
  readonly eventFile: string;
}

/** Everything that the nodes do. */
export interface NodePlan {
  readonly seed: number;
  readonly nodes: readonly PlannedNode[];
  readonly executions: readonly PlannedExecution[];
  /** Records of other kinds that a node keeps for each execution. */
  readonly othersPerExecution: number;
}
