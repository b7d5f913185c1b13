// What an operator's commands change in a database, and what they are told: plain data that comes over the control socket,
// decoded once. Nothing here makes a change.

import { type ApiKey, PERMISSIONS, type Permission } from './api-keys.ts';
import { NODE_ID } from './decode.ts';
import type { Missing, MissingCounts } from './missing.ts';
import { isObject } from '../../lib/is-object.ts';

/** A key to be kept: whoever made it sends its hash and keeps the key to himself. */
export type NewKey = Pick<ApiKey, 'keyHash' | 'name' | 'nodeId' | 'permissions' | 'ratePerMinute'>;

/** A key as people see it; times are public UTC text. */
export interface KeyListing {
  readonly keyId: string;
  readonly name: string;
  readonly nodeId: string | null;
  readonly permissions: readonly Permission[];
  readonly rateLimit: number;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  readonly isActive: boolean;
}

/** A node id that is shut out. */
export interface BlockedNode {
  readonly nodeId: string;
  readonly blockedAt: string;
}

/** One change, or a question that only the writer can answer at once. */
export type Change =
  | { readonly type: 'createKey'; readonly key: NewKey }
  | { readonly type: 'revokeKey'; readonly keyId: string }
  | { readonly type: 'listKeys' }
  | { readonly type: 'forgetNode'; readonly nodeId: string }
  | { readonly type: 'blockNode'; readonly nodeId: string }
  | { readonly type: 'unblockNode'; readonly nodeId: string }
  | { readonly type: 'listBlocked' }
  | { readonly type: 'listMissing' }
  /** An operator has seen these totals of {@link Missing}. */
  | { readonly type: 'acknowledge'; readonly upTo: MissingCounts };

/** What is answered to each. */
export interface ChangeAnswers {
  createKey: KeyListing;
  revokeKey: KeyListing;
  listKeys: readonly KeyListing[];
  forgetNode: { readonly nodeId: string };
  blockNode: BlockedNode;
  unblockNode: { readonly nodeId: string };
  listBlocked: readonly BlockedNode[];
  listMissing: Missing;
  acknowledge: Missing;
}
export type ChangeAnswer = ChangeAnswers[Change['type']];

/** Messages a minute that a key may be given. */
export const KEY_RATE_MAX = 1_000_000;
export const KEY_NAME_CHARACTERS_MAX = 64;

const KEY_HASH = /^[0-9a-f]{64}$/;
const KEY_ID = /^[0-9a-f]{16}$/;
// No control characters and no blanks at the ends: it is printed in tables.
const KEY_NAME = /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u;

/** Decodes what came over the socket, or was put together from a command line; else says in one sentence what is wrong. */
export function decodeChange(value: unknown): Change | string {
  if (!isObject(value)) return 'A change is an object.';
  const { type, nodeId, keyId } = value;
  switch (type) {
    case 'listKeys':
    case 'listBlocked':
    case 'listMissing':
      return { type };
    case 'acknowledge': {
      const upTo = decodeCounts(value['upTo']);
      return typeof upTo === 'string' ? upTo : { type, upTo };
    }
    case 'createKey': {
      const key = decodeKey(value['key']);
      return typeof key === 'string' ? key : { type, key };
    }
    case 'revokeKey':
      if (typeof keyId !== 'string' || !KEY_ID.test(keyId)) return 'A key id is 16 lower-case hex digits.';
      return { type, keyId };
    case 'forgetNode':
    case 'blockNode':
    case 'unblockNode':
      return isNodeId(nodeId) ? { type, nodeId } : NODE_ID_SENTENCE;
    default:
      return 'There is no such change.';
  }
}

const NODE_ID_SENTENCE = 'A node id is 4 to 64 letters, digits, _ and -.';

function decodeCounts(value: unknown): MissingCounts | string {
  if (!isObject(value)) return COUNTS_SENTENCE;
  const { lost, shed, quarantined } = value;
  return isWholeNumber(lost) && isWholeNumber(shed) && isWholeNumber(quarantined)
    ? { lost, shed, quarantined }
    : COUNTS_SENTENCE;
}

const COUNTS_SENTENCE = 'What is acknowledged is a whole number each of lost, shed and quarantined.';

function decodeKey(value: unknown): NewKey | string {
  if (!isObject(value)) return 'A key is an object.';
  const { keyHash, name, nodeId, permissions, ratePerMinute } = value;
  if (typeof keyHash !== 'string' || !KEY_HASH.test(keyHash))
    return 'The hash of a key is 64 lower-case hex digits.';
  if (typeof name !== 'string' || name.length > KEY_NAME_CHARACTERS_MAX || !KEY_NAME.test(name)) {
    return `The name of a key is 1 to ${KEY_NAME_CHARACTERS_MAX} printable characters.`;
  }
  if (nodeId !== null && !isNodeId(nodeId)) return NODE_ID_SENTENCE;
  const given = Array.isArray(permissions) ? permissions : [];
  const known = PERMISSIONS.filter((permission) => given.includes(permission));
  if (known.length === 0 || known.length !== given.length) {
    return `The permissions of a key are one or more of ${PERMISSIONS.join(', ')}, each once.`;
  }
  if (!isWholeNumber(ratePerMinute) || ratePerMinute > KEY_RATE_MAX) {
    return `The rate of a key is a whole number of messages a minute from 0 (no limit) to ${KEY_RATE_MAX}.`;
  }
  return { keyHash, name, nodeId, permissions: known, ratePerMinute };
}

function isNodeId(value: unknown): value is string {
  return typeof value === 'string' && NODE_ID.test(value);
}

function isWholeNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
