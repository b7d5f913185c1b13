// Operator requests: what an operator's command asks of the outbox, or changes in it, and the answers. Plain data, which
// comes over the control socket and is decoded once. This file applies no request.

import { isObject } from '../../lib/is-object.ts';
import type { OutboxRow, OutboxState } from './questions.ts';

/** One request. */
export type OperatorRequest =
  /** The newest entries, at most `limit`; `state` null: of all states. */
  | { readonly type: 'listOutbox'; readonly state: OutboxState | null; readonly limit: number }
  /** Dead letters are sent again: those with these ids, or all, the oldest first. */
  | { readonly type: 'replay'; readonly ids: readonly number[] | 'all' };

/** What came of a request to replay. */
export interface Replayed {
  /** Dead letters that wait again. */
  readonly replayed: number;
  /** Ids of the request that are no dead letters. */
  readonly notDead: readonly number[];
  /** Dead letters beyond the most that one request replays. */
  readonly left: number;
}

/** The type of the answer to each request, by the request's `type`. */
export interface OperatorAnswers {
  listOutbox: readonly OutboxRow[];
  replay: Replayed;
}

/** Entries that one request lists. */
export const LISTED_MAX = 1_000;
/** Ids that one request names, so that it fits in a line of the control socket. */
export const REPLAY_IDS_MAX = 200;

const STATES: readonly OutboxState[] = ['waiting', 'delivered', 'dead'];

/**
 * Decodes a request that came over the socket or was made from a command line. Returns a sentence about the mistake if
 * it is malformed.
 */
export function decodeOperatorRequest(value: unknown): OperatorRequest | string {
  if (!isObject(value)) return 'A request is an object.';
  switch (value['type']) {
    case 'listOutbox':
      return decodeList(value['state'], value['limit']);
    case 'replay':
      return decodeReplay(value['ids']);
    default:
      return 'There is no such request.';
  }
}

function decodeList(given: unknown, limit: unknown): OperatorRequest | string {
  const state = given === null ? null : STATES.find((known) => known === given);
  if (state === undefined) return `The state of an entry is one of ${STATES.join(', ')}.`;
  if (!isWholeNumber(limit) || limit > LISTED_MAX)
    return `The limit is a whole number from 1 to ${LISTED_MAX}.`;
  return { type: 'listOutbox', state, limit };
}

function decodeReplay(ids: unknown): OperatorRequest | string {
  if (ids === 'all') return { type: 'replay', ids };
  const numbers = Array.isArray(ids) ? ids.filter(isWholeNumber) : [];
  if (!Array.isArray(ids) || numbers.length !== ids.length)
    return 'The id of an entry is a whole number from 1, as `outbox list` shows it.';
  if (numbers.length === 0 || numbers.length > REPLAY_IDS_MAX)
    return `Between 1 and ${REPLAY_IDS_MAX} ids can be given at once, or --all.`;
  return { type: 'replay', ids: numbers };
}

function isWholeNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}
