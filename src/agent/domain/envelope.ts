// Builds the text of every message that leaves (docs/agent.md#messages): exactly the members of its type, absent ones left
// out and never null, every label a string. The last gate (`gate.ts`) checks the text once more before it is sent.

import type { CompletedFact, ExecutionMetrics, InvoiceFact, ReceivedFact } from './source-facts.ts';
import type { OutboundType } from './messages.ts';
import { MESSAGE_TYPES, SUBJECTS } from '../../federation/domain/vocabulary.ts';
import {
  activeTasksBucket,
  executionTimeBucket,
  gasUsedBucket,
  memoryUsedBucket,
  stepsComputedBucket,
  totalTasksBucket,
} from './buckets.ts';
import { eventTime } from './event-time.ts';
import { idHash } from './id-hash.ts';
import { chainIdOf, operationOf, taskTypeOf } from './task-labels.ts';

/** The version of the envelope. */
export const ENVELOPE_VERSION = '1.0';

/** Who sends, and when. */
export interface Sender {
  readonly nodeId: string;
  /** The time of reading, in ms since the epoch; no message carries a later one. */
  readonly nowMs: number;
}

/** A sender that can hash ids. */
export interface SaltedSender extends Sender {
  /** 64 hex digits. */
  readonly salt: string;
}

/** Which execution was completed: its raw id, or the hash that was made of it before. */
export type CompletedExecution = Pick<CompletedFact, 'executionId'> | { readonly taskIdHash: string };

/** A completion, with what is known about its execution. */
export type Completion = CompletedExecution & {
  readonly chainId: string | null;
  /** What a caller knows who has no exit code; an exit code comes first. Default: it did not fail. */
  readonly hasFailed?: boolean;
  /** Null if no metrics are known. */
  readonly metrics: ExecutionMetrics | null;
  readonly atMs: number | null;
};

/** What a heartbeat says. */
export interface HeartbeatState {
  /** False if no source can be read. */
  readonly isOnline: boolean;
  /** Tasks under way; exact, and sent as a range. */
  readonly active: number;
  /** Every task known; exact, and sent as a range. */
  readonly total: number;
  /** A code of `CONTINENTS`; null leaves it out. */
  readonly continent: string | null;
  /** Text of `roundLocation`; null leaves it out. */
  readonly location: string | null;
}

type Data = Readonly<Record<string, string | boolean | null>>;

/** The subject on which messages of a type leave. */
export function subjectOf(type: OutboundType): (typeof SUBJECTS)[number] {
  // Both lists have the same order.
  return SUBJECTS[MESSAGE_TYPES.indexOf(type)] ?? SUBJECTS[0];
}

/** The text of a `task_received`. */
export function receivedMessage(fact: Omit<ReceivedFact, 'kind'>, sender: SaltedSender): string {
  return envelope('task_received', fact.atMs, sender, {
    chainId: chainIdOf(fact.chainId),
    taskType: taskTypeOf(fact.taskType, null),
    taskIdHash: idHash(sender.salt, fact.executionId),
  });
}

/**
 * The text of a `task_completed`. It failed if an exit code other than 0 is known; `success` is left out if no exit code is known.
 */
export function completedMessage(completion: Completion, sender: SaltedSender): string {
  const { chainId, metrics, atMs } = completion;
  const exitCode = metrics?.exitCode ?? null;
  return envelope('task_completed', atMs, sender, {
    chainId: chainIdOf(chainId),
    taskIdHash:
      'taskIdHash' in completion ? completion.taskIdHash : idHash(sender.salt, completion.executionId),
    status: (exitCode === null ? completion.hasFailed === true : exitCode !== 0) ? 'failed' : 'completed',
    success: exitCode === null ? null : exitCode === 0,
    executionTimeBucket: executionTimeBucket(metrics?.elapsedMs ?? null),
    gasUsedBucket: gasUsedBucket(metrics?.steps ?? null),
    cached: metrics?.isCached ?? null,
  });
}

/** The text of an `invoice_created`. */
export function invoiceMessage(fact: Omit<InvoiceFact, 'kind'>, sender: SaltedSender): string {
  return envelope('invoice_created', fact.atMs, sender, {
    invoiceIdHash: idHash(sender.salt, fact.invoiceId),
    taskIdHash: fact.executionId === null ? null : idHash(sender.salt, fact.executionId),
    chainId: chainIdOf(fact.chainId),
    stepsComputedBucket: stepsComputedBucket(fact.steps),
    memoryUsedBucket: memoryUsedBucket(fact.peakMemoryBytes),
    operation: operationOf(fact.operation),
  });
}

/** The text of a `heartbeat`. Exact numbers never leave. */
export function heartbeatMessage(state: HeartbeatState, sender: Sender): string {
  return envelope('heartbeat', null, sender, {
    status: statusOf(state.isOnline),
    activeTasksBucket: activeTasksBucket(state.active),
    totalTasksBucket: totalTasksBucket(state.total),
    continentBucket: state.continent,
    locationBucket: state.location,
  });
}

/** The text of a `node_joined` or `node_left`. */
export function presenceMessage(type: 'node_joined' | 'node_left', sender: Sender): string {
  return envelope(type, null, sender, { status: statusOf(type === 'node_joined') });
}

function statusOf(isOnline: boolean): string {
  return isOnline ? 'online' : 'offline';
}

function envelope(type: OutboundType, atMs: number | null, { nodeId, nowMs }: Sender, data: Data): string {
  const present: Record<string, Data[string]> = {};
  for (const name in data) if (data[name] !== null) present[name] = data[name] ?? null;
  const timestamp = eventTime(atMs, nowMs);
  return JSON.stringify({ version: ENVELOPE_VERSION, type, nodeId, timestamp, data: present });
}
