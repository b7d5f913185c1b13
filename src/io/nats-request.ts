// One request over a connection, with an inbox of its own, and why there is no answer. It retries nothing.

import {
  type MsgHdrs,
  type NatsConnection,
  NoRespondersError,
  PermissionViolationError,
  TimeoutError,
} from 'nats';

/** Why there is no answer. */
export type RequestProblem =
  /** Nobody listens on the subject. */
  | 'no_responders'
  | 'timeout'
  /** The broker forbids the subject of the request. */
  | 'may_not_ask'
  /** The broker forbids the inbox of the answer. */
  | 'may_not_hear'
  | 'failed';

/** What to ask. */
export interface NatsRequest {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: MsgHdrs | null;
  readonly timeoutMs: number;
}

/**
 * Sends a request and resolves with the first answer, or why there is none. Never rejects. It does not resolve if the
 * connection is closed meanwhile.
 */
export async function requestOnce(
  connection: NatsConnection,
  { subject, payload, headers, timeoutMs }: NatsRequest,
): Promise<Uint8Array | RequestProblem> {
  try {
    // The shared inbox of the client would keep its subscription after a refusal.
    const options = { timeout: timeoutMs, noMux: true, ...(headers === null ? {} : { headers }) };
    const { data } = await connection.request(subject, payload, options);
    return data;
  } catch (error) {
    return problemOf(error);
  }
}

function problemOf(error: unknown): RequestProblem {
  if (!(error instanceof Error)) return 'failed';
  const cause = error.cause instanceof Error ? error.cause : error;
  if (cause instanceof NoRespondersError) return 'no_responders';
  if (cause instanceof TimeoutError) return 'timeout';
  if (!(cause instanceof PermissionViolationError)) return 'failed';
  return cause.operation === 'publish' ? 'may_not_ask' : 'may_not_hear';
}
