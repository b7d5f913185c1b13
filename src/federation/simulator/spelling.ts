// Encodes a statement as bytes, in one of the many forms that deployed monitors use
// (docs/federation.md#messages-of-a-node): members absent or null, presence at top level, chain ids as integers, 0/1
// for booleans, upper-case hashes, unknown members, labels outside their vocabulary. Every form means the same
// statement; the aggregator may reject none of them.

import type { Random } from '../../lib/random.ts';
import type {
  Heartbeat,
  InvoiceCreated,
  Label,
  Statement,
  TaskCompleted,
  TaskReceived,
} from './statement.ts';

type Json = Record<string, unknown>;

/** Strings outside every closed vocabulary, and strings that no open pattern allows: both count as absent. */
const NO_BUCKETS = ['', 'fast', '100-500MS', '< 100ms', '2M-3M', '64 MB', 'Unknown'];
const NO_LABELS = ['', ' leading', 'caf\u00e9', 'a\tb', 'x'.repeat(65), '#5'];
const NO_LOCATIONS = ['', '91.0,11.5', '48.15,11.50', '48.0;11.5', 'Munich'];

/** The wire value of a label; `undefined` leaves the member out. */
function label(random: Random, value: Label, outside: readonly string[]): string | null | undefined {
  if (value !== null) return value;
  const way = random.below(4);
  if (way === 0) return undefined;
  if (way === 1) return null;
  return way === 2 ? 'unknown' : random.pick(outside);
}

function chain(random: Random, value: Label): string | number | null | undefined {
  if (value !== null && /^[1-9]\d{0,8}$/.test(value) && random.chance(0.2)) return Number(value);
  return label(random, value, NO_LABELS);
}

function hash(random: Random, id: string): string {
  return random.chance(0.08) ? id.toUpperCase() : id;
}

function hex(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits) text += random.below(0x1000000).toString(16).padStart(6, '0');
  return text.slice(0, digits);
}

function taskReceived(random: Random, task: TaskReceived): Json {
  return {
    chainId: chain(random, task.chain),
    blockNumber: random.pick([12345678, 12345679, null, undefined]),
    blockHash: `0x${hex(random, 64)}`,
    taskHash: `0x${hex(random, 64)}`,
    taskType: label(random, task.taskType, NO_LABELS),
    taskIdHash: hash(random, task.taskId),
  };
}

/** `success` decides; only if it is absent does `status` decide (docs/federation.md#which-completion-failed). */
const COMPLETED_FORMS: readonly (readonly [unknown, unknown])[] = [
  [true, 'completed'],
  [true, 'completed'],
  [true, 'completed'],
  [1, 'completed'],
  [true, undefined],
  [true, 'failed'],
  [undefined, 'completed'],
  [null, 'success'],
  [undefined, 'ok'],
  [null, 'unknown'],
  [undefined, undefined],
  [null, null],
];
const FAILED_FORMS: readonly (readonly [unknown, unknown])[] = [
  [false, 'failed'],
  [false, 'failed'],
  [0, 'failed'],
  [false, null],
  [false, 'completed'],
  [undefined, 'failed'],
  [null, 'timeout'],
];

function taskCompleted(random: Random, task: TaskCompleted): Json {
  const [success, status] = random.pick(task.failed ? FAILED_FORMS : COMPLETED_FORMS);
  const plainly = random.chance(0.8);
  const cached =
    task.cached === null ? (plainly ? undefined : null) : plainly ? task.cached : task.cached ? 1 : 0;
  return {
    chainId: chain(random, task.chain),
    blockNumber: 12345680,
    taskIdHash: hash(random, task.taskId),
    status,
    success,
    executionTimeBucket: label(random, task.time, NO_BUCKETS),
    gasUsedBucket: label(random, task.gas, NO_BUCKETS),
    cached,
  };
}

function invoiceCreated(random: Random, invoice: InvoiceCreated): Json {
  const taskIdHash = invoice.taskId === null ? random.pick([undefined, null]) : hash(random, invoice.taskId);
  return {
    invoiceIdHash: hash(random, invoice.invoiceId),
    taskIdHash,
    chainId: chain(random, invoice.chain),
    stepsComputedBucket: label(random, invoice.steps, NO_BUCKETS),
    memoryUsedBucket: label(random, invoice.memory, NO_BUCKETS),
    operation: label(random, invoice.operation, NO_LABELS),
  };
}

/** A point somewhere in the cell, with at most one decimal: `48.0,11.5` may have been `48.3,11.9` or `48,11.5`. */
function pointInCell(random: Random, cell: string): string {
  return cell
    .split(',')
    .map((edge) => {
      const tenths = random.below(5);
      if (tenths === 0 && random.chance(0.3)) return String(Number(edge));
      if (tenths === 0 && edge === '0.0' && random.chance(0.3)) return '-0.0';
      return (Number(edge) + tenths / 10).toFixed(1);
    })
    .join(',');
}

/** A heartbeat's `data` and its members at top level; where both carry a member, `data` wins. */
function heartbeat(random: Random, beat: Heartbeat): { data: Json | null | undefined; top: Json } {
  const presence: Json = {
    status: beat.offline ? 'offline' : random.pick(['online', 'online', 'online', 'busy', null, undefined]),
    activeTasksBucket: label(random, beat.activeTasks, NO_BUCKETS),
    totalTasksBucket: label(random, beat.totalTasks, NO_BUCKETS),
  };
  const place: Json = {
    continentBucket: label(random, beat.continent, ['XX', 'eu', 'Europe']),
    locationBucket:
      beat.location === null ? label(random, null, NO_LOCATIONS) : pointInCell(random, beat.location),
  };
  if (random.chance(0.15)) {
    const empty = beat.continent === null && beat.location === null;
    return { data: empty ? random.pick([undefined, null, {}]) : place, top: presence };
  }
  const data = { ...presence, activeTasks: 1, totalTasks: 51, totalInvoices: 48, ...place };
  const contradicted = typeof presence['status'] === 'string' && random.chance(0.05);
  return { data, top: contradicted ? { status: beat.offline ? 'online' : 'offline' } : {} };
}

function body(random: Random, statement: Statement): { data: Json | null | undefined; top: Json } {
  switch (statement.type) {
    case 'task_received':
      return { data: taskReceived(random, statement), top: {} };
    case 'task_completed':
      return { data: taskCompleted(random, statement), top: {} };
    case 'invoice_created':
      return { data: invoiceCreated(random, statement), top: {} };
    case 'heartbeat':
      return heartbeat(random, statement);
    case 'node_joined':
      return { data: random.pick([{ status: 'online' }, {}, null, undefined]), top: {} };
    case 'node_left':
      return { data: random.pick([{ status: 'offline' }, {}, null, undefined]), top: {} };
  }
}

/** The bytes of one message. `timestampMs` is the node's clock, which the aggregator must ignore. */
export function spell(statement: Statement, timestampMs: number, random: Random): Uint8Array {
  const { data, top } = body(random, statement);
  // The aggregator never reads unknown members, even if their content resembles an address.
  const extra = random.chance(0.05) ? { monitorVersion: '1.4.0.2', trace: { hops: [1, 2, 3] } } : {};
  const withExtra = data && random.chance(0.05) ? { ...data, peers: 17, build: '2026.01.15.3' } : data;
  const envelope = {
    version: '1.0',
    type: statement.type,
    nodeId: statement.nodeId,
    timestamp: new Date(timestampMs).toISOString(),
  };
  return Buffer.from(JSON.stringify({ ...envelope, ...extra, ...top, data: withExtra }));
}
