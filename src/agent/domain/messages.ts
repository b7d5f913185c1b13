// The messages that leave, as plain data (docs/agent.md#messages). The payload is complete and has passed the last gate
// when it enters the outbox; the gate looks at the bytes once more before they are sent.

/** Types of messages that wait in the outbox. */
export const FACT_TYPES = ['task_received', 'task_completed', 'invoice_created'] as const;
/** One of {@link FACT_TYPES}. */
export type FactType = (typeof FACT_TYPES)[number];

/** Types of messages that say that the node lives; they never wait in the outbox. */
export const PRESENCE_TYPES = ['heartbeat', 'node_joined', 'node_left'] as const;
/** One of {@link PRESENCE_TYPES}. */
export type PresenceType = (typeof PRESENCE_TYPES)[number];

/** Every type that leaves. */
export type OutboundType = FactType | PresenceType;

/** A message of the outbox. */
export interface QueuedMessage {
  /** Unique, rising, and never given again. */
  readonly id: number;
  readonly type: FactType;
  /** The whole envelope as JSON. */
  readonly payload: string;
  /** True for what the sources held at the very first start: it is sent last. */
  readonly isHistory: boolean;
}

/** Why a message was set aside for good. `gate` is the last gate; `refused` a defect of the broker's answer. */
export type SetAsideReason = 'gate' | 'too_large';

/** The outbox, seen from the sender. In the agent another thread holds it; in the library the same process. */
export interface Outbox {
  /**
   * The oldest messages that may be sent, at most `limit`, new facts before history, without those of `withoutTypes`. They
   * count in the window of the pace from now on, which is on the disk before this resolves. They stay in the outbox until
   * they are confirmed or set aside; messages that were taken and not confirmed are given again after `returned`.
   */
  take(limit: number, nowMs: number, withoutTypes: readonly FactType[]): Promise<readonly QueuedMessage[]>;
  /** Presence messages are about to be sent; they count in the window too, which is on the disk when this resolves. */
  countPresence(count: number, nowMs: number): Promise<void>;
  /** The broker has them: they leave the outbox. */
  confirmed(ids: readonly number[]): Promise<void>;
  /** They will never be sent: they leave the outbox and are counted. */
  setAside(ids: readonly number[], reason: SetAsideReason): Promise<void>;
  /** Every message that was taken and not confirmed waits again. */
  returned(): Promise<void>;
}

/** What the outbox remembers of the pace: each time with its number of messages, within the last 60 s, ascending. */
export type SentWindow = readonly { readonly atMs: number; readonly count: number }[];

/** The node's own work, for heartbeats and the page. */
export interface NodeCounts {
  /** Received, not completed, younger than 10 min. */
  readonly active: number;
  /** Every execution known, received or completed. */
  readonly total: number;
  readonly received: number;
  readonly completed: number;
  readonly failed: number;
  readonly invoices: number;
}
