// A decoded message of a monitor: plain data, with only the members that are stored
// (docs/federation.md#messages-of-a-node).

/**
 * Members of every signal. In all signals buckets are indices into their vocabulary, where one past the last label
 * means absent; an absent open label is null.
 */
interface FromNode {
  readonly nodeId: string;
}
/** A node received a task. */
export interface TaskReceived extends FromNode {
  readonly type: 'task_received';
  /** Lower-case hex, 16 to 64 digits. */
  readonly idHash: string;
  readonly chainId: string | null;
  readonly taskType: string | null;
}
/** A node completed a task, with success or failure. */
export interface TaskCompleted extends FromNode {
  readonly type: 'task_completed';
  readonly idHash: string;
  readonly chainId: string | null;
  /** Code of `outcome.ts`. */
  readonly outcome: number;
}
/** A node created an invoice. */
export interface InvoiceCreated extends FromNode {
  readonly type: 'invoice_created';
  readonly idHash: string;
  readonly taskIdHash: string | null;
  readonly chainId: string | null;
  readonly operation: string | null;
  readonly steps: number;
  readonly memory: number;
}
/** A node's periodic sign of life. */
export interface Heartbeat extends FromNode {
  readonly type: 'heartbeat';
  /** False if the node reported the status `offline`: it is leaving. */
  readonly alive: boolean;
  readonly totalTasks: number;
  readonly activeTasks: number;
  readonly continent: number;
  /** South-west corner of a half-degree cell, `lat,lon` with one decimal each. */
  readonly location: string | null;
}
/** A node announced that it joined. */
export interface NodeJoined extends FromNode {
  readonly type: 'node_joined';
}
/** A node announced that it leaves. */
export interface NodeLeft extends FromNode {
  readonly type: 'node_left';
}
/** Any decoded message; `type` is the message's own type. */
export type Signal = TaskReceived | TaskCompleted | InvoiceCreated | Heartbeat | NodeJoined | NodeLeft;
