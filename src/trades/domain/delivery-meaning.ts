// What the backend's answer to a summary means: it has it, it refuses it for good, or it is asked again. Only the status
// decides; nothing here reads the text of an answer.

import type { Attempt } from './facts.ts';

/** What one request brought. */
export type DeliveryReply =
  | {
      readonly type: 'answer';
      readonly status: number;
      /** The wait that the backend asks for, in ms; null if it asks for none. */
      readonly retryAfterMs: number | null;
      /** The body of the answer, cut to the length that an {@link Attempt} may have. */
      readonly text: string;
    }
  /** No whole answer. `isConnection`: not one byte of an answer came. */
  | { readonly type: 'none'; readonly reason: string; readonly isConnection: boolean };

/** What a reply means for the summary. */
export type DeliveryMeaning =
  /** The backend has it; `isRepeat`: it had it before. */
  | { readonly type: 'delivered'; readonly isRepeat: boolean; readonly attempt: Attempt }
  /** The backend refuses it for good. */
  | { readonly type: 'dead'; readonly attempt: Attempt }
  /** It is sent again, not before `retryAfterMs` if the backend asks for a wait. */
  | {
      readonly type: 'retry';
      readonly retryAfterMs: number | null;
      readonly isConnection: boolean;
      readonly attempt: Attempt;
    };

/** Of the answer to an attempt that is repeated, only this much is stored. */
const REPEATED_RESPONSE_CHARACTERS_MAX = 1_024;

/** A wait that a backend asks for is long from here on, in ms. */
const LONG_WAIT_MS = 60_000;

const CONFLICT = 409;
/** Statuses of the class 4xx that say that the same request may be taken later. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

const CLAUSES: Readonly<Record<number, string>> = {
  400: 'the backend refuses the form of the summary',
  401: 'the backend refuses the signature, the key or the token',
  403: 'the backend refuses the signature, the key or the token',
  404: 'nothing takes summaries at this address, see AGGREGATOR_BACKEND_URL',
  405: 'nothing takes summaries at this address, see AGGREGATOR_BACKEND_URL',
  413: 'the summary is too long for the backend',
};

/** Says what a reply means. */
export function meaningOf(reply: DeliveryReply): DeliveryMeaning {
  if (reply.type === 'none') {
    const { reason, isConnection } = reply;
    const attempt = { status: null, reason, response: '' };
    return { type: 'retry', retryAfterMs: null, isConnection, attempt };
  }
  const { status, text, retryAfterMs } = reply;
  const attempt = { status, reason: reasonOf(status), response: text };
  if (isSuccess(status) || status === CONFLICT)
    return { type: 'delivered', isRepeat: status === CONFLICT, attempt };
  if (!isRefusal(status)) {
    const response = text.slice(0, REPEATED_RESPONSE_CHARACTERS_MAX);
    const reason = isLongWait(retryAfterMs) ? waitReason(status, retryAfterMs) : attempt.reason;
    return { type: 'retry', retryAfterMs, isConnection: false, attempt: { status, reason, response } };
  }
  return { type: 'dead', attempt };
}

/** True if the backend asks for a wait so long that an operator should know of it. */
export function isLongWait(retryAfterMs: number | null): retryAfterMs is number {
  return retryAfterMs !== null && retryAfterMs >= LONG_WAIT_MS;
}

/** The reason of a dead letter whose body the database has lost. */
export const BODY_LOST: Attempt = { status: null, reason: 'its body is not in the database', response: '' };

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** A status that HTTP does not have counts as a failure of the server (RFC 9110, 15). */
function isRefusal(status: number): boolean {
  return status >= 300 && status < 500 && !LATER.has(status);
}

function waitReason(status: number, waitMs: number): string {
  return `HTTP status ${status}: the backend asks for a wait of ${Math.round(waitMs / 1000)} s`;
}

function reasonOf(status: number): string {
  const clause = status >= 300 && status < 400 ? REDIRECT : CLAUSES[status];
  return clause === undefined ? `HTTP status ${status}` : `HTTP status ${status}: ${clause}`;
}

const REDIRECT = 'redirects are not followed, set AGGREGATOR_BACKEND_URL to the address to which it leads';
