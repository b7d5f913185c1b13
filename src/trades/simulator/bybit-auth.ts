// Who sent a request to Bybit: the key, the time and the signature. Source: bybit-exchange.github.io/docs/v5/guide
// (Parameters for Authenticated Endpoints, Create A Request). The order of the checks is unverified.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { BYBIT_CODES, bybitRefusal } from './bybit-answer.ts';
import type { AccountState, ExchangeState } from './exchange-state.ts';
import type { SimKey } from './scenario.ts';
import type { SimAnswer, SimRequest } from './sim-wire.ts';

/** Docs/v5/guide: `X-BAPI-RECV-WINDOW`, default 5,000 ms. */
const RECV_WINDOW_MS = 5_000;
/** Docs/v5/guide: the timestamp must be below the server's time plus this. */
const AHEAD_MAX_MS = 1_000;

/** Who sent a request. */
export interface BybitCaller {
  readonly key: SimKey;
  readonly account: AccountState;
}

/** The caller, or the refusal. */
export function bybitCaller(
  state: ExchangeState,
  request: SimRequest,
): { readonly caller: BybitCaller } | { readonly refusal: SimAnswer } {
  const { 'x-bapi-timestamp': stamp, 'x-bapi-sign': signature } = request.headers;
  // Docs/v5/error, HTTP 401: "Need to put authentication params in the request header". The empty body is unverified.
  if (request.apiKey === null || typeof stamp !== 'string' || typeof signature !== 'string') {
    request.notes.code = '401';
    return { refusal: { status: 401, body: '' } };
  }
  const key = state.key(request.apiKey);
  const account = key === undefined ? undefined : state.account(key.account);
  if (key === undefined || account === undefined || request.nowMs >= key.revokedAtMs) {
    return { refusal: bybitRefusal(request, BYBIT_CODES.key, 'API key is invalid.') };
  }
  if (request.nowMs >= key.expiresAtMs) {
    const isSpot = request.query.get('category') === 'spot';
    const code = isSpot ? BYBIT_CODES.expiredSpot : BYBIT_CODES.expired;
    return { refusal: bybitRefusal(request, code, 'Your api key has expired.') };
  }
  const refusal = timeRefusal(request, stamp) ?? signatureRefusal(request, key, stamp, signature);
  return refusal === null ? { caller: { key, account } } : { refusal };
}

function recvWindow({ headers }: SimRequest): string {
  const { 'x-bapi-recv-window': window } = headers;
  return typeof window === 'string' ? window : '';
}

/** Docs/v5/guide: server_time - recv_window <= timestamp < server_time + 1000. The sentence is unverified. */
function timeRefusal(request: SimRequest, stamp: string): SimAnswer | null {
  const window = recvWindow(request) === '' ? RECV_WINDOW_MS : Number(recvWindow(request));
  const at = /^\d{1,15}$/.test(stamp) ? Number(stamp) : Number.NaN;
  if (at >= request.nowMs - window && at < request.nowMs + AHEAD_MAX_MS) return null;
  const sentence =
    'invalid request, please check your server timestamp or recv_window param. ' +
    `req_timestamp[${stamp}],server_timestamp[${request.nowMs}],recv_window[${window}]`;
  return bybitRefusal(request, BYBIT_CODES.time, sentence);
}

/**
 * Docs/v5/guide: HMAC-SHA256 in hex over timestamp, key, window, and the query or the body. The sentence, which holds the
 * key and the query, is unverified; people report it so.
 */
function signatureRefusal(
  request: SimRequest,
  { apiKey, secret }: SimKey,
  stamp: string,
  signature: string,
): SimAnswer | null {
  const signed = request.method === 'GET' ? request.queryText : request.body;
  const origin = `${stamp}${apiKey}${recvWindow(request)}${signed}`;
  const expected = createHmac('sha256', secret).update(origin).digest();
  const given = Buffer.from(signature, 'hex');
  if (given.length === expected.length && timingSafeEqual(given, expected)) return null;
  const sentence = `error sign! origin_string[${origin}]`;
  return bybitRefusal(request, BYBIT_CODES.signature, sentence);
}
