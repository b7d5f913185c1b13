// Operator requests: what an operator's command changes in a database, or asks of it, and the answers. They are plain
// data, which comes over the control socket and is decoded once. This file applies no request.

import { type ApiKey, PERMISSIONS, type Permission } from './api-keys.ts';
import { NODE_ID } from './decode.ts';
import type { Missing, MissingCounts } from './missing.ts';
import { isObject } from '../../lib/is-object.ts';

/** A key to be created. The command that makes the key sends only its hash; the operator keeps the key. */
export type NewKey = Pick<ApiKey, 'keyHash' | 'name' | 'nodeId' | 'permissions' | 'ratePerMinute'>;

/** A key as operators see it. Times are UTC text. */
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

/** A blocked node id. */
export interface BlockedNode {
  readonly nodeId: string;
  readonly blockedAt: string;
}

/** One request: a change, or a question that only the writer can answer with the latest state. */
export type OperatorRequest =
  | { readonly type: 'createKey'; readonly key: NewKey }
  | { readonly type: 'revokeKey'; readonly keyId: string }
  | { readonly type: 'listKeys' }
  | { readonly type: 'forgetNode'; readonly nodeId: string }
  | { readonly type: 'blockNode'; readonly nodeId: string }
  | { readonly type: 'unblockNode'; readonly nodeId: string }
  | { readonly type: 'listBlocked' }
  | { readonly type: 'listMissing' }
  /** The operator has seen these totals of {@link Missing}. */
  | { readonly type: 'acknowledge'; readonly upTo: MissingCounts };

/** The type of the answer to each request, by the request's `type`. */
export interface OperatorAnswers {
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
/** The answer to any request. */
export type OperatorAnswer = OperatorAnswers[OperatorRequest['type']];

/** Maximum rate of a key, in messages a minute. */
export const KEY_RATE_MAX = 1_000_000;
/** Maximum length of a key's name, in UTF-16 code units. */
export const KEY_NAME_CHARACTERS_MAX = 64;

const KEY_HASH = /^[0-9a-f]{64}$/;
const KEY_ID = /^[0-9a-f]{16}$/;
// No control characters, and no blanks at the ends, because names are printed in tables.
const KEY_NAME = /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u;

/**
 * Decodes a request that came over the socket or was made from a command line. Returns a sentence about the mistake if
 * it is malformed.
 */
export function decodeOperatorRequest(value: unknown): OperatorRequest | string {
  if (!isObject(value)) return 'A request is an object.';
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
      return 'There is no such request.';
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
