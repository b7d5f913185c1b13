// What a monitor's message says once it is decoded: plain data, only what section 4 keeps.

/** Buckets are indices into their vocabulary; one past the last label is absent. Absent open labels are null. */
interface FromNode {
  readonly nodeId: string;
}
export interface TaskReceived extends FromNode {
  readonly type: 'task_received';
  /** Lower-case hex, 16 to 64 digits. */
  readonly idHash: string;
  readonly chainId: string | null;
  readonly taskType: string | null;
}
export interface TaskCompleted extends FromNode {
  readonly type: 'task_completed';
  readonly idHash: string;
  readonly chainId: string | null;
  /** Code of `outcome.ts`. */
  readonly outcome: number;
}
export interface InvoiceCreated extends FromNode {
  readonly type: 'invoice_created';
  readonly idHash: string;
  readonly taskIdHash: string | null;
  readonly chainId: string | null;
  readonly operation: string | null;
  readonly steps: number;
  readonly memory: number;
}
export interface Heartbeat extends FromNode {
  readonly type: 'heartbeat';
  /** False if the node says `offline`: it is leaving. */
  readonly alive: boolean;
  readonly totalTasks: number;
  readonly activeTasks: number;
  readonly continent: number;
  /** South-west corner of a half-degree cell, `lat,lon` with one decimal each. */
  readonly location: string | null;
}
export interface NodeJoined extends FromNode {
  readonly type: 'node_joined';
}
export interface NodeLeft extends FromNode {
  readonly type: 'node_left';
}
export type Signal = TaskReceived | TaskCompleted | InvoiceCreated | Heartbeat | NodeJoined | NodeLeft;
