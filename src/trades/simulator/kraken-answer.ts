// The envelope of Kraken's answers, and its words of refusals. It judges nothing.
// Source: docs.kraken.com/exchange/guides/general/errors: every answer has an `error` list, and the status is 200 even if
// the list is not empty.

import type { SimAnswer, SimRequest } from './sim-wire.ts';

/** Words of refusals. Source: docs.kraken.com/exchange/guides/general/errors and /exchange/guides/rest/ratelimits. */
export const KRAKEN_ERRORS = {
  key: 'EAPI:Invalid key',
  signature: 'EAPI:Invalid signature',
  nonce: 'EAPI:Invalid nonce',
  rateLimit: 'EAPI:Rate limit exceeded',
  permission: 'EGeneral:Permission denied',
  lockout: 'EGeneral:Temporary lockout',
  arguments: 'EGeneral:Invalid arguments',
  method: 'EGeneral:Unknown method',
  pair: 'EQuery:Unknown asset pair',
  unavailable: 'EService:Unavailable',
} as const;

/** A result in the envelope. */
export function krakenResult(result: unknown): SimAnswer {
  return { status: 200, body: { error: [], result } };
}

/** A refusal in the envelope; its word is noted for the record. */
export function krakenRefusal(request: SimRequest, error: string): SimAnswer {
  request.notes.code = error;
  return { status: 200, body: { error: [error] } };
}

/** The parameters of a request: of the query, or of a body that is a form or JSON. */
export function krakenParameters({ method, query, headers, body }: SimRequest): ReadonlyMap<string, string> {
  if (method === 'GET') return new Map(query);
  if (headers['content-type']?.startsWith('application/json') !== true)
    return new Map(new URLSearchParams(body));
  try {
    const value: unknown = JSON.parse(body);
    return new Map(Object.entries(value ?? {}).map(([name, each]) => [name, String(each)]));
  } catch {
    return new Map();
  }
}
