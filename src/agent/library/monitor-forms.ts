// Reads tasks, invoices and the state of a node in the form in which deployed monitors keep them, as facts for the
// builders of messages. Null: it is not understood. Nothing that is not listed here is looked at.

import type { HeartbeatState } from '../domain/envelope.ts';
import { readContinent, roundLocation } from '../domain/place.ts';
import type { CompletedFact, ExecutionMetrics, InvoiceFact, ReceivedFact } from '../domain/source-facts.ts';
import {
  chainIdOf,
  idOf,
  numberOf,
  operationOf,
  peakMemoryBytesOf,
  taskTypeOf,
  timeOf,
} from '../domain/task-labels.ts';
import { isObject } from '../../lib/is-object.ts';
import {
  isLosslessObject,
  isNumberLiteral,
  type JsonBounds,
  parseLossless,
} from '../../lib/lossless-json.ts';

type Members = Readonly<Record<string, unknown>>;

/** A completed task as the builder takes it. */
export interface CompletedTask extends Omit<CompletedFact, 'kind'> {
  readonly chainId: string | null;
  readonly hasFailed: boolean;
  readonly metrics: ExecutionMetrics;
}

/** The JSON text of an invoice's details may ask this much of the parser. */
const DETAILS: JsonBounds = { charactersMax: 1_048_576, depthMax: 64, valuesMax: 100_000 };

/** Outcomes that are no failure, as the aggregator reads them. */
const NO_FAILURE: ReadonlySet<unknown> = new Set(['completed', 'success', 'ok', 'unknown']);

/** A received task. */
export function readReceived(task: unknown): Omit<ReceivedFact, 'kind'> | null {
  if (!isObject(task)) return null;
  const executionId = executionIdOf(task);
  if (executionId === null) return null;
  return {
    executionId,
    chainId: chainIdOf(textOf(task['chain_id'])),
    taskType: taskTypeOf(textOf(task['task_type']), textOf(task['task_type'])),
    atMs: atMsOf(task['received_at']),
  };
}

/** A completed task. */
export function readCompleted(task: unknown): CompletedTask | null {
  if (!isObject(task)) return null;
  const executionId = executionIdOf(task);
  if (executionId === null) return null;
  const status = task['status'] ?? null;
  return {
    executionId,
    chainId: chainIdOf(textOf(task['chain_id'])),
    hasFailed: status !== null && !NO_FAILURE.has(status),
    metrics: {
      elapsedMs: numberOf(textOf(task['elapsed_ms'])),
      exitCode: numberOf(textOf(task['exit_code'])),
      steps: numberOf(textOf(task['gas_used'])),
      isCached: flagOf(task['cached']),
    },
    atMs: atMsOf(task['completed_at']),
  };
}

/** An invoice. */
export function readInvoice(invoice: unknown): Omit<InvoiceFact, 'kind'> | null {
  if (!isObject(invoice)) return null;
  const details = detailsOf(invoice['details'] ?? invoice);
  if (details === null) return null;
  const first = firstLine(details['lineItem']);
  const text = (name: string, nameInLine = '') => textOf(either(details, name) ?? first[nameInLine]);
  const invoiceId = idOf(text('invoiceId')) ?? idOf(textOf(invoice['id']));
  if (invoiceId === null) return null;
  return {
    invoiceId,
    executionId: idOf(text('executionId')),
    chainId: chainIdOf(text('chainId')),
    steps: numberOf(text('totalStepsComputed', 'total_steps_computed')),
    peakMemoryBytes: peakMemoryBytesOf(numberOf(text('peakMemoryUsed', 'peak_memory_used'))),
    operation: operationOf(text('operation', 'operation')),
    atMs: atMsOf(invoice['timestamp']) ?? atMsOf(details['taskCreated_timeStamp']),
  };
}

/** The state of the node for a heartbeat; what is missing or wrong counts as 0 or absent. */
export function readNodeStatus(status: unknown): HeartbeatState {
  const { connected, activeTasks, totalTasks, continent, location } = isObject(status) ? status : {};
  return {
    isOnline: connected !== false,
    active: numberOf(textOf(activeTasks)) ?? 0,
    total: numberOf(textOf(totalTasks)) ?? 0,
    continent: typeof continent === 'string' ? readContinent(continent) : null,
    location: typeof location === 'string' ? roundLocation(location) : null,
  };
}

function executionIdOf(task: Members): string | null {
  return idOf(textOf(task['execution_id'])) ?? idOf(textOf(task['id']));
}

/**
 * A text, or a number by its digits. Null for a number whose digits a double has lost already: it would be the id of
 * something else.
 */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return value.toString();
  if (isNumberLiteral(value)) return value.rawJSON;
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? null : String(value);
}

function flagOf(value: unknown): boolean | null {
  if (value === true || value === 1) return true;
  return value === false || value === 0 ? false : null;
}

function atMsOf(value: unknown): number | null {
  if (!(value instanceof Date)) return timeOf(textOf(value));
  const atMs = value.getTime();
  return Number.isNaN(atMs) ? null : atMs;
}

/** The member of this name, or of the same name in snake_case. */
function either(members: Members, name: string): unknown {
  return members[name] ?? members[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

function firstLine(lines: unknown): Members {
  const line: unknown = Array.isArray(lines) ? lines[0] : undefined;
  return isObject(line) ? line : {};
}

/** The details; in those of a JSON text every number has the digits with which it is written. */
function detailsOf(details: unknown): Members | null {
  if (isObject(details)) return details;
  if (typeof details !== 'string') return null;
  try {
    const value = parseLossless(details, DETAILS);
    return isLosslessObject(value) ? value : null;
  } catch {
    return null;
  }
}
