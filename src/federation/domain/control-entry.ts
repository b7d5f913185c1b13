// Decodes and encodes one entry of the stream of operators' commands. An entry comes from another process, so nothing in
// it is believed before it is checked. This file sends and applies no command.

import { isObject } from '../../lib/is-object.ts';
import type { ControlCommand, ControlEntry } from './cluster.ts';
import { decodeOperatorRequest } from './operator-request.ts';

/** Maximum size of an entry in bytes. The largest valid entry has less than half of it. */
export const CONTROL_ENTRY_BYTES_MAX = 4_096;
/** The latest time, in ms since the epoch, that a Date can hold. */
const LATEST_MS = 8_640_000_000_000_000;

const ENTRY_ID = /^[A-Za-z0-9_-]{1,64}$/;
const REPLICA = /^[A-Za-z0-9_-]{1,64}$/;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The commands that an entry may hold, by type. Questions of operators are no commands. */
const COMMANDS: Readonly<Record<ControlCommand['type'], true>> = {
  createKey: true,
  revokeKey: true,
  forgetNode: true,
  blockNode: true,
  unblockNode: true,
};

/** Returns the bytes of an entry as they stand in the stream. */
export function encodeControlEntry(entry: ControlEntry): Uint8Array {
  return Buffer.from(JSON.stringify(entry));
}

/**
 * Decodes an entry. Returns a sentence about the mistake if it is malformed. Members that this version does not know are
 * left out.
 */
export function decodeControlEntry(bytes: Uint8Array): ControlEntry | string {
  if (bytes.length > CONTROL_ENTRY_BYTES_MAX) return `An entry has at most ${CONTROL_ENTRY_BYTES_MAX} bytes.`;
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(bytes));
  } catch {
    return 'An entry is JSON.';
  }
  if (!isObject(value)) return 'An entry is an object.';
  const { id, previous, by, atMs } = value;
  if (!isId(id)) return 'The id of an entry is 1 to 64 letters, digits, _ and -.';
  if (previous !== null && !isId(previous)) return 'The id of the entry before is an id or null.';
  if (typeof by !== 'string' || !REPLICA.test(by))
    return 'The name of a replica is 1 to 64 letters, digits, _ and -.';
  if (atMs !== undefined && !isTime(atMs)) return 'The time of an entry is a whole number of milliseconds.';
  const command = decodeOperatorRequest(value['command']);
  if (typeof command === 'string') return command;
  if (!isCommand(command)) return `An entry cannot hold a request of the type ${command.type}.`;
  return { id, previous, by, ...(atMs === undefined ? {} : { atMs }), command };
}

function isCommand(request: { readonly type: string }): request is ControlCommand {
  return Object.hasOwn(COMMANDS, request.type);
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && ENTRY_ID.test(value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= LATEST_MS;
}
