// What an operator's command asks of the agent, and the answers. Plain data, which comes over the control socket and is
// decoded once. This file applies no request.

import { isObject } from '../../lib/is-object.ts';

/** One request: accept the other key that was offered for the statistics. */
export type OperatorRequest = { readonly type: 'trust' };

/** The answer: thumbprints of the key that counts from now on, and of the one before; null where there is none. */
export interface Trusted {
  /** Null: no other key was offered. */
  readonly accepted: string | null;
  readonly before: string | null;
  /** True if the agent did not run: no key is pinned any more, and the next one seen is. */
  readonly isPinGone: boolean;
}

/** Decodes a request that came over the socket. Returns a sentence about the mistake if it is malformed. */
export function decodeOperatorRequest(value: unknown): OperatorRequest | string {
  if (!isObject(value)) return 'A request is an object.';
  return value['type'] === 'trust' ? { type: 'trust' } : 'There is no such request.';
}
