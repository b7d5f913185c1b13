// The meaning of a message, apart from its encoding. `spelling.ts` encodes a statement in one of many wire forms; the
// oracle reads the statement alone. So neither depends on a decoder.

import type { MessageType } from './vocabulary.ts';

/**
 * A label as the aggregator stores it. Null means absent, whether the label was left out, null, `unknown` or outside
 * its vocabulary.
 */
export type Label = string | null;

/** A node received a task. */
export interface TaskReceived {
  readonly type: 'task_received';
  readonly nodeId: string;
  /** Lower-case hex, like every id of a statement. */
  readonly taskId: string;
  readonly chain: Label;
  readonly taskType: Label;
}

/** A node completed a task. */
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

/** A node created an invoice. */
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

/** A node is alive, or says that it is leaving. */
export interface Heartbeat {
  readonly type: 'heartbeat';
  readonly nodeId: string;
  /** True if the node reports that it is leaving. */
  readonly offline: boolean;
  readonly activeTasks: Label;
  readonly totalTasks: Label;
  readonly continent: Label;
  /** The half-degree cell as the aggregator stores it: `48.0,11.5`. */
  readonly location: Label;
}

/** A node joined or left. */
export interface Presence {
  readonly type: 'node_joined' | 'node_left';
  readonly nodeId: string;
}

/** What one message states. */
export type Statement = TaskReceived | TaskCompleted | InvoiceCreated | Heartbeat | Presence;

/** One message of a plan: its bytes, its time and its meaning. */
export interface PlannedMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Milliseconds after the start of the run. */
  readonly atMs: number;
  readonly nodeId: string;
  readonly content: Statement;
}

/** Reasons for which the aggregator refuses a message (docs/federation.md#refused-messages). */
export type RefusalReason =
  | 'too_large'
  | 'not_json'
  | 'not_object'
  | 'bad_version'
  | 'type_mismatch'
  | 'bad_node_id'
  | 'bad_value'
  | 'personal_data'
  | 'bad_id_hash'
  | 'unauthenticated'
  | 'wrong_node';

/** One message of a plan that the aggregator must refuse. */
export interface RefusedMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly atMs: number;
  /** The node over whose connection it is sent. */
  readonly nodeId: string;
  readonly content: null;
  readonly reason: RefusalReason;
}

/** One message of a load test. */
export type LoadMessage = PlannedMessage | RefusedMessage;

/** The key under which a message is counted: its subject, and the reason if it must be refused. */
export function countKey(message: LoadMessage): string {
  return message.content === null ? `${message.subject} ${message.reason}` : message.subject;
}

/** Numbers of applied and duplicate messages of each type. */
export type MessageCounts = Readonly<
  Record<MessageType, { readonly applied: number; readonly duplicate: number }>
>;
