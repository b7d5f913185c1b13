// Decides what one record of an event file says (docs/agent.md#sources). It sees only the members that a source keeps of
// a record, and knows no bytes and no file.

import type { ReceivedFact, SourceFact, UnreadReason } from './source-facts.ts';
import {
  chainIdOf,
  idOf,
  numberOf,
  operationOf,
  peakMemoryBytesOf,
  taskTypeOf,
  timeOf,
} from './task-labels.ts';

/** Objects of a record that hold members to read: R, `R.payload`, `R.message` and `R.payload.message`. */
export const RECORD_LEVELS = ['record', 'payload', 'message', 'payloadMessage'] as const;
/** One of {@link RECORD_LEVELS}. */
export type RecordLevel = (typeof RECORD_LEVELS)[number];

/** Members that are read of such an object. */
export const RECORD_MEMBERS = [
  'type',
  'executionId',
  'invoiceId',
  'chainId',
  'taskType',
  'taskId',
  'timestamp',
  'taskCreated_timeStamp',
] as const;
/** One of {@link RECORD_MEMBERS}. */
export type RecordMember = (typeof RECORD_MEMBERS)[number];

/** Members that are read of `lineItem[0]` of such an object. */
export const ITEM_MEMBERS = ['total_steps_computed', 'peak_memory_used', 'operation'] as const;
/** One of {@link ITEM_MEMBERS}. */
export type ItemMember = (typeof ITEM_MEMBERS)[number];

/** A record, of which only the members above are kept. Texts are strings, and numbers by their digits as written. */
export interface SparseRecord {
  /** False for an element of `records` that is no object. */
  readonly isObject: boolean;
  /** True if this object is there. */
  has(level: RecordLevel): boolean;
  /** The member's text; null if it is absent, too long, or neither a string nor a number. */
  text(level: RecordLevel, member: RecordMember): string | null;
  /** True if `lineItem[0]` of this object is there. */
  hasItem(level: RecordLevel): boolean;
  /** As `text`, of `lineItem[0]`. */
  itemText(level: RecordLevel, member: ItemMember): string | null;
}

/** The fact that the record tells; or why it tells none. A record of a known kind without its id is `invalid`. */
export function readRecord(record: SparseRecord): SourceFact | UnreadReason {
  if (!record.isObject) return 'invalid';
  const p: RecordLevel = record.has('payload') ? 'payload' : 'record';
  const inner: RecordLevel = p === 'payload' ? 'payloadMessage' : 'message';
  const m = record.has(inner) ? inner : p;
  const levels: readonly RecordLevel[] = [p, m, 'record'];
  switch (record.text(p, 'type') ?? '') {
    case 'task_created':
      return readTask(record, p, m, levels);
    case 'computed_outcome': {
      const executionId = first(record, levels, 'executionId', idOf);
      if (executionId === null) return 'invalid';
      return { kind: 'completed', executionId, atMs: first(record, levels, 'timestamp', timeOf) };
    }
    case 'invoice':
      return readInvoice(record, levels);
    default:
      return 'other';
  }
}

function readTask(
  record: SparseRecord,
  p: RecordLevel,
  m: RecordLevel,
  levels: readonly RecordLevel[],
): ReceivedFact | UnreadReason {
  const executionId = first(record, levels, 'executionId', idOf);
  if (executionId === null) return 'invalid';
  return {
    kind: 'received',
    executionId,
    chainId: chainIdOf(record.text(m, 'chainId')),
    taskType: taskTypeOf(record.text(m, 'taskType'), record.text(m, 'taskId')),
    atMs: timeOf(record.text(p, 'timestamp')),
  };
}

function readInvoice(record: SparseRecord, levels: readonly RecordLevel[]): SourceFact | UnreadReason {
  const invoiceId = first(record, levels, 'invoiceId', idOf);
  if (invoiceId === null) return 'invalid';
  const itemLevel = levels.find((level) => record.hasItem(level));
  const item = (member: ItemMember): string | null =>
    itemLevel === undefined ? null : record.itemText(itemLevel, member);
  return {
    kind: 'invoice',
    invoiceId,
    executionId: first(record, levels, 'executionId', idOf),
    chainId: first(record, levels, 'chainId', chainIdOf),
    steps: numberOf(item('total_steps_computed')),
    peakMemoryBytes: peakMemoryBytesOf(numberOf(item('peak_memory_used'))),
    operation: operationOf(item('operation')),
    atMs: first(record, levels, 'taskCreated_timeStamp', timeOf),
  };
}

/** The first of the levels whose member has a valid value decides. */
function first<Value>(
  record: SparseRecord,
  levels: readonly RecordLevel[],
  member: RecordMember,
  read: (text: string | null) => Value | null,
): Value | null {
  for (const level of levels) {
    const value = read(record.text(level, member));
    if (value !== null) return value;
  }
  return null;
}
