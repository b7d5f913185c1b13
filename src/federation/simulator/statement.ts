// What a message means, apart from how a monitor happens to spell it: `spelling.ts` turns a statement into one of many
// wire forms and the oracle reads the statement alone, so neither has to trust a decoder.

import type { MessageType } from './vocabulary.ts';

/** A label as it is kept; null is absent, whether it was left out, null, `unknown` or outside its vocabulary. */
export type Label = string | null;

export interface TaskReceived {
  readonly type: 'task_received';
  readonly nodeId: string;
  /** Lower-case hex, like every id of a statement. */
  readonly taskId: string;
  readonly chain: Label;
  readonly taskType: Label;
}

export interface TaskCompleted {
  readonly type: 'task_completed';
  readonly nodeId: string;
  readonly taskId: string;
  readonly chain: Label;
  readonly failed: boolean;
  readonly time: Label;
  readonly gas: Label;
  readonly cached: boolean | null;
}

export interface InvoiceCreated {
  readonly type: 'invoice_created';
  readonly nodeId: string;
  readonly invoiceId: string;
  readonly taskId: string | null;
  readonly chain: Label;
  readonly steps: Label;
  readonly memory: Label;
  readonly operation: Label;
}

export interface Heartbeat {
  readonly type: 'heartbeat';
  readonly nodeId: string;
  /** True if the node says that it goes. */
  readonly offline: boolean;
  readonly activeTasks: Label;
  readonly totalTasks: Label;
  readonly continent: Label;
  /** The 0.5° cell, as it is kept: `48.0,11.5`. */
  readonly location: Label;
}

export interface Presence {
  readonly type: 'node_joined' | 'node_left';
  readonly nodeId: string;
}

export type Statement = TaskReceived | TaskCompleted | InvoiceCreated | Heartbeat | Presence;

/** One message of a plan: its bytes, when they are due, and what they mean. */
export interface PlannedMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Milliseconds after the start of the run. */
  readonly atMs: number;
  readonly nodeId: string;
  readonly content: Statement;
}

/** Applied and duplicate messages of each type. */
export type MessageCounts = Readonly<
  Record<MessageType, { readonly applied: number; readonly duplicate: number }>
>;
