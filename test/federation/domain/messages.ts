// Messages for tests of the decoder: one valid message per subject to spoil, the golden ones, and what a decoded signal
// may look like. Its vocabularies are copied from docs/federation.md#closed-labels by hand, so that a slip in the
// source cannot hide here.

import { readFileSync } from 'node:fs';
import { Decoder } from '../../../src/federation/domain/decode.ts';
import type { Signal } from '../../../src/federation/domain/signal.ts';
import { LABEL_DIMENSIONS, SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';

export type Members = Record<string, unknown>;

export interface Golden {
  readonly name: string;
  readonly subject: string;
  readonly message: Members;
  readonly signal: Signal;
  readonly unknownLabels: Readonly<Record<string, number>>;
}

export const GOLDEN = JSON.parse(
  readFileSync(new URL('golden.json', import.meta.url), 'utf8'),
) as readonly Golden[];

export const RECEIVED = 0;
export const COMPLETED = 1;
export const INVOICE = 2;
export const HEARTBEAT = 3;
export const JOINED = 4;
export const LEFT = 5;
export const ALL = [RECEIVED, COMPLETED, INVOICE, HEARTBEAT, JOINED, LEFT];

export const TASK_ID = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
export const INVOICE_ID = '5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';

/** An Ethereum address, and the member names of docs/federation.md#personal-data. */
export const ADDRESS = `0x${'aB'.repeat(20)}`;
export const FORBIDDEN = [
  'execution_id',
  'input_data',
  'output_data',
  'error_data',
  'private_key',
  'privateKey',
  'wallet',
  'walletAddress',
  'nodeAddress',
];

/** The labels of docs/federation.md#closed-labels in publication order, without `unknown`. */
export const CLOSED: Readonly<
  Record<string, { subject: number; signal: string; labels: readonly string[] }>
> = {
  stepsComputedBucket: {
    subject: INVOICE,
    signal: 'steps',
    labels: ['<100K', '100K-1M', '1M-10M', '10M-100M', '>100M'],
  },
  memoryUsedBucket: {
    subject: INVOICE,
    signal: 'memory',
    labels: ['<64MB', '64-256MB', '256MB-1GB', '>1GB'],
  },
  activeTasksBucket: { subject: HEARTBEAT, signal: 'activeTasks', labels: ['0', '1', '2-3', '4-5', '>5'] },
  totalTasksBucket: {
    subject: HEARTBEAT,
    signal: 'totalTasks',
    labels: ['0', '1-10', '10-50', '50-100', '100-500', '500-1K', '>1K'],
  },
  continentBucket: {
    subject: HEARTBEAT,
    signal: 'continent',
    labels: ['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'],
  },
};
export const EXECUTION_TIME_LABELS = [
  '<100ms',
  '100-500ms',
  '500ms-1s',
  '1-5s',
  '5-10s',
  '10-30s',
  '30s-1m',
  '>1m',
];
export const GAS_LABELS = ['<100K', '100K-1M', '1M-10M', '10M-100M', '>100M'];

const TYPES = ['task_received', 'task_completed', 'invoice_created', 'heartbeat', 'node_joined', 'node_left'];
const DATA: readonly Members[] = [
  { chainId: '1', blockNumber: 12345678, taskType: 'wasm', taskIdHash: TASK_ID },
  {
    chainId: '1',
    taskIdHash: TASK_ID,
    status: 'completed',
    success: true,
    executionTimeBucket: '<100ms',
    gasUsedBucket: '<100K',
    cached: false,
  },
  {
    invoiceIdHash: INVOICE_ID,
    taskIdHash: TASK_ID,
    chainId: '1',
    stepsComputedBucket: '<100K',
    memoryUsedBucket: '<64MB',
    operation: 'compute',
  },
  {
    status: 'online',
    activeTasksBucket: '1',
    totalTasksBucket: '50-100',
    continentBucket: 'EU',
    locationBucket: '48.0,11.5',
  },
  { status: 'online' },
  { status: 'offline' },
];

/** A valid message with `data` members and top-level members replaced; `undefined` leaves one out. */
export function messageOf(subject: number, data: Members = {}, top: Members = {}): Members {
  return {
    version: '1.0',
    type: TYPES[subject],
    nodeId: 'node-3f0c0a54-7d0f-4b8e-9d5c-1c2f6b7a9e10',
    timestamp: '2026-01-15T10:30:00.000Z',
    data: { ...DATA[subject], ...data },
    ...top,
  };
}

export function bytesOf(message: unknown): Uint8Array {
  return typeof message === 'string' ? Buffer.from(message) : Buffer.from(JSON.stringify(message) ?? '');
}

/** The subject's index, and a decoder's labels by name with zeros left out. */
export const subjectIndex = (subject: string): number => SUBJECTS.findIndex((known) => known === subject);
export function unknownLabelsOf(decoder: Decoder): Record<string, number> {
  const counts = LABEL_DIMENSIONS.map(
    (dimension, index) => [dimension, decoder.unknownLabels[index] ?? 0] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

export function decode(subject: number, message: unknown): Signal | string {
  return new Decoder().decode(subject, message instanceof Uint8Array ? message : bytesOf(message));
}

const HASH = /^(?:[0-9a-f]{2}){8,32}$/;
const LABEL = /^[A-Za-z0-9._:/+-][A-Za-z0-9._:/+ -]{0,63}$/;
const CELL = /^-?\d{1,2}\.[05],-?\d{1,3}\.[05]$/;
const orNull = (pattern: RegExp) => (value: unknown) =>
  value === null || (typeof value === 'string' && pattern.test(value) && value !== 'unknown');
const text = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);
const upTo = (last: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= last;

const MEMBERS: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  task_received: { idHash: text(HASH), chainId: orNull(LABEL), taskType: orNull(LABEL) },
  task_completed: { idHash: text(HASH), chainId: orNull(LABEL), outcome: upTo(323) },
  invoice_created: {
    idHash: text(HASH),
    taskIdHash: orNull(HASH),
    chainId: orNull(LABEL),
    operation: orNull(LABEL),
    steps: upTo(5),
    memory: upTo(4),
  },
  heartbeat: {
    alive: (value) => typeof value === 'boolean',
    totalTasks: upTo(7),
    activeTasks: upTo(5),
    continent: upTo(7),
    location: orNull(CELL),
  },
  node_joined: {},
  node_left: {},
};

/** What is wrong with a decoded signal for this subject; empty if it has exactly its members, each valid. */
export function faultsOf(subject: number, signal: Signal): readonly string[] {
  const type = TYPES[subject] ?? '';
  const rules = {
    type: (value: unknown) => value === type,
    nodeId: text(/^[A-Za-z0-9_-]{4,64}$/),
    ...MEMBERS[type],
  };
  const members = new Map<string, unknown>(Object.entries(signal));
  const wrong = Object.entries(rules).filter(([name, isValid]) => !isValid(members.get(name)));
  const extra = [...members.keys()].filter((name) => !Object.hasOwn(rules, name));
  return [...wrong.map(([name]) => `${name} is wrong`), ...extra.map((name) => `${name} is too many`)];
}
