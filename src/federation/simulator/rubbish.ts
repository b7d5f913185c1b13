// Ways to spoil a good message so that the aggregator must refuse it, each with the one reason under which it must be
// counted (docs/federation.md#refused-messages). Written from that page and never imported from the domain.

import type { RefusalReason } from './statement.ts';
import { type MessageType, SUBJECT_OF } from './vocabulary.ts';

type Members = Record<string, unknown>;

/** One way to spoil a message. */
export interface Spoiling {
  readonly what: string;
  readonly reason: RefusalReason;
  /** The types of messages that can be spoiled in this way. */
  readonly types: readonly MessageType[];
  /** The spoiled bytes of a good message. */
  spoil(payload: Uint8Array): Uint8Array;
}

const ALL = Object.keys(SUBJECT_OF) as readonly MessageType[];
const TASKS: readonly MessageType[] = ['task_received', 'task_completed'];
const WORK: readonly MessageType[] = [...TASKS, 'invoice_created'];
/** The greatest length of a message, in bytes. */
const MESSAGE_BYTES = 16_384;
const ADDRESS = `0x${'ab'.repeat(20)}`;
const FORBIDDEN = [
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

function textOf(payload: Uint8Array): string {
  return Buffer.from(payload).toString('utf8');
}

function membersOf(payload: Uint8Array): Members {
  return JSON.parse(textOf(payload)) as Members;
}

function encode(members: Members): Uint8Array {
  return Buffer.from(JSON.stringify(members));
}

/** Replaces the bytes by others. */
function bytes(what: string, reason: RefusalReason, change: (text: string) => string | Uint8Array): Spoiling {
  return { what, reason, types: ALL, spoil: (payload) => Buffer.from(change(textOf(payload))) };
}

/** Changes members beside `data`; `undefined` leaves one out. */
function outside(
  what: string,
  reason: RefusalReason,
  change: (members: Members) => Members,
  types: readonly MessageType[] = ALL,
): Spoiling {
  const spoil = (payload: Uint8Array) => {
    const members = membersOf(payload);
    return encode({ ...members, ...change(members) });
  };
  return { what, reason, types, spoil };
}

/** Changes members of `data`. */
function inside(
  what: string,
  reason: RefusalReason,
  change: Members,
  types: readonly MessageType[],
): Spoiling {
  const spoil = (payload: Uint8Array) => {
    const members = membersOf(payload);
    const data = (members['data'] ?? {}) as Members;
    return encode({ ...members, data: { ...data, ...change } });
  };
  return { what, reason, types, spoil };
}

function otherType({ type }: Members): Members {
  return { type: ALL[(ALL.indexOf(type as MessageType) + 1) % ALL.length] };
}

const NO_HASHES: readonly unknown[] = [null, 7, '', 'ab', 'abc'.repeat(7), 'zz'.repeat(16), 'ab'.repeat(33)];

const ENVELOPE: readonly Spoiling[] = [
  bytes('one byte too long', 'too_large', (text) => text.padEnd(MESSAGE_BYTES + 200, ' ')),
  bytes('much too long', 'too_large', () => 'x'.repeat(100_000)),
  bytes('empty', 'not_json', () => ''),
  bytes('cut off', 'not_json', (text) => text.slice(0, -1)),
  bytes('no UTF-8', 'not_json', (text) => Buffer.from(text.replace('"1.0"', '"1.\u00e9"'), 'latin1')),
  bytes('UTF-16', 'not_json', (text) => Buffer.from(text, 'utf16le')),
  bytes('null', 'not_object', () => 'null'),
  bytes('a number', 'not_object', () => '42'),
  bytes('an array', 'not_object', (text) => `[${text}]`),
  outside('version 2', 'bad_version', () => ({ version: '2.0' })),
  outside('version as a number', 'bad_version', () => ({ version: 1 })),
  outside('no version', 'bad_version', () => ({ version: undefined })),
  outside('type of another subject', 'type_mismatch', otherType),
  outside('no type', 'type_mismatch', () => ({ type: undefined })),
  outside('short node id', 'bad_node_id', () => ({ nodeId: 'abc' })),
  outside('long node id', 'bad_node_id', () => ({ nodeId: 'n'.repeat(65) })),
  outside('node id with a line break', 'bad_node_id', () => ({ nodeId: 'node-1\nlevel=error' })),
  outside('no node id', 'bad_node_id', () => ({ nodeId: undefined })),
  outside('data as a text', 'bad_value', () => ({ data: 'none' })),
  outside('data as an array', 'bad_value', ({ data }) => ({ data: [data] })),
  outside('node id that is an address', 'personal_data', () => ({ nodeId: ADDRESS })),
];

const NAMES: readonly Spoiling[] = FORBIDDEN.flatMap((name) => [
  outside(`${name} beside data`, 'personal_data', () => ({ [name]: 'x' })),
  inside(`${name} in data`, 'personal_data', { [name]: null }, ALL),
]);

const VALUES: readonly Spoiling[] = [
  ...NO_HASHES.flatMap((id) => [
    inside(`taskIdHash ${String(id)}`, 'bad_id_hash', { taskIdHash: id }, TASKS),
    inside(`invoiceIdHash ${String(id)}`, 'bad_id_hash', { invoiceIdHash: id }, ['invoice_created']),
  ]),
  inside('chainId as an object', 'bad_value', { chainId: {} }, WORK),
  inside('chainId as a fraction', 'bad_value', { chainId: 1.5 }, WORK),
  inside('success as a text', 'bad_value', { success: 'yes' }, ['task_completed']),
  inside('operation as a number', 'bad_value', { operation: 7 }, ['invoice_created']),
  inside('status as an object', 'bad_value', { status: {} }, ['heartbeat']),
  inside('place as a list', 'bad_value', { locationBucket: [48, 11.5] }, ['heartbeat']),
  inside('chainId that is an address', 'personal_data', { chainId: '10.0.0.1' }, WORK),
  inside('taskType that is an address', 'personal_data', { taskType: ADDRESS }, ['task_received']),
  inside('operation that is an address', 'personal_data', { operation: '2001:db8::1' }, ['invoice_created']),
];

const unchanged = (payload: Uint8Array) => payload;

/** Every way. The last two leave the bytes as they are: their signature is wrong. */
export const SPOILINGS: readonly Spoiling[] = [
  ...ENVELOPE,
  ...NAMES,
  ...VALUES,
  { what: 'signed with an unknown key', reason: 'unauthenticated', types: ALL, spoil: unchanged },
  { what: 'signed with the key of another node', reason: 'wrong_node', types: ALL, spoil: unchanged },
];
