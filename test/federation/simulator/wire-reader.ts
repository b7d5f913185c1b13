// Reads a message's bytes the way docs/federation.md#messages-of-a-node says, independently of both the plan and
// src/domain: the tests use it to prove that every spelling means the statement it was made from.

import type { Label, Statement } from '../../../src/federation/simulator/statement.ts';
import {
  ACTIVE_TASK_BUCKETS,
  AMOUNT_BUCKETS,
  CONTINENT_BUCKETS,
  MEMORY_BUCKETS,
  TIME_BUCKETS,
  TOTAL_TASK_BUCKETS,
} from '../../../src/federation/simulator/vocabulary.ts';

type Json = Record<string, unknown>;

const OPEN_LABEL = /^[A-Za-z0-9._:/+-][A-Za-z0-9._:/+ -]{0,63}$/;
const LOCATION = /^(-?\d{1,2}(?:\.\d)?),(-?\d{1,3}(?:\.\d)?)$/;
const FORBIDDEN = /^(execution_id|(in|out)put_data|error_data|private_?key|wallet(Address)?|nodeAddress)$/i;

function closed(value: unknown, vocabulary: readonly string[]): Label {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new TypeError('bad_value');
  return vocabulary.includes(value) ? value : null;
}

function open(value: unknown, integerAllowed = false): Label {
  if (integerAllowed && Number.isInteger(value)) return String(value);
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new TypeError('bad_value');
  return value !== 'unknown' && OPEN_LABEL.test(value) ? value : null;
}

function hash(value: unknown): string {
  if (typeof value !== 'string' || !/^([0-9a-fA-F]{2}){8,32}$/.test(value))
    throw new TypeError('bad_id_hash');
  return value.toLowerCase();
}

function truth(value: unknown): boolean | null {
  if (value === undefined || value === null) return null;
  if (value === true || value === 1) return true;
  if (value === false || value === 0) return false;
  throw new TypeError('bad_value');
}

function location(value: unknown): Label {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new TypeError('bad_value');
  const match = LOCATION.exec(value);
  if (match === null) return null;
  const [latitude, longitude] = [Number(match[1]), Number(match[2])];
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return null;
  return [latitude, longitude].map((degrees) => (Math.floor(degrees * 2) / 2 + 0).toFixed(1)).join(',');
}

function failed(data: Json): boolean {
  const success = truth(data['success']);
  if (success !== null) return !success;
  const { status } = data;
  if (status === undefined || status === null) return false;
  if (typeof status !== 'string') throw new TypeError('bad_value');
  return !['completed', 'success', 'ok', 'unknown'].includes(status);
}

/** The statement in a message; throws where a message would be rejected. */
export function readWire(payload: Uint8Array): Statement {
  if (payload.length > 16 * 1024) throw new TypeError('too_large');
  const top = JSON.parse(Buffer.from(payload).toString('utf8')) as Json;
  if (top['version'] !== '1.0') throw new TypeError('bad_version');
  const nodeId = String(top['nodeId']);
  if (!/^node-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(nodeId)) throw new TypeError('bad_node_id');
  const data = (top['data'] ?? {}) as Json;
  if (typeof data !== 'object' || Array.isArray(data)) throw new TypeError('bad_value');
  if ([...Object.keys(top), ...Object.keys(data)].some((name) => FORBIDDEN.test(name))) {
    throw new TypeError('personal_data');
  }
  const member = (name: string): unknown => (name in data ? data[name] : top[name]);
  const { type } = top;
  const chain = type === 'heartbeat' ? null : open(data['chainId'], true);
  switch (type) {
    case 'task_received':
      return { type, nodeId, taskId: hash(data['taskIdHash']), chain, taskType: open(data['taskType']) };
    case 'task_completed':
      return {
        type,
        nodeId,
        taskId: hash(data['taskIdHash']),
        chain,
        failed: failed(data),
        time: closed(data['executionTimeBucket'], TIME_BUCKETS),
        gas: closed(data['gasUsedBucket'], AMOUNT_BUCKETS),
        cached: truth(data['cached']),
      };
    case 'invoice_created': {
      const taskIdHash = data['taskIdHash'] ?? null;
      return {
        type,
        nodeId,
        invoiceId: hash(data['invoiceIdHash']),
        taskId: taskIdHash === null ? null : hash(taskIdHash),
        chain,
        steps: closed(data['stepsComputedBucket'], AMOUNT_BUCKETS),
        memory: closed(data['memoryUsedBucket'], MEMORY_BUCKETS),
        operation: open(data['operation']),
      };
    }
    case 'heartbeat':
      return {
        type,
        nodeId,
        offline: member('status') === 'offline',
        activeTasks: closed(member('activeTasksBucket'), ACTIVE_TASK_BUCKETS),
        totalTasks: closed(member('totalTasksBucket'), TOTAL_TASK_BUCKETS),
        continent: closed(data['continentBucket'], CONTINENT_BUCKETS),
        location: location(data['locationBucket']),
      };
    case 'node_joined':
    case 'node_left':
      return { type, nodeId };
    default:
      throw new TypeError('type_mismatch');
  }
}
